//! `join`: who is told what, in which order; the same join again; a third person.

use duet_protocol::{ClientMessage, ErrorCode, IceServer, ServerMessage};
use duet_server::ServerConfig;

use crate::client::{Client, couple, join, server, server_with};

fn named(room: &str, uid: &str, name: &str) -> ClientMessage {
    ClientMessage::Join {
        room_id: room.into(),
        uid: uid.into(),
        name: Some(name.into()),
        resume: false,
        resume_token: None,
        token: None,
    }
}

#[tokio::test]
async fn joined_comes_first_and_the_one_already_there_is_told() {
    let stun = IceServer {
        urls: vec!["stun:s.example.org".into()],
        username: None,
        credential: None,
    };
    let config = ServerConfig {
        ice_servers: vec![stun.clone()],
        ..ServerConfig::loopback()
    };
    let server = server_with(config).await;
    let mut a = Client::connect(&server).await;
    a.send(&named("r", "a", "Ann")).await;
    match a.next().await {
        ServerMessage::Joined {
            room_id,
            uid,
            user_num,
            ice_servers,
            resumed,
            ..
        } => {
            assert_eq!((room_id.as_str(), uid.as_str(), user_num), ("r", "a", 1));
            assert_eq!((ice_servers, resumed), (vec![stun], false));
        }
        other => panic!("not joined: {other:?}"),
    }
    let mut b = Client::connect(&server).await;
    b.send(&named("r", "b", " Bob ")).await;
    assert_eq!(b.expect_joined().await.user_num, 2);
    let about_a = ServerMessage::RespJoin {
        remote_uid: "a".into(),
        name: Some("Ann".into()),
    };
    assert_eq!(b.next().await, about_a);
    let about_b = ServerMessage::NewPeer {
        remote_uid: "b".into(),
        name: Some("Bob".into()),
    };
    assert_eq!(a.next().await, about_b);
    a.assert_quiet().await;
    b.assert_quiet().await;
}

#[tokio::test]
async fn the_same_join_again_is_confirmed_and_disturbs_nobody() {
    let server = server().await;
    let (mut a, mut b) = couple(&server).await;
    let again = b.join("r", "b").await;
    assert_eq!((again.user_num, again.resumed), (2, false));
    a.assert_quiet().await;
    b.assert_quiet().await;
    assert_eq!(server.stats().members, 2);
}

#[tokio::test]
async fn a_third_person_is_told_that_the_room_is_full_and_holds_no_place() {
    let server = server().await;
    let (mut a, mut b) = couple(&server).await;
    let mut c = Client::connect(&server).await;
    c.send(&join("r", "c")).await;
    assert_eq!(
        c.next().await,
        ServerMessage::Full {
            room_id: "r".into(),
            user_num: 2
        }
    );
    a.assert_quiet().await;
    b.assert_quiet().await;
    assert_eq!(server.stats().members, 2);
    // The connection is good for another room, under the same uid.
    assert_eq!(c.join("elsewhere", "c").await.user_num, 1);
}

#[tokio::test]
async fn a_second_room_needs_a_leave_first() {
    let server = server().await;
    let mut a = Client::connect(&server).await;
    a.join("r", "a").await;
    a.send(&join("s", "a")).await;
    a.expect_error(ErrorCode::AlreadyInRoom, "join").await;
    assert_eq!(server.stats().rooms, 1);
}

#[tokio::test]
async fn spelling_does_not_part_people_and_each_reads_their_own() {
    let server = server().await;
    let mut a = Client::connect(&server).await;
    a.join("Amber Fox", "a").await;
    let mut b = Client::connect(&server).await;
    b.send(&join(" amber-fox ", "b")).await;
    match b.next().await {
        ServerMessage::Joined {
            room_id, user_num, ..
        } => {
            assert_eq!((room_id.as_str(), user_num), ("amber-fox", 2));
        }
        other => panic!("not joined: {other:?}"),
    }
    let offer = crate::client::forward("amber-fox", "b", "a", "{}");
    b.send(&ClientMessage::Offer(offer.clone())).await;
    assert!(matches!(a.next().await, ServerMessage::NewPeer { .. }));
    match a.next().await {
        ServerMessage::Offer(received) => assert_eq!(received.room_id, "Amber Fox"),
        other => panic!("not an offer: {other:?}"),
    }
}

#[tokio::test]
async fn joins_that_fail_are_budgeted() {
    let config = ServerConfig {
        failed_joins_per_minute: 3,
        ..ServerConfig::loopback()
    };
    let server = server_with(config).await;
    let (_a, _b) = couple(&server).await;
    let mut c = Client::connect(&server).await;
    for _ in 0..3 {
        c.send(&join("r", "c")).await;
        assert!(matches!(c.next().await, ServerMessage::Full { .. }));
    }
    c.send(&join("r", "c")).await;
    c.expect_error(ErrorCode::RateLimited, "join").await;
    // The budget is the address's, not the connection's.
    let mut d = Client::connect(&server).await;
    d.send(&join("empty", "d")).await;
    d.expect_error(ErrorCode::RateLimited, "join").await;
}
