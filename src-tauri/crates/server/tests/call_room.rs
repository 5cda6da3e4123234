//! The room of a call: shut until it is accepted, then for these two alone, and never for ever.

use std::time::Duration;

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage};
use duet_server::{Server, ServerConfig, Timing};

use crate::client::{Client, eventually, forward, join, leave, server_with};
use crate::lobby::{
    accept, accepted, call, cancel, decline, quiet_config, quiet_server, ringing, unavailable,
};

/// A server on which an accepted call waits only a moment for somebody to come.
async fn impatient_server() -> Server {
    let timing = Timing {
        call_entry_timeout: Duration::from_millis(300),
        ..quiet_config().timing
    };
    server_with(ServerConfig {
        timing,
        ..quiet_config()
    })
    .await
}

#[tokio::test]
async fn nobody_gets_in_before_the_accept_and_nothing_passes() {
    let server = quiet_server().await;
    let (mut ann, mut bob, call_id, room_id) = ringing(&server).await;
    for (client, uid, other) in [(&mut ann, "a", "b"), (&mut bob, "b", "a")] {
        client.send(&join(&room_id, uid)).await;
        client.expect_error(ErrorCode::NotAllowed, "join").await;
        let sdp = forward(&room_id, uid, other, "{}");
        client.send(&ClientMessage::Offer(sdp.clone())).await;
        client.expect_error(ErrorCode::NotInRoom, "offer").await;
        client.send(&ClientMessage::Candidate(sdp)).await;
        client.expect_error(ErrorCode::NotInRoom, "candidate").await;
    }
    bob.send(&accept(&call_id)).await;
    assert_eq!(ann.next().await, accepted(&call_id));
    assert_eq!(ann.join(&room_id, "a").await.user_num, 1);
}

#[tokio::test]
async fn a_third_person_who_knows_the_room_is_not_admitted() {
    let server = quiet_server().await;
    let (mut ann, mut bob, call_id, room_id) = ringing(&server).await;
    bob.send(&accept(&call_id)).await;
    assert_eq!(ann.next().await, accepted(&call_id));
    let mut carl = Client::logged_in(&server, "Carl", "c").await;
    carl.send(&join(&room_id, "c")).await;
    carl.expect_error(ErrorCode::NotAllowed, "join").await;
    ann.join(&room_id, "a").await;
    carl.send(&join(&room_id, "c")).await;
    carl.expect_error(ErrorCode::NotAllowed, "join").await;
    assert_eq!(bob.join(&room_id, "b").await.user_num, 2);
    // The place of one who left is still theirs alone.
    bob.send(&leave(&room_id, "b")).await;
    carl.send(&join(&room_id, "c")).await;
    carl.expect_error(ErrorCode::NotAllowed, "join").await;
}

#[tokio::test]
async fn the_room_of_a_call_that_nobody_accepted_stays_shut() {
    let server = quiet_server().await;
    let (mut ann, mut bob, call_id, room_id) = ringing(&server).await;
    bob.send(&decline(&call_id)).await;
    ann.next().await;
    for (client, uid) in [(&mut ann, "a"), (&mut bob, "b")] {
        client.send(&join(&room_id, uid)).await;
        client.expect_error(ErrorCode::NotAllowed, "join").await;
    }
}

#[tokio::test]
async fn nobody_comes_and_the_call_is_over() {
    let server = impatient_server().await;
    let (mut ann, mut bob, call_id, _) = ringing(&server).await;
    bob.send(&accept(&call_id)).await;
    assert_eq!(ann.next().await, accepted(&call_id));
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.next().await, unavailable(&call_id));
    }
    // Nobody is busy.
    ann.send(&call("b")).await;
    ann.expect_ringing().await;
}

#[tokio::test]
async fn one_who_came_waits_for_the_other_as_in_any_room() {
    let server = impatient_server().await;
    let (mut ann, mut bob, call_id, room_id) = ringing(&server).await;
    bob.send(&accept(&call_id)).await;
    assert_eq!(ann.next().await, accepted(&call_id));
    ann.join(&room_id, "a").await;
    eventually("the call is the room's", || server.stats().calls == 0).await;
    ann.assert_quiet().await;
    let mut carl = Client::logged_in(&server, "Carl", "c").await;
    carl.send(&call("b")).await;
    let (late, _) = carl.expect_ringing().await;
    carl.send(&cancel(&late)).await;
    assert!(matches!(bob.next().await, ServerMessage::Ring { .. }));
    assert!(matches!(bob.next().await, ServerMessage::Cancel { .. }));
    assert_eq!(bob.join(&room_id, "b").await.user_num, 2);
}

#[tokio::test]
async fn who_comes_and_goes_ends_the_call_for_the_other() {
    let server = quiet_server().await;
    let (mut ann, mut bob, call_id, room_id) = ringing(&server).await;
    bob.send(&accept(&call_id)).await;
    assert_eq!(ann.next().await, accepted(&call_id));
    ann.join(&room_id, "a").await;
    ann.send(&leave(&room_id, "a")).await;
    assert!(matches!(ann.next().await, ServerMessage::Leaved { .. }));
    assert_eq!(bob.next().await, unavailable(&call_id));
    ann.send(&call("b")).await;
    ann.expect_ringing().await;
}

#[tokio::test]
async fn after_the_call_both_can_be_called_again() {
    let server = quiet_server().await;
    let (mut ann, mut bob, call_id, room_id) = ringing(&server).await;
    bob.send(&accept(&call_id)).await;
    assert_eq!(ann.next().await, accepted(&call_id));
    ann.join(&room_id, "a").await;
    bob.join(&room_id, "b").await;
    let mut carl = Client::logged_in(&server, "Carl", "c").await;
    for to in ["a", "b"] {
        carl.send(&call(to)).await;
        assert!(matches!(carl.next().await, ServerMessage::Busy { .. }));
    }
    ann.send(&leave(&room_id, "a")).await;
    bob.send(&leave(&room_id, "b")).await;
    eventually("the room is gone", || server.stats().rooms == 0).await;
    carl.send(&call("a")).await;
    carl.expect_ringing().await;
}
