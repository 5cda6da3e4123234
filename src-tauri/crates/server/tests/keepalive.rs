//! Keepalive in both spellings, pings, and the end of a silent connection.

use std::time::Duration;

use duet_protocol::ServerMessage;
use duet_server::{ServerConfig, Timing};
use futures_util::StreamExt;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, couple, eventually, server, server_with};

fn hasty() -> ServerConfig {
    let timing = Timing {
        ping_interval: Duration::from_millis(100),
        silence_timeout: Duration::from_millis(600),
        ..Timing::default()
    };
    ServerConfig {
        timing,
        ..ServerConfig::loopback()
    }
}

#[tokio::test]
async fn keepalive_comes_back_as_it_was_spelled() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    for text in [r#"{"cmd":"keepalive"}"#, r#"{"cmd":"keeplive"}"#] {
        client.send_text(text).await;
        assert_eq!(client.next_text().await, text);
    }
}

#[tokio::test]
async fn the_server_pings() {
    let server = server_with(hasty()).await;
    let mut client = Client::connect(&server).await;
    let first = tokio::time::timeout(Duration::from_secs(10), client.socket.next()).await;
    assert!(matches!(first, Ok(Some(Ok(Message::Ping(_))))), "{first:?}");
}

#[tokio::test]
async fn pongs_alone_keep_a_connection_alive() {
    let server = server_with(hasty()).await;
    let mut client = Client::connect(&server).await;
    // Reading answers pings; three times the silence time passes.
    let reading = tokio::time::timeout(Duration::from_millis(1800), client.close_code()).await;
    assert!(reading.is_err(), "closed: {reading:?}");
    client.assert_quiet().await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_at_all_is_ended() {
    let server = server_with(hasty()).await;
    let (mut a, b) = couple(&server).await;
    // `b` lives but nobody polls it, so it answers no ping: like a network that swallows all.
    let gone = a.next().await;
    assert!(matches!(gone, ServerMessage::PeerLeave { .. }), "{gone:?}");
    eventually("one connection is left", || server.stats().connections == 1).await;
    drop(b);
}
