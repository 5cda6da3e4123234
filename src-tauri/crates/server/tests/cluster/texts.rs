//! Texts while Redis, or the other's node, is gone and nobody has noticed: "delivered" is only said when it is so.

use duet_protocol::{ClientMessage, ServerMessage, Text};
use duet_testkit::process::Signal;

use super::redis_rig::{Redis, couple, is_connected, next_that};
use crate::client::{Client, eventually};

pub(super) fn text(room: &str, id: &str) -> ClientMessage {
    ClientMessage::Message(Text {
        to: None,
        room_id: Some(room.to_owned()),
        content: "hello".to_owned(),
        id: id.to_owned(),
    })
}

/// What the sender of this text is told about it: whether it was delivered.
pub(super) async fn is_delivered(sender: &mut Client, text_id: &str) -> bool {
    let is_word = |message: &ServerMessage| match message {
        ServerMessage::Delivered { id, .. } => id == text_id,
        ServerMessage::Error { id, .. } => id.as_deref() == Some(text_id),
        _ => false,
    };
    let word = next_that(sender, "a word about the text", is_word).await;
    matches!(word, ServerMessage::Delivered { .. })
}

#[tokio::test]
async fn what_is_written_before_redis_is_missed_is_not_called_delivered() {
    let Some(mut redis) = Redis::start("cluster::texts::stopped").await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let (mut a, mut b) = couple(&nodes).await;
    a.send(&text("r", "before")).await;
    assert!(is_delivered(&mut a, "before").await);
    assert!(matches!(b.next().await, ServerMessage::Message { id, .. } if id == "before"));
    redis.signal(Signal::Stop);
    // One writes from the node that decides about the room, one to it.
    a.send(&text("r", "from-a")).await;
    b.send(&text("r", "from-b")).await;
    assert!(!is_delivered(&mut a, "from-a").await);
    assert!(!is_delivered(&mut b, "from-b").await);
    redis.signal(Signal::Continue);
    for node in &nodes {
        eventually("Redis is back", || is_connected(node)).await;
    }
    for client in [&mut a, &mut b] {
        let is_told = |message: &ServerMessage| match message {
            // What was not delivered does not arrive after all.
            ServerMessage::Message { id, .. } => panic!("{id} arrived"),
            other => matches!(other, ServerMessage::PeerBack { .. }),
        };
        next_that(client, "the other is back", is_told).await;
    }
    b.send(&text("r", "after")).await;
    assert!(is_delivered(&mut b, "after").await);
    assert!(matches!(a.next().await, ServerMessage::Message { id, .. } if id == "after"));
}
