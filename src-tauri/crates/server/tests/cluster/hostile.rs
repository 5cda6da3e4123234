//! Nonsense in Redis, and on the channels of the nodes: ignored, and people go on.

use std::time::Duration;

use duet_protocol::ServerMessage;

use super::forger::{Forger, channel_of, sealed};
use super::redis_rig::{CLUSTER_KEY, Redis, couple, join_when_possible, node_with, roomy};
use crate::client::{Client, forward, join};

/// Datagrams that no node sends, for a node.
fn nonsense(node: &str) -> Vec<Vec<u8>> {
    let envelope = |from: &str, numbers: [u64; 2], bodies: &str| {
        let [session, first] = numbers;
        format!(
            r#"{{"version":1,"from":"{from}","to":"{node}","session":{session},"first":{first},"bodies":[{bodies}]}}"#
        )
    };
    let long = "x".repeat(100_000);
    let texts = [
        String::new(),
        "beat".to_owned(),
        "beat -1".to_owned(),
        format!("beat {}", u64::MAX),
        "{}".to_owned(),
        "null".to_owned(),
        "[".repeat(1_000_000),
        "\"".to_owned() + &"x".repeat(17 * 1024 * 1024),
        envelope("", [1, 1], ""),
        envelope("f.1", [0, 0], r#"{"NoLink":{"link":1}}"#),
        envelope("f.1", [1, u64::MAX], r#"{"NoLink":{"link":1}}"#),
        envelope(node, [1, 1], r#"{"Broken":{"link":1}}"#),
        envelope(
            "f.2",
            [1, 1],
            r#"{"Send":{"link":1,"message":{"cmd":"keepalive"}}}"#,
        ),
        envelope(
            "f.3",
            [1, 1],
            r#"{"Open":{"link":1,"address":"127.0.0.1"}},{"Open":{"link":1,"address":"::1"}}"#,
        ),
        envelope("f.4", [1, 1], r#"{"Open":{"link":1,"address":"x"}}"#),
        envelope(
            "f.5",
            [1, 1],
            &format!(
                r#"{{"Open":{{"link":1,"address":"::1"}}}},{{"Handle":{{"link":1,"message":{{"cmd":"join","roomId":"{long}","uid":"{long}"}}}}}}"#
            ),
        ),
        envelope(
            "f.6",
            [1, 1],
            r#"{"Open":{"link":1,"address":"::1"}},{"AdoptPlace":{"link":1,"ticket":{"key":"r","uid":"z","members":[]}}}"#,
        ),
        envelope(
            "f.7",
            [1, 1],
            r#"{"Open":{"link":1,"address":"::1"}},{"AdoptPlace":{"link":1,"ticket":{"key":"r","uid":"z","members":[{"uid":"z","name":null,"room_id":"r","resume":true,"token":""}]}}}"#,
        ),
    ];
    let mut datagrams: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    datagrams.push(vec![0xff, 0xfe, 0, 1]);
    datagrams
}

#[tokio::test]
async fn nonsense_on_the_channels_of_nodes_is_ignored() {
    let Some(redis) = Redis::start("cluster::hostile::channels").await else {
        return;
    };
    let nodes = redis.patient_nodes(2, roomy()).await;
    let (mut a, mut b) = couple(&nodes).await;
    let mut forger = Forger::new(&redis).await;
    let names = forger.nodes().await;
    assert_eq!(names.len(), 2);
    for name in &names {
        let channel = channel_of(name);
        for datagram in nonsense(name) {
            forger.say(&channel, &datagram).await;
            // The same from somebody who has the key; what is too large once, as Redis parts with who is far behind.
            if datagram.len() < 2 * 1024 * 1024 {
                let sealed = sealed(CLUSTER_KEY, &channel, &datagram);
                forger.say(&channel, &sealed).await;
            }
        }
    }
    let offer = forward("r", "a", "b", "{}");
    a.send(&duet_protocol::ClientMessage::Offer(offer.clone()))
        .await;
    assert_eq!(b.next().await, ServerMessage::Offer(offer));
    let mut third = Client::connect(&nodes[0]).await;
    third.send(&join("r", "c")).await;
    assert!(matches!(third.next().await, ServerMessage::Full { .. }));
}

#[tokio::test]
async fn nonsense_in_the_place_of_owners_is_written_over() {
    let Some(redis) = Redis::start("cluster::hostile::owners").await else {
        return;
    };
    // Owners look after what is theirs every second.
    let mut config = redis.config();
    config.timing.claim_ttl = Duration::from_secs(3);
    let nodes = [node_with(config.clone()).await, node_with(config).await];
    let mut a = Client::connect(&nodes[0]).await;
    a.join("r", "a").await;
    let mut connection = redis.connection().await;
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("duet:room:*")
        .query_async(&mut connection)
        .await
        .expect("an answer");
    let [key] = keys.as_slice() else {
        panic!("one room: {keys:?}");
    };
    for (n, command) in ["SET", "LPUSH", "SADD"].into_iter().enumerate() {
        let mut pipeline = redis::pipe();
        pipeline.cmd("DEL").arg(key).ignore();
        pipeline.cmd(command).arg(key).arg("x".repeat(100)).ignore();
        let () = pipeline
            .query_async(&mut connection)
            .await
            .expect("written");
        // Somebody asks for it at the other node, which believes that nobody has it; in the end the
        // two find that they share a room.
        let uid = format!("b{n}");
        let mut b = Client::connect(&nodes[1]).await;
        let answer = join_when_possible(&mut b, &join("r", &uid)).await;
        assert!(
            matches!(answer, ServerMessage::Joined { .. }),
            "{command}: {answer:?}"
        );
        let meets = |m: &ServerMessage| matches!(m, ServerMessage::NewPeer { remote_uid, .. } | ServerMessage::RespJoin { remote_uid, .. } if *remote_uid == uid);
        super::redis_rig::next_that(&mut a, "the other", meets).await;
        b.send(&crate::client::leave("r", &uid)).await;
        let left = |m: &ServerMessage| matches!(m, ServerMessage::PeerLeave { .. });
        super::redis_rig::next_that(&mut a, "left", left).await;
    }
}

#[tokio::test]
async fn a_redis_that_somebody_empties_is_filled_again() {
    let Some(redis) = Redis::start("cluster::hostile::empties").await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let mut a = Client::connect(&nodes[0]).await;
    a.join("r", "a").await;
    let mut connection = redis.connection().await;
    let () = redis::cmd("FLUSHALL")
        .query_async(&mut connection)
        .await
        .expect("emptied");
    let is_back = async {
        loop {
            let rooms: Vec<String> = redis::cmd("KEYS")
                .arg("duet:room:*")
                .query_async(&mut connection)
                .await
                .expect("an answer");
            if !rooms.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), is_back)
        .await
        .expect("its owner says again that it is its");
    let mut b = Client::connect(&nodes[1]).await;
    let answer = join_when_possible(&mut b, &join("r", "b")).await;
    assert!(
        matches!(answer, ServerMessage::Joined { user_num: 2, .. }),
        "{answer:?}"
    );
}
