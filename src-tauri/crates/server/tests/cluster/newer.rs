//! Rolling upgrades: nodes of the next version, which say more than this one knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use duet_protocol::{CastRole, ClientMessage, ServerMessage, Text};
use duet_server::Server;
use serde_json::{Value, json};

use super::forger::{Forger, channel_of, payload_of, sealed, vouched};
use super::redis_rig::{CLUSTER_KEY, Redis, couple, next_that, node_at, roomy, watched_nodes};
use super::way::{Way, published, publishing};
use crate::cast::{cast_join, cast_open};
use crate::client::{Client, eventually, forward, leave};
use crate::lobby::{accept, call};
use crate::monitor::{figure, get};

/// Every object of a message with a field that nobody knows.
fn with_more(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(with_more);
            let more = json!({ "weights": [1, 2.5, null], "deep": { "er": "x" } });
            fields.insert("somethingNew".to_owned(), more);
        }
        Value::Array(values) => values.iter_mut().for_each(with_more),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What a node of the next version would have said in the place of this; `None` for what is no datagram.
fn as_newer(value: &[u8]) -> Option<Vec<u8>> {
    let (channel, datagram) = published(value)?;
    let mut envelope: Value = serde_json::from_slice(payload_of(&datagram)).ok()?;
    for body in envelope["bodies"].as_array_mut().into_iter().flatten() {
        // Below the name of its kind.
        body.as_object_mut()?.values_mut().for_each(with_more);
    }
    envelope["version"] = json!(2);
    envelope["somethingNew"] = json!([true]);
    let payload = serde_json::to_vec(&envelope).ok()?;
    Some(publishing(
        &channel,
        &sealed(CLUSTER_KEY, &channel, &payload),
    ))
}

/// A node to which all others are of the next version, and how often they spoke.
async fn node_among_newer(redis: &Redis) -> (Server, Arc<AtomicUsize>) {
    let spoken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&spoken);
    let way = Way::open(redis.port(), move |value| match as_newer(&value) {
        Some(newer) => {
            counter.fetch_add(1, Ordering::Relaxed);
            Some(newer)
        }
        None => Some(value),
    });
    let way = way.await;
    (node_at(&way.url(), roomy()).await, spoken)
}

#[tokio::test]
async fn everything_passes_between_nodes_of_two_versions() {
    let Some(redis) = Redis::start("cluster::newer::everything").await else {
        return;
    };
    let (near, first) = node_among_newer(&redis).await;
    let (far, second) = node_among_newer(&redis).await;
    // A call by name, from a lobby of the other node.
    let mut bob = Client::logged_in(&near, "Bob", "b").await;
    let mut ann = Client::logged_in(&far, "Ann", "a").await;
    ann.send(&call("b")).await;
    let is_ring = |m: &ServerMessage| matches!(m, ServerMessage::Ring { .. });
    let ServerMessage::Ring {
        call_id, room_id, ..
    } = next_that(&mut bob, "it rings", is_ring).await
    else {
        unreachable!("that is what was waited for");
    };
    bob.send(&accept(&call_id)).await;
    let is_accept = |m: &ServerMessage| matches!(m, ServerMessage::Accept { .. });
    next_that(&mut ann, "accepted", is_accept).await;
    let is_joined = |m: &ServerMessage| matches!(m, ServerMessage::Joined { .. });
    for (client, uid) in [(&mut ann, "a"), (&mut bob, "b")] {
        client.send(&crate::client::join(&room_id, uid)).await;
        next_that(client, "the room of the call", is_joined).await;
    }
    for n in 0..50 {
        let candidate = forward(&room_id, "a", "b", &format!("{{\"n\":{n}}}"));
        ann.send(&ClientMessage::Candidate(candidate.clone())).await;
        let is_it = |m: &ServerMessage| *m == ServerMessage::Candidate(candidate.clone());
        next_that(&mut bob, "the candidate", is_it).await;
    }
    bob.send(&ClientMessage::Message(Text {
        to: Some("a".into()),
        room_id: None,
        content: "hello".into(),
        id: "1".into(),
    }))
    .await;
    let is_text = |m: &ServerMessage| matches!(m, ServerMessage::Message { .. });
    next_that(&mut ann, "the text", is_text).await;
    ann.send(&leave(&room_id, "a")).await;
    let has_left = |m: &ServerMessage| matches!(m, ServerMessage::PeerLeave { .. });
    next_that(&mut bob, "left", has_left).await;
    // A cast.
    let mut wall = Client::connect(&near).await;
    wall.send(&cast_open("d", None)).await;
    let shown = wall.expect_code().await;
    let mut presenter = Client::connect(&far).await;
    presenter.send(&cast_join(&shown.code, "p")).await;
    presenter.expect_role(CastRole::Presenter).await;
    wall.expect_role(CastRole::Display).await;
    for spoken in [first, second] {
        assert_ne!(spoken.load(Ordering::Relaxed), 0, "nothing was newer");
    }
}

/// What the nodes have not understood.
async fn unknown(nodes: &[Server]) -> f64 {
    let mut count = 0.0;
    for node in nodes {
        let text = get(node.monitor_addrs()[0], "/metrics").await;
        count += figure(&text, "duet_cluster_unknown_total");
    }
    count
}

#[tokio::test]
async fn what_only_newer_nodes_say_loses_no_call() {
    let Some(redis) = Redis::start("cluster::newer::kinds").await else {
        return;
    };
    let nodes = watched_nodes(&redis, 2).await;
    let mut forger = Forger::new(&redis).await;
    let (mut a, mut b) = couple(&nodes).await;
    let names = forger.nodes().await;
    let newer = "00000000000000fe.1";
    let key = format!("duet:node:{newer}");
    forger.write(&key, &vouched(CLUSTER_KEY, &key)).await;
    for name in &names {
        let channel = channel_of(name);
        let join = json!({ "cmd": "join", "roomId": "r", "uid": "n", "mood": "good" });
        let bodies = json!([
            { "Open": { "link": 1, "address": "127.0.0.1", "colour": "red" } },
            { "Sing": { "link": 1, "song": { "verses": [1, 2, 3] } } },
            "Hum",
            { "Handle": { "link": 1, "message": { "cmd": "wave", "to": "b" } } },
            { "Handle": { "link": 1, "message": join } },
        ]);
        let envelope = json!({
            "version": 2, "from": newer, "to": name, "session": 1, "first": 1,
            "bodies": bodies, "hue": 7,
        });
        let payload = serde_json::to_vec(&envelope).expect("plain data");
        forger
            .say(&channel, &sealed(CLUSTER_KEY, &channel, &payload))
            .await;
    }
    // The one that decides about the room says that it is full; the other one, that it does not decide.
    let answered = |forger: &Forger, words: &str| {
        let to_newer = forger.heard().into_iter();
        let mut to_newer = to_newer.filter(|said| said.channel == channel_of(newer));
        to_newer.any(|said| String::from_utf8_lossy(&said.datagram).contains(words))
    };
    eventually("what it said behind that is answered", || {
        answered(&forger, "\"full\"") && answered(&forger, "\"Bounced\"")
    })
    .await;
    assert_eq!(unknown(&nodes).await, 6.0, "three at each");
    for n in 0..20 {
        let offer = forward("r", "a", "b", &format!("{{\"n\":{n}}}"));
        a.send(&ClientMessage::Offer(offer.clone())).await;
        assert_eq!(b.next().await, ServerMessage::Offer(offer));
    }
    a.assert_quiet().await;
    b.assert_quiet().await;
}
