//! Whoever can write to the Redis, and has not the key of the cluster, speaks to nobody.

use duet_protocol::{ClientMessage, ServerMessage};
use duet_server::Server;
use serde_json::{Value, json};

use super::forger::{Forger, Said, channel_of, payload_of, sealed};
use super::redis_rig::{CLUSTER_KEY, Redis, couple, watched_nodes};
use crate::client::{Client, eventually, forward};
use crate::monitor::{figure, get};

const FORGERIES: usize = 10_000;
pub(super) const OTHER_KEY: &str = "ffffffffffffffffffffffffffffffff";

/// What they say to each other arrives, and nothing else has.
pub(super) async fn talk(a: &mut Client, b: &mut Client, n: usize) {
    let words = format!("{{\"n\":{n}}}");
    let offer = forward("r", "a", "b", &words);
    a.send(&ClientMessage::Offer(offer.clone())).await;
    assert_eq!(b.next().await, ServerMessage::Offer(offer));
    let answer = forward("r", "b", "a", &words);
    b.send(&ClientMessage::Answer(answer.clone())).await;
    assert_eq!(a.next().await, ServerMessage::Answer(answer));
}

/// What somebody would say who could: the connection at the end of every link of the receiver is closed.
fn closing(said: &Said) -> Vec<u8> {
    let mut envelope: Value = serde_json::from_slice(payload_of(&said.datagram)).expect("JSON");
    let first = envelope["first"].as_u64().expect("a number");
    envelope["bodies"] = (1..100)
        .map(|link| json!({ "Close": { "link": link, "code": 4010 } }))
        .collect();
    // Some would come next, wherever the numbering is.
    envelope["first"] = json!(first.saturating_sub(20));
    serde_json::to_vec(&envelope).expect("plain data")
}

/// One forgery, and whether its seal must show it for one.
fn forgery(n: usize, said: &Said, nodes: &[String]) -> (Said, bool) {
    let channel = said.channel.clone();
    let genuine = &said.datagram;
    let elsewhere = nodes.iter().map(|node| channel_of(node));
    let mut elsewhere = elsewhere.filter(|other| *other != channel);
    let (channel, datagram, is_unsealed) = match n % 7 {
        0 => {
            let datagram = sealed(OTHER_KEY, &channel, &closing(said));
            (channel, datagram, true)
        }
        1 => (channel, closing(said), true),
        2 => (channel, genuine[..n % genuine.len()].to_vec(), true),
        3 => {
            let tag = &genuine[..genuine.len() - payload_of(genuine).len()];
            (channel, [tag, &closing(said)].concat(), true)
        }
        4 => {
            let mut changed = genuine.clone();
            let at = n % changed.len();
            changed[at] ^= 1;
            (channel, changed, true)
        }
        5 => {
            let elsewhere = elsewhere.next_back().expect("another node");
            (elsewhere, genuine.clone(), true)
        }
        // Said before, and heard before.
        _ => (channel, genuine.clone(), false),
    };
    (Said { channel, datagram }, is_unsealed)
}

async fn unsealed(nodes: &[Server]) -> usize {
    let mut count = 0.0;
    for node in nodes {
        let text = get(node.monitor_addrs()[0], "/metrics").await;
        let name = "duet_cluster_refusals_total{reason=\"unsealed\"}";
        if text.contains(name) {
            count += figure(&text, name);
        }
    }
    count as usize
}

#[tokio::test]
async fn ten_thousand_forgeries_are_acted_on_never() {
    let Some(redis) = Redis::start("cluster::forged::ten_thousand").await else {
        return;
    };
    let nodes = watched_nodes(&redis, 2).await;
    let mut forger = Forger::new(&redis).await;
    let (mut a, mut b) = couple(&nodes).await;
    for n in 0..20 {
        talk(&mut a, &mut b, n).await;
    }
    let (genuine, names) = (forger.heard(), forger.nodes().await);
    assert!(genuine.len() >= 40, "{}", genuine.len());
    let state = || (nodes[0].stats(), nodes[1].stats());
    let links = || nodes[1].cluster().expect("a cluster").links;
    let before = (state(), links());
    let mut expected = 0;
    for n in 0..FORGERIES {
        let (forged, is_unsealed) = forgery(n, &genuine[n / 7 % genuine.len()], &names);
        forger.say(&forged.channel, &forged.datagram).await;
        expected += usize::from(is_unsealed);
        if n % 500 == 0 {
            talk(&mut a, &mut b, n).await;
        }
    }
    a.assert_quiet().await;
    b.assert_quiet().await;
    talk(&mut a, &mut b, FORGERIES).await;
    assert_eq!((state(), links()), before);
    let mut counted = 0;
    for _ in 0..1_000 {
        counted = unsealed(&nodes).await;
        if counted == expected {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(counted, expected, "each was seen for what it is");
    println!("{FORGERIES} forgeries, {counted} of them by their seal; 0 were acted on");
    // With the key, the same words do what they say: they would have, too.
    let to_b = genuine.iter().rfind(|said| {
        let payload = String::from_utf8_lossy(payload_of(&said.datagram)).into_owned();
        payload.contains("\"Send\"")
    });
    let to_b = to_b.expect("the owner spoke to b's node");
    let words = sealed(CLUSTER_KEY, &to_b.channel, &unheard(to_b));
    forger.say(&to_b.channel, &words).await;
    assert_eq!(b.close_code().await, Some(4010));
}

/// The same words with a number that is yet to come.
fn unheard(said: &Said) -> Vec<u8> {
    let mut envelope: Value = serde_json::from_slice(&closing(said)).expect("JSON");
    envelope["bodies"] = (0..5_000)
        .map(|n| json!({ "Close": { "link": 1 + n % 50, "code": 4010 } }))
        .collect();
    envelope["first"] = json!(1);
    serde_json::to_vec(&envelope).expect("plain data")
}

#[tokio::test]
async fn what_a_node_said_before_it_died_is_said_again_in_vain() {
    let Some(redis) = Redis::start("cluster::forged::stale").await else {
        return;
    };
    let mut nodes = watched_nodes(&redis, 2).await;
    let mut forger = Forger::new(&redis).await;
    let names = forger.nodes().await;
    let (mut a, b) = couple(&nodes).await;
    let own: Vec<Said> = forger.heard();
    let from = |said: &Said| -> String {
        let envelope: Value = serde_json::from_slice(payload_of(&said.datagram)).expect("JSON");
        envelope["from"].as_str().expect("a name").to_owned()
    };
    // The second node speaks first, to the owner of the room.
    let dead = from(&own[0]);
    let vouched = forger.read(&format!("duet:node:{dead}")).await;
    let vouched = vouched.expect("it lives");
    let said: Vec<&Said> = own.iter().filter(|said| from(said) == dead).collect();
    assert!(!said.is_empty() && names.contains(&dead));
    nodes.remove(1).shutdown().await;
    drop(b);
    assert!(matches!(a.next().await, ServerMessage::PeerAway { .. }));
    let proxied = || nodes[0].cluster().expect("a cluster").proxied;
    eventually("the failover is over", || proxied() == 0).await;
    for round in 0..100 {
        if round == 50 {
            // Somebody kept what stood in Redis, too.
            forger.write(&format!("duet:node:{dead}"), &vouched).await;
        }
        for said in &said {
            forger.say(&said.channel, &said.datagram).await;
        }
    }
    a.assert_quiet().await;
    assert_eq!(proxied(), 0);
    // Whoever comes back does, as if nothing had been said.
    let stats = nodes[0].stats();
    assert_eq!((stats.rooms, stats.members), (1, 2), "one place is kept");
}
