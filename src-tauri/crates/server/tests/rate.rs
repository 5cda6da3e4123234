//! Twenty messages a second with a burst of 120; slower reading; 4002.

use std::time::Duration;

use duet_protocol::{ClientMessage, ServerMessage};
use duet_server::{Server, ServerConfig, Timing};
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, server, server_with};

/// More than the burst and several seconds; the kernel holds what is not read.
const FLOOD: usize = 400;

/// A server that bears a client which is too fast for one second only.
async fn impatient_server() -> Server {
    server_with(ServerConfig {
        timing: Timing {
            rate_patience: Duration::from_secs(1),
            ..Timing::default()
        },
        ..ServerConfig::loopback()
    })
    .await
}

#[tokio::test]
async fn a_burst_and_a_little_more_is_answered_completely() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    for _ in 0..140 {
        client.send(&ClientMessage::Keepalive).await;
    }
    for _ in 0..140 {
        assert_eq!(client.next().await, ServerMessage::Keepalive);
    }
}

#[tokio::test]
async fn a_client_that_never_slows_down_is_4002() {
    let server = impatient_server().await;
    let mut client = Client::connect(&server).await;
    for _ in 0..FLOOD {
        client.send(&ClientMessage::Keepalive).await;
    }
    assert_eq!(client.close_code().await, Some(4002));
}

#[tokio::test]
async fn pings_are_messages_too() {
    let server = impatient_server().await;
    let mut client = Client::connect(&server).await;
    for _ in 0..FLOOD {
        let sent = client.socket.send(Message::Ping(Default::default())).await;
        sent.expect("the connection lives");
    }
    assert_eq!(client.close_code().await, Some(4002));
}

#[tokio::test]
async fn one_that_floods_does_not_slow_the_others() {
    let server = server().await;
    let (mut a, mut b) = crate::client::couple(&server).await;
    let mut flood = Client::connect(&server).await;
    for _ in 0..1000 {
        flood.send(&ClientMessage::Keepalive).await;
    }
    a.assert_quiet().await;
    b.assert_quiet().await;
}
