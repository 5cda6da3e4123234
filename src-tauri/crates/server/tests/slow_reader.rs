//! A client that does not read is cut, and nobody waits for it.

use std::time::Duration;

use duet_protocol::{ClientMessage, ServerMessage};
use duet_server::{ServerConfig, Timing};

use crate::client::{Client, couple, forward, server_with};

/// More than the queue and the kernel's buffers hold.
const DESCRIPTIONS: usize = 100;

async fn flood(a: &mut Client) {
    let offer = ClientMessage::Offer(forward("r", "a", "b", &"x".repeat(32 * 1024)));
    for _ in 0..DESCRIPTIONS {
        a.send(&offer).await;
    }
}

/// Reads until the other is gone; in between come errors, for those still on their way.
async fn expect_peer_leave(a: &mut Client) {
    loop {
        match a.next().await {
            ServerMessage::PeerLeave { .. } => return,
            ServerMessage::Error { .. } => {}
            other => panic!("not expected: {other:?}"),
        }
    }
}

#[tokio::test]
async fn too_much_unread_is_4008() {
    let timing = Timing {
        slow_reader_timeout: Duration::from_secs(600),
        ..Timing::default()
    };
    let server = server_with(ServerConfig {
        timing,
        ..ServerConfig::loopback()
    })
    .await;
    let (mut a, mut b) = couple(&server).await;
    flood(&mut a).await;
    expect_peer_leave(&mut a).await;
    // It reads again, finds what the kernel still held, and then why it was cut.
    assert_eq!(b.close_code().await, Some(4008));
}

#[tokio::test]
async fn too_long_unread_is_4008() {
    let timing = Timing {
        slow_reader_timeout: Duration::from_millis(300),
        ..Timing::default()
    };
    let server = server_with(ServerConfig {
        timing,
        ..ServerConfig::loopback()
    })
    .await;
    let (mut a, mut b) = couple(&server).await;
    // A little more than the kernel takes, and less than the queue holds: found out, not guessed.
    let offer = ClientMessage::Offer(forward("r", "a", "b", &"x".repeat(32 * 1024)));
    for _ in 0..DESCRIPTIONS {
        a.send(&offer).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        if server.stats().members == 1 {
            break;
        }
    }
    expect_peer_leave(&mut a).await;
    assert_eq!(b.close_code().await, Some(4008));
}
