//! Keepalive on the wire, and half-open connections.

use std::time::Duration;

use duet_signaling::{SignalingConfig, SignalingError, SignalingEvent};
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

use crate::bench::{Client, server};
use crate::listener::{Listener, text};

/// Long enough for a busy machine to answer.
const PATIENT: Duration = Duration::from_secs(2);

fn quick(url: String) -> SignalingConfig {
    SignalingConfig {
        url,
        keepalive_interval: Duration::from_millis(50),
        silence_timeout: Duration::from_millis(400),
        ..SignalingConfig::default()
    }
}

#[tokio::test]
async fn it_is_sent_again_and_again() {
    let listener = Listener::start().await;
    let _client = Client::with(SignalingConfig {
        silence_timeout: Duration::from_secs(30),
        ..quick(listener.url())
    });
    let mut socket = listener.accept().await;
    for _ in 0..3 {
        assert_eq!(text(&mut socket).await, r#"{"cmd":"keepalive"}"#);
    }
}

#[tokio::test]
async fn a_connection_from_which_nothing_comes_is_lost() {
    let listener = Listener::start().await;
    let mut client = Client::with(quick(listener.url()));
    let _half_open = listener.accept().await;
    assert_eq!(client.problem().await, SignalingError::Silent);
    let _again = listener.accept().await;
    client.opened().await;
}

#[tokio::test]
async fn answers_keep_it_alive_and_are_not_reported() {
    let server = server().await;
    let mut client = Client::with(SignalingConfig {
        silence_timeout: PATIENT,
        ..quick(server.url())
    });
    client.opened().await;
    let quiet = tokio::time::timeout(PATIENT * 2, client.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

#[tokio::test]
async fn any_frame_is_a_sign_of_life() {
    let listener = Listener::start().await;
    let mut client = Client::with(SignalingConfig {
        silence_timeout: PATIENT,
        ..quick(listener.url())
    });
    let mut socket = listener.accept().await;
    client.opened().await;
    for _ in 0..20 {
        socket
            .send(Message::Ping("".into()))
            .await
            .expect("it can be sent");
        tokio::time::sleep(PATIENT / 10).await;
    }
    assert!(client.events.try_recv().is_err(), "it is still open");
    drop(socket);
    assert!(matches!(client.next().await, SignalingEvent::Lost { .. }));
}

#[tokio::test]
async fn after_a_change_of_network_a_silent_connection_is_replaced() {
    let listener = Listener::start().await;
    let mut client = Client::with(SignalingConfig {
        url: listener.url(),
        silence_timeout: Duration::from_secs(3600),
        keepalive_interval: Duration::from_secs(3600),
        ..SignalingConfig::default()
    });
    let mut half_open = listener.accept().await;
    client.opened().await;
    client.handle.network_changed();
    assert_eq!(text(&mut half_open).await, r#"{"cmd":"keepalive"}"#);
    assert_eq!(client.problem().await, SignalingError::Silent);
    let _again = listener.accept().await;
    client.opened().await;
}
