//! The directory across nodes: names, presence, calls, texts.

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage, Text};

use super::redis_rig::{Redis, next_that, roomy};
use crate::client::{Client, eventually};
use crate::lobby::{accept, accepted, call, cancel, login, person};

fn is_presence(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Presence(_))
}

/// The next message that is not presence.
pub(super) async fn heard(client: &mut Client) -> ServerMessage {
    next_that(client, "anything but presence", |message| {
        !is_presence(message)
    })
    .await
}

/// Ann ("a") calls Bob ("b"), and it rings: the call and its room.
pub(super) async fn ring(ann: &mut Client, bob: &mut Client) -> (String, String) {
    ann.send(&call("b")).await;
    let ServerMessage::Ringing { call_id, room_id } = heard(ann).await else {
        panic!("it does not ring");
    };
    match heard(bob).await {
        ServerMessage::Ring {
            call_id: id, from, ..
        } => {
            assert_eq!((id, from), (call_id.clone(), person("a", "Ann")));
        }
        other => panic!("no ring: {other:?}"),
    }
    (call_id, room_id)
}

/// Bob accepts it, and both are in its room.
pub(super) async fn take_up(ann: &mut Client, bob: &mut Client, (call_id, room): (&str, &str)) {
    bob.send(&accept(call_id)).await;
    assert_eq!(heard(ann).await, accepted(call_id));
    for (client, uid) in [(&mut *ann, "a"), (&mut *bob, "b")] {
        client.send(&crate::client::join(room, uid)).await;
        assert!(matches!(heard(client).await, ServerMessage::Joined { .. }));
    }
    assert!(
        matches!(heard(ann).await, ServerMessage::NewPeer { name, .. } if name.as_deref() == Some("Bob"))
    );
    assert!(matches!(heard(bob).await, ServerMessage::RespJoin { .. }));
}

/// A text goes to the one with this uid, and the sender hears that it did.
pub(super) async fn assert_text_passes(
    from: &mut Client,
    (other, uid): (&mut Client, &str),
    said: &str,
) {
    from.send(&ClientMessage::Message(Text {
        to: Some(uid.into()),
        room_id: None,
        content: said.into(),
        id: "7".into(),
    }))
    .await;
    let delivered = heard(from).await;
    assert!(matches!(delivered, ServerMessage::Delivered { id, .. } if id == "7"));
    assert!(
        matches!(heard(other).await, ServerMessage::Message { content, .. } if content == said)
    );
}

#[tokio::test]
async fn a_call_by_name_from_node_to_node() {
    let Some(redis) = Redis::start("cluster::calls::by_name").await else {
        return;
    };
    let nodes = redis.nodes(3).await;
    // The lobby is on the third node, so neither of the two is where it is decided.
    let _host = Client::logged_in(&nodes[2], "Host", "h").await;
    let mut ann = Client::logged_in(&nodes[0], "Ann", "a").await;
    let mut bob = Client::logged_in(&nodes[1], "Bob", "b").await;
    let (call_id, room_id) = ring(&mut ann, &mut bob).await;
    take_up(&mut ann, &mut bob, (&call_id, &room_id)).await;
    let mut carl = Client::logged_in(&nodes[1], "Carl", "c").await;
    carl.send(&crate::client::join(&room_id, "c")).await;
    assert!(matches!(
        heard(&mut carl).await,
        ServerMessage::Error {
            code: ErrorCode::NotAllowed,
            ..
        }
    ));
    carl.send(&call("a")).await;
    assert!(matches!(heard(&mut carl).await, ServerMessage::Busy { .. }));
}

#[tokio::test]
async fn who_comes_and_goes_is_seen_on_other_nodes() {
    let Some(redis) = Redis::start("cluster::calls::presence").await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let mut ann = Client::logged_in(&nodes[0], "Ann", "a").await;
    let bob = Client::logged_in(&nodes[1], "Bob", "b").await;
    let online = next_that(&mut ann, "Bob is online", is_presence).await;
    let ServerMessage::Presence(changes) = online else {
        panic!("not presence");
    };
    assert_eq!(changes.online[0].name, "Bob");
    // In a room of a third lobby-less kind: joined at its own node.
    drop(bob);
    let gone = |message: &ServerMessage| matches!(message, ServerMessage::Presence(changes) if !changes.offline.is_empty());
    next_that(&mut ann, "Bob is offline", gone).await;
}

#[tokio::test]
async fn who_is_in_a_room_of_another_node_than_the_lobby_is_busy() {
    let Some(redis) = Redis::start("cluster::calls::busy_elsewhere").await else {
        return;
    };
    let nodes = redis.nodes(3).await;
    let mut ann = Client::logged_in(&nodes[0], "Ann", "a").await;
    // Bob's room is on the third node; his home is the second, his lobby the first.
    let mut host = Client::connect(&nodes[2]).await;
    host.join("r", "h").await;
    let mut bob = Client::logged_in(&nodes[1], "Bob", "b").await;
    bob.send(&crate::client::join("r", "b")).await;
    assert!(matches!(
        heard(&mut bob).await,
        ServerMessage::Joined { .. }
    ));
    assert!(matches!(
        host.next().await,
        ServerMessage::NewPeer { name, .. } if name.as_deref() == Some("Bob")
    ));
    let busy = |message: &ServerMessage| {
        matches!(message, ServerMessage::Presence(changes)
            if changes.busy.iter().chain(&changes.online).any(|user| user.busy))
    };
    next_that(&mut ann, "Bob is busy", busy).await;
    ann.send(&call("b")).await;
    assert!(matches!(heard(&mut ann).await, ServerMessage::Busy { .. }));
    bob.send(&call("a")).await;
    let is_call_error = |message: &ServerMessage| {
        matches!(
            message,
            ServerMessage::Error {
                code: ErrorCode::AlreadyInRoom,
                ..
            }
        )
    };
    next_that(&mut bob, "leave first", is_call_error).await;
    bob.send(&crate::client::leave("r", "b")).await;
    let free = |message: &ServerMessage| matches!(message, ServerMessage::Presence(changes) if !changes.free.is_empty());
    next_that(&mut ann, "Bob is free", free).await;
    ann.send(&call("b")).await;
    assert!(matches!(
        heard(&mut ann).await,
        ServerMessage::Ringing { .. }
    ));
}

#[tokio::test]
async fn a_caller_who_vanishes_on_another_node_has_cancelled() {
    let Some(redis) = Redis::start("cluster::calls::vanishes").await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let mut bob = Client::logged_in(&nodes[0], "Bob", "b").await;
    for leaves in [true, false] {
        let mut ann = Client::logged_in(&nodes[1], "Ann", "a").await;
        ann.send(&call("b")).await;
        let ServerMessage::Ringing { call_id, .. } = heard(&mut ann).await else {
            panic!("it does not ring");
        };
        assert!(matches!(heard(&mut bob).await, ServerMessage::Ring { .. }));
        if leaves {
            drop(ann);
        } else {
            ann.send(&cancel(&call_id)).await;
        }
        assert!(matches!(
            heard(&mut bob).await,
            ServerMessage::Cancel { .. }
        ));
        eventually("Ann is gone", || nodes[0].stats().logins <= 2).await;
    }
}

#[tokio::test]
async fn a_text_to_somebody_of_the_lobby_on_another_node() {
    let Some(redis) = Redis::start("cluster::calls::text").await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let mut ann = Client::logged_in(&nodes[0], "Ann", "a").await;
    let mut bob = Client::logged_in(&nodes[1], "Bob", "b").await;
    assert_text_passes(&mut bob, (&mut ann, "a"), "forget-me-not").await;
    assert_text_passes(&mut ann, (&mut bob, "b"), "forget-me-not").await;
    assert_redis_keeps_no(&redis, "forget-me-not").await;
}

/// Texts pass through Redis and none stays: no key and no value has it. Some value has a name, or this would
/// look at nothing.
async fn assert_redis_keeps_no(redis: &Redis, phrase: &str) {
    let mut connection = redis.connection().await;
    let mut set = redis::cmd("CONFIG");
    set.arg("SET").arg("rdbcompression").arg("no");
    set.exec_async(&mut connection).await.expect("set");
    let mut keys = redis::cmd("KEYS");
    let keys = keys.arg("*").query_async(&mut connection).await;
    let keys: Vec<Vec<u8>> = keys.expect("keys");
    let mut everything = keys.concat();
    for key in keys {
        let mut dump = redis::cmd("DUMP");
        let value = dump.arg(key).query_async(&mut connection).await;
        let value: Option<Vec<u8>> = value.expect("a value");
        everything.extend(value.unwrap_or_default());
    }
    let everything = String::from_utf8_lossy(&everything).into_owned();
    assert!(everything.contains("lobby"), "nothing was looked at");
    assert!(!everything.contains(phrase), "it is kept");
}

#[tokio::test]
async fn of_many_who_want_one_name_at_once_one_gets_it() {
    let Some(redis) = Redis::start("cluster::calls::names").await else {
        return;
    };
    let nodes = redis.nodes_with(3, roomy()).await;
    for round in 0..50 {
        let name = format!("Ann {round}");
        let tries = nodes.iter().enumerate().map(|(n, node)| {
            let (name, uid) = (name.clone(), format!("{round}-{n}"));
            async move {
                let mut client = Client::connect(node).await;
                client.send(&login(&name, &uid)).await;
                let answer = heard(&mut client).await;
                (client, answer)
            }
        });
        let answers = futures_util::future::join_all(tries).await;
        let is_in = |answer: &ServerMessage| {
            matches!(
                answer,
                ServerMessage::Login(duet_protocol::LoginAnswer::Accepted { .. })
            )
        };
        let winners = answers.iter().filter(|(_, answer)| is_in(answer)).count();
        assert_eq!(
            winners,
            1,
            "{:?}",
            answers.iter().map(|a| &a.1).collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn a_lobby_falls_apart_and_comes_together() {
    let Some(mut redis) = Redis::start("cluster::calls::lobby").await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let mut ann = Client::logged_in(&nodes[0], "Ann", "a").await;
    let mut bob = Client::connect(&nodes[1]).await;
    bob.login_resumable("Bob", "b", None).await;
    redis.kill();
    let is_offline = |m: &ServerMessage| matches!(m, ServerMessage::Presence(changes) if changes.offline.iter().any(|user| user.uid == "a"));
    next_that(&mut bob, "Ann is out of reach", is_offline).await;
    let is_busy = |m: &ServerMessage| matches!(m, ServerMessage::Presence(changes) if changes.busy.iter().any(|user| user.uid == "b"));
    next_that(&mut ann, "Bob is away", is_busy).await;
    bob.send(&call("a")).await;
    bob.expect_error(ErrorCode::NoSuchPeer, "call").await;
    redis.start_again().await;
    let is_there = |uid: &'static str| {
        move |m: &ServerMessage| {
            matches!(m, ServerMessage::Presence(changes)
                if changes.online.iter().chain(&changes.free).any(|user| user.uid == uid && !user.busy))
        }
    };
    next_that(&mut bob, "Ann is there", is_there("a")).await;
    next_that(&mut ann, "Bob is there", is_there("b")).await;
    bob.send(&call("a")).await;
    let rings = |m: &ServerMessage| matches!(m, ServerMessage::Ring { .. });
    next_that(&mut ann, "it rings", rings).await;
}
