//! A place is kept for whoever asked for it, and given back to whoever can prove it.

use std::time::Duration;

use duet_protocol::{ClientMessage, ErrorCode, LeaveReason, ServerMessage};
use duet_server::{Server, ServerConfig, Timing};

use crate::client::{Client, Joined, forward, join, join_with_token, leave, server, server_with};

fn away(uid: &str) -> ServerMessage {
    ServerMessage::PeerAway {
        remote_uid: uid.into(),
    }
}

fn back(uid: &str) -> ServerMessage {
    ServerMessage::PeerBack {
        remote_uid: uid.into(),
    }
}

fn lost(uid: &str) -> ServerMessage {
    ServerMessage::PeerLeave {
        remote_uid: uid.into(),
        reason: LeaveReason::Lost,
    }
}

fn offers_first(uid: &str) -> ServerMessage {
    ServerMessage::NewPeer {
        remote_uid: uid.into(),
        name: None,
    }
}

/// "a" and "b" in room "r", both with a wish to come back.
async fn resumable_couple(server: &Server) -> ((Client, Joined), (Client, Joined)) {
    let mut a = Client::connect(server).await;
    let a_joined = a.join_resumable("r", "a", None).await;
    let mut b = Client::connect(server).await;
    let b_joined = b.join_resumable("r", "b", None).await;
    b.next().await;
    a.next().await;
    ((a, a_joined), (b, b_joined))
}

#[tokio::test]
async fn away_and_back_in_the_same_place_and_role() {
    let server = server().await;
    let ((a, a_joined), (mut b, _)) = resumable_couple(&server).await;
    drop(a);
    assert_eq!(b.next().await, away("a"));
    // The place is kept for a, against everybody.
    let mut c = Client::connect(&server).await;
    c.send(&join("r", "c")).await;
    assert_eq!(
        c.next().await,
        ServerMessage::Full {
            room_id: "r".into(),
            user_num: 2
        }
    );
    c.send(&join("r", "a")).await;
    c.expect_error(ErrorCode::UidMismatch, "join").await;
    // Who is away cannot be reached.
    b.send(&ClientMessage::Offer(forward("r", "b", "a", "{}")))
        .await;
    b.expect_error(ErrorCode::Unavailable, "offer").await;
    let mut a = Client::connect(&server).await;
    let again = a.join_resumable("r", "a", Some(&a_joined.token)).await;
    assert!(again.resumed && again.user_num == 2 && again.token != a_joined.token);
    assert_eq!(
        a.next().await,
        offers_first("b"),
        "a was there first and still is"
    );
    assert_eq!(b.next().await, back("a"));
    b.send(&ClientMessage::Offer(forward("r", "b", "a", "{}")))
        .await;
    assert!(matches!(a.next().await, ServerMessage::Offer(_)));
}

#[tokio::test]
async fn the_place_is_free_when_the_time_is_over() {
    let timing = Timing {
        resume_window: Duration::from_millis(500),
        ..Timing::default()
    };
    let server = server_with(ServerConfig {
        timing,
        ..ServerConfig::loopback()
    })
    .await;
    let ((a, a_joined), (mut b, _)) = resumable_couple(&server).await;
    drop(a);
    assert_eq!(b.next().await, away("a"));
    assert_eq!(b.next().await, lost("a"));
    assert_eq!(server.stats().members, 1);
    // Too late: welcome, but as somebody new.
    let mut a = Client::connect(&server).await;
    let again = a.join_resumable("r", "a", Some(&a_joined.token)).await;
    assert!(!again.resumed);
    assert!(matches!(a.next().await, ServerMessage::RespJoin { .. }));
    assert_eq!(b.next().await, offers_first("a"));
}

#[tokio::test]
async fn a_kept_uid_is_not_given_to_anybody_without_the_token() {
    let server = server().await;
    let ((a, _), (mut b, b_joined)) = resumable_couple(&server).await;
    drop(a);
    assert_eq!(b.next().await, away("a"));
    for token in [None, Some("guess"), Some(b_joined.token.as_str())] {
        let mut thief = Client::connect(&server).await;
        thief.send(&join_with_token("r", "a", token)).await;
        thief.expect_error(ErrorCode::UidTaken, "join").await;
    }
    b.assert_quiet().await;
}

#[tokio::test]
async fn a_used_token_dies_with_the_first_message_and_not_before() {
    let server = server().await;
    let ((a, first), (mut b, _)) = resumable_couple(&server).await;
    drop(a);
    assert_eq!(b.next().await, away("a"));
    // Its `joined` is lost on the way: the connection breaks before a could read it.
    let mut a = Client::connect(&server).await;
    a.join_resumable("r", "a", Some(&first.token)).await;
    drop(a);
    assert_eq!(b.next().await, back("a"));
    assert_eq!(b.next().await, away("a"));
    let mut a = Client::connect(&server).await;
    let third = a.join_resumable("r", "a", Some(&first.token)).await;
    assert!(third.resumed);
    assert_eq!(b.next().await, back("a"));
    assert_eq!(a.next().await, offers_first("b"));
    a.assert_quiet().await;
    drop(a);
    assert_eq!(b.next().await, away("a"));
    // Now the first token has been used up.
    let mut replay = Client::connect(&server).await;
    replay
        .send(&join_with_token("r", "a", Some(&first.token)))
        .await;
    replay.expect_error(ErrorCode::UidTaken, "join").await;
    let mut a = Client::connect(&server).await;
    assert!(a.join_resumable("r", "a", Some(&third.token)).await.resumed);
}

#[tokio::test]
async fn coming_back_before_the_break_was_noticed_replaces_the_old_connection() {
    let server = server().await;
    let ((mut old, joined), (mut b, _)) = resumable_couple(&server).await;
    let mut new = Client::connect(&server).await;
    assert!(
        new.join_resumable("r", "a", Some(&joined.token))
            .await
            .resumed
    );
    assert_eq!(old.close_code().await, Some(4003));
    assert_eq!(b.next().await, away("a"));
    assert_eq!(b.next().await, back("a"));
    drop(old);
    // The end of the old connection touches the place no more.
    b.assert_quiet().await;
    assert_eq!(server.stats().members, 2);
}

#[tokio::test]
async fn what_happened_meanwhile_is_told_on_return() {
    let server = server().await;
    let mut a = Client::connect(&server).await;
    let first = a.join_resumable("r", "a", None).await;
    drop(a);
    crate::client::eventually("a is away", || server.stats().connections == 0).await;
    let mut b = Client::connect(&server).await;
    assert_eq!(b.join("r", "b").await.user_num, 2);
    assert!(matches!(b.next().await, ServerMessage::RespJoin { .. }));
    assert_eq!(b.next().await, away("a"));
    let mut a = Client::connect(&server).await;
    let second = a.join_resumable("r", "a", Some(&first.token)).await;
    assert_eq!((second.resumed, second.user_num), (true, 2));
    assert_eq!(a.next().await, offers_first("b"));
    assert_eq!(b.next().await, back("a"));
    drop(a);
    assert_eq!(b.next().await, away("a"));
    b.send(&leave("r", "b")).await;
    b.next().await;
    let mut a = Client::connect(&server).await;
    let third = a.join_resumable("r", "a", Some(&second.token)).await;
    assert_eq!((third.resumed, third.user_num), (true, 1));
    a.assert_quiet().await;
}

#[tokio::test]
async fn after_a_server_restart_both_come_back_fresh() {
    let first_server = server().await;
    let ((mut a, a_joined), (mut b, b_joined)) = resumable_couple(&first_server).await;
    first_server.shutdown().await;
    assert_eq!(
        (a.close_code().await, b.close_code().await),
        (Some(4010), Some(4010))
    );
    let second_server = server().await;
    let mut b = Client::connect(&second_server).await;
    assert!(
        !b.join_resumable("r", "b", Some(&b_joined.token))
            .await
            .resumed
    );
    let mut a = Client::connect(&second_server).await;
    let again = a.join_resumable("r", "a", Some(&a_joined.token)).await;
    assert_eq!((again.resumed, again.user_num), (false, 2));
    assert!(matches!(a.next().await, ServerMessage::RespJoin { .. }));
    assert_eq!(b.next().await, offers_first("a"));
}

#[tokio::test]
async fn a_leave_ends_the_right_to_come_back() {
    let server = server().await;
    let ((mut a, a_joined), (mut b, _)) = resumable_couple(&server).await;
    a.send(&leave("r", "a")).await;
    a.next().await;
    drop(a);
    assert!(matches!(b.next().await, ServerMessage::PeerLeave { .. }));
    crate::client::eventually("a is gone", || server.stats().connections == 1).await;
    let mut a = Client::connect(&server).await;
    assert!(
        !a.join_resumable("r", "a", Some(&a_joined.token))
            .await
            .resumed
    );
}
