//! One call by name: ring, accept, decline, cancel, busy, no answer.

use std::time::Duration;

use duet_protocol::{CallMedia, ClientMessage, ErrorCode, ServerMessage};
use duet_server::{ServerConfig, Timing};

use crate::client::{Client, eventually, server_with};
use crate::lobby::{
    accept, accepted, call, cancel, cancelled, decline, person, quiet_config, quiet_server,
    ringing, unavailable,
};

#[tokio::test]
async fn ring_accept_join() {
    let server = quiet_server().await;
    let (mut ann, mut bob, call_id, room_id) = ringing(&server).await;
    bob.send(&accept(&call_id)).await;
    assert_eq!(ann.next().await, accepted(&call_id));
    assert_eq!(ann.join(&room_id, "a").await.user_num, 1);
    assert_eq!(bob.join(&room_id, "b").await.user_num, 2);
    assert!(matches!(ann.next().await, ServerMessage::NewPeer { .. }));
    assert!(matches!(bob.next().await, ServerMessage::RespJoin { .. }));
    assert_eq!(server.stats().calls, 0, "it is the room's now");
}

#[tokio::test]
async fn the_callee_learns_what_the_caller_wants_to_send() {
    let server = quiet_server().await;
    let mut ann = Client::logged_in(&server, "Ann", "a").await;
    let mut bob = Client::logged_in(&server, "Bob", "b").await;
    ann.send(&ClientMessage::Call {
        to: "b".into(),
        media: CallMedia::Audio,
    })
    .await;
    assert!(matches!(
        bob.next().await,
        ServerMessage::Ring {
            media: CallMedia::Audio,
            ..
        }
    ));
}

#[tokio::test]
async fn a_call_can_be_declined_and_another_one_made() {
    let server = quiet_server().await;
    let (mut ann, mut bob, call_id, _) = ringing(&server).await;
    bob.send(&decline(&call_id)).await;
    let declined = ServerMessage::Decline { call_id };
    assert_eq!(ann.next().await, declined);
    bob.send(&call("a")).await;
    bob.expect_ringing().await;
    ann.expect_ring(&person("b", "Bob")).await;
}

#[tokio::test]
async fn a_call_can_be_cancelled() {
    let server = quiet_server().await;
    let (mut ann, mut bob, call_id, _) = ringing(&server).await;
    ann.send(&cancel(&call_id)).await;
    assert_eq!(bob.next().await, cancelled(&call_id));
    ann.assert_quiet().await;
    assert_eq!(server.stats().calls, 0);
}

#[tokio::test]
async fn a_third_caller_hears_that_both_are_busy() {
    let server = quiet_server().await;
    let (mut ann, mut bob, _, _) = ringing(&server).await;
    let mut carl = Client::logged_in(&server, "Carl", "c").await;
    for to in ["a", "b"] {
        carl.send(&call(to)).await;
        assert!(matches!(carl.next().await, ServerMessage::Busy { .. }));
    }
    // And neither of the two can call anybody meanwhile, each other's caller least of all.
    ann.send(&call("b")).await;
    ann.expect_error(ErrorCode::Unavailable, "call").await;
    bob.send(&call("c")).await;
    bob.expect_error(ErrorCode::Unavailable, "call").await;
    carl.assert_quiet().await;
}

#[tokio::test]
async fn whom_one_cannot_call() {
    let server = quiet_server().await;
    let mut ann = Client::logged_in(&server, "Ann", "a").await;
    for to in ["a", "nobody"] {
        ann.send(&call(to)).await;
        ann.expect_error(ErrorCode::NoSuchPeer, "call").await;
    }
    let _bob = Client::logged_in(&server, "Bob", "b").await;
    ann.join("r", "a").await;
    ann.send(&call("b")).await;
    ann.expect_error(ErrorCode::AlreadyInRoom, "call").await;
    let mut stranger = Client::connect(&server).await;
    stranger.send(&call("b")).await;
    stranger.expect_error(ErrorCode::NoSuchPeer, "call").await;
}

#[tokio::test]
async fn nobody_answers() {
    let config = ServerConfig {
        timing: Timing {
            ring_timeout: Duration::from_millis(300),
            ..quiet_config().timing
        },
        ..quiet_config()
    };
    let server = server_with(config).await;
    let (mut ann, mut bob, call_id, _) = ringing(&server).await;
    let no_answer = ServerMessage::NoAnswer {
        call_id: call_id.clone(),
    };
    assert_eq!(ann.next().await, no_answer);
    let missed = ServerMessage::Missed {
        call_id: call_id.clone(),
        from: person("a", "Ann"),
    };
    assert_eq!(bob.next().await, missed);
    bob.send(&accept(&call_id)).await;
    assert_eq!(bob.next().await, unavailable(&call_id));
    ann.assert_quiet().await;
}

#[tokio::test]
async fn a_caller_who_vanishes_has_cancelled() {
    let server = quiet_server().await;
    let (ann, mut bob, call_id, _) = ringing(&server).await;
    drop(ann);
    assert_eq!(bob.next().await, cancelled(&call_id));
    let mut ann = Client::logged_in(&server, "Ann", "a").await;
    ann.send(&call("b")).await;
    ann.expect_ringing().await;
    let (second, _) = bob.expect_ring(&person("a", "Ann")).await;
    ann.send(&ClientMessage::Logout).await;
    assert_eq!(bob.next().await, cancelled(&second));
}

#[tokio::test]
async fn a_callee_who_vanishes_is_unavailable() {
    let server = quiet_server().await;
    let (mut ann, bob, call_id, _) = ringing(&server).await;
    drop(bob);
    assert_eq!(ann.next().await, unavailable(&call_id));
    eventually("no call is left", || server.stats().calls == 0).await;
}

#[tokio::test]
async fn a_caller_who_comes_back_has_cancelled_too() {
    let server = quiet_server().await;
    let mut bob = Client::logged_in(&server, "Bob", "b").await;
    let mut ann = Client::connect(&server).await;
    let first = ann.login_resumable("Ann", "a", None).await;
    ann.send(&call("b")).await;
    let (call_id, _) = ann.expect_ringing().await;
    bob.expect_ring(&person("a", "Ann")).await;
    let mut new = Client::connect(&server).await;
    assert!(
        new.login_resumable("Ann", "a", Some(&first.token))
            .await
            .resumed
    );
    assert_eq!(bob.next().await, cancelled(&call_id));
    new.assert_quiet().await;
}

#[tokio::test]
async fn calls_are_budgeted() {
    let config = ServerConfig {
        calls_per_minute: 2,
        ..quiet_config()
    };
    let server = server_with(config).await;
    let (mut ann, mut bob, mut call_id, _) = ringing(&server).await;
    for _ in 0..2 {
        ann.send(&cancel(&call_id)).await;
        bob.next().await;
        ann.send(&call("b")).await;
        match ann.next().await {
            ServerMessage::Ringing { call_id: next, .. } => call_id = next,
            ServerMessage::Error { code, .. } => {
                assert_eq!(code, ErrorCode::RateLimited);
                return;
            }
            other => panic!("neither rings nor is refused: {other:?}"),
        }
        bob.next().await;
    }
    panic!("a third call within a minute");
}
