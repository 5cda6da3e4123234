//! A browser page that never sends keepalive lives on the pongs its browser sends. In real time,
//! with the real limits: 70 s is beyond the silence limit and beyond what proxies allow.

use std::time::Duration;

use duet_protocol::ClientMessage;

use crate::client::{couple, forward, server};

#[tokio::test]
async fn two_plain_clients_are_still_there_after_70_seconds() {
    let server = server().await;
    let (mut a, mut b) = couple(&server).await;
    let quiet = Duration::from_secs(70);
    let (a_read, b_read) = tokio::join!(
        tokio::time::timeout(quiet, a.close_code()),
        tokio::time::timeout(quiet, b.close_code()),
    );
    assert!(
        a_read.is_err() && b_read.is_err(),
        "closed: {a_read:?} {b_read:?}"
    );
    let offer = forward("r", "a", "b", "{}");
    a.send(&ClientMessage::Offer(offer.clone())).await;
    assert_eq!(b.next().await, duet_protocol::ServerMessage::Offer(offer));
}
