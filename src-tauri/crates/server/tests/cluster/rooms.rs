//! Two people in one room on two nodes.

use duet_protocol::{ClientMessage, ErrorCode, LeaveReason, ServerMessage, Text};

use super::redis_rig::Redis;
use crate::client::{Client, eventually, forward, join, leave};

#[tokio::test]
async fn two_meet_in_a_room_from_two_nodes_and_everything_passes_in_order() {
    let Some(redis) = Redis::start("cluster::rooms::two_meet").await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let mut a = Client::connect(&nodes[0]).await;
    let mut b = Client::connect(&nodes[1]).await;
    assert_eq!(a.join("Amber Fox", "a").await.user_num, 1);
    assert_eq!(b.join("amber-fox", "b").await.user_num, 2);
    let resp_join = ServerMessage::RespJoin {
        remote_uid: "a".into(),
        name: None,
    };
    assert_eq!(b.next().await, resp_join);
    assert!(
        matches!(a.next().await, ServerMessage::NewPeer { remote_uid, .. } if remote_uid == "b")
    );
    for (from, to, room, heard) in [
        ("a", "b", "Amber Fox", "amber-fox"),
        ("b", "a", "amber-fox", "Amber Fox"),
    ] {
        let (speaker, listener) = if from == "a" {
            (&mut a, &mut b)
        } else {
            (&mut b, &mut a)
        };
        speaker
            .send(&ClientMessage::Offer(forward(room, from, to, "{}")))
            .await;
        for n in 0..100 {
            let candidate = forward(room, from, to, &format!("{{\"n\":{n}}}"));
            speaker.send(&ClientMessage::Candidate(candidate)).await;
        }
        let offer = ServerMessage::Offer(forward(heard, from, to, "{}"));
        assert_eq!(listener.next().await, offer);
        for n in 0..100 {
            let candidate = forward(heard, from, to, &format!("{{\"n\":{n}}}"));
            assert_eq!(listener.next().await, ServerMessage::Candidate(candidate));
        }
    }
    b.send(&leave("amber-fox", "b")).await;
    assert!(matches!(b.next().await, ServerMessage::Leaved { .. }));
    let peer_leave = ServerMessage::PeerLeave {
        remote_uid: "b".into(),
        reason: LeaveReason::Left,
    };
    assert_eq!(a.next().await, peer_leave);
    assert_eq!(
        b.join("amber-fox", "b").await.user_num,
        2,
        "leave, then join"
    );
}

#[tokio::test]
async fn a_third_is_refused_wherever_they_come_from() {
    let Some(redis) = Redis::start("cluster::rooms::a_third").await else {
        return;
    };
    let nodes = redis.nodes(3).await;
    let mut a = Client::connect(&nodes[0]).await;
    let mut b = Client::connect(&nodes[1]).await;
    a.join("r", "a").await;
    b.join("r", "b").await;
    for node in &nodes {
        let mut c = Client::connect(node).await;
        c.send(&join("r", "c")).await;
        assert!(matches!(
            c.next().await,
            ServerMessage::Full { user_num: 2, .. }
        ));
        c.assert_quiet().await;
    }
}

#[tokio::test]
async fn texts_pass_between_nodes_and_strangers_get_none() {
    let Some(redis) = Redis::start("cluster::rooms::texts").await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let mut a = Client::connect(&nodes[0]).await;
    let mut b = Client::connect(&nodes[1]).await;
    a.join("r", "a").await;
    b.join("r", "b").await;
    a.next().await;
    b.next().await;
    let text = |to: Option<&str>, room: Option<&str>| {
        ClientMessage::Message(Text {
            to: to.map(str::to_owned),
            room_id: room.map(str::to_owned),
            content: "hello".into(),
            id: "1".into(),
        })
    };
    for message in [text(Some("a"), None), text(None, Some("r"))] {
        b.send(&message).await;
        assert!(matches!(b.next().await, ServerMessage::Delivered { id, .. } if id == "1"));
        assert!(matches!(a.next().await, ServerMessage::Message { from, .. } if from == "b"));
    }
    b.send(&text(Some("nobody"), None)).await;
    b.expect_error(ErrorCode::Unavailable, "message").await;
    let forged = forward("r", "a", "a", "{}");
    b.send(&ClientMessage::Offer(forged)).await;
    b.expect_error(ErrorCode::UidMismatch, "offer").await;
    a.assert_quiet().await;
}

#[tokio::test]
async fn a_room_left_by_all_belongs_to_nobody() {
    let Some(redis) = Redis::start("cluster::rooms::left_by_all").await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let mut a = Client::connect(&nodes[0]).await;
    let mut b = Client::connect(&nodes[1]).await;
    a.join("r", "a").await;
    b.join("r", "b").await;
    let owned = |node: usize| nodes[node].cluster().expect("a cluster").owned;
    assert_eq!((owned(0), owned(1)), (1, 0));
    drop((a, b));
    eventually("it is given back", || owned(0) == 0).await;
    eventually("no link is left", || {
        nodes[1].cluster().expect("a cluster").links == 0
    })
    .await;
    eventually("nobody is proxied", || {
        nodes[0].cluster().expect("a cluster").proxied == 0
    })
    .await;
    let mut b = Client::connect(&nodes[1]).await;
    b.join("r", "b").await;
    assert_eq!((owned(0), owned(1)), (0, 1));
}
