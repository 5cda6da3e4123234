//! Giving a place up: by word, or by going away.

use duet_protocol::{ErrorCode, LeaveReason, ServerMessage};

use crate::client::{Client, couple, eventually, leave, server};

#[tokio::test]
async fn a_leave_is_confirmed_and_told() {
    let server = server().await;
    let (mut a, mut b) = couple(&server).await;
    a.send(&leave("r", "a")).await;
    assert_eq!(
        a.next().await,
        ServerMessage::Leaved {
            room_id: "r".into()
        }
    );
    let gone = ServerMessage::PeerLeave {
        remote_uid: "a".into(),
        reason: LeaveReason::Left,
    };
    assert_eq!(b.next().await, gone);
    // Joining again on the same connection is fine; now b is the one already there.
    assert_eq!(a.join("r", "a").await.user_num, 2);
    assert!(matches!(a.next().await, ServerMessage::RespJoin { .. }));
    assert!(matches!(b.next().await, ServerMessage::NewPeer { .. }));
}

#[tokio::test]
async fn a_plain_client_that_vanishes_is_removed_at_once() {
    let server = server().await;
    let (a, mut b) = couple(&server).await;
    drop(a);
    let gone = ServerMessage::PeerLeave {
        remote_uid: "a".into(),
        reason: LeaveReason::Lost,
    };
    assert_eq!(b.next().await, gone);
    let mut c = Client::connect(&server).await;
    assert_eq!(c.join("r", "c").await.user_num, 2);
}

#[tokio::test]
async fn the_last_one_out_leaves_nothing_behind() {
    let server = server().await;
    let (mut a, b) = couple(&server).await;
    a.send(&leave("r", "a")).await;
    a.next().await;
    drop((a, b));
    eventually("no connection, room or place", || {
        server.stats() == Default::default()
    })
    .await;
}

#[tokio::test]
async fn only_members_can_leave() {
    let server = server().await;
    let mut a = Client::connect(&server).await;
    a.send(&leave("r", "a")).await;
    a.expect_error(ErrorCode::NotInRoom, "leave").await;
    a.join("r", "a").await;
    a.send(&leave("s", "a")).await;
    a.expect_error(ErrorCode::NotInRoom, "leave").await;
    assert_eq!(server.stats().members, 1);
}
