//! What goes wrong while connecting is told apart.

use std::time::Duration;

use duet_signaling::{SignalingConfig, SignalingError, SignalingEvent};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bench::{Client, server};
use crate::listener::Listener;

#[tokio::test]
async fn nobody_listens() {
    let url = {
        let listener = Listener::start().await;
        listener.url()
    };
    let error = Client::start(&url).problem().await;
    assert_eq!(error, SignalingError::Refused);
}

#[tokio::test]
async fn a_name_nobody_knows() {
    // RFC 6761 reserves .invalid; no resolver may know a name in it.
    let error = Client::start("ws://duet.invalid/ws").problem().await;
    assert_eq!(error, SignalingError::NameNotFound);
}

#[tokio::test]
async fn not_an_address() {
    for url in ["", "nonsense", "http://127.0.0.1/ws", "ws://", "wss://"] {
        let error = Client::start(url).failure().await;
        assert_eq!(error, SignalingError::InvalidUrl, "{url}");
    }
}

#[tokio::test]
async fn no_answer() {
    let listener = Listener::start().await;
    let mut client = Client::with(SignalingConfig {
        url: listener.url(),
        connect_timeout: Duration::from_millis(200),
        ..SignalingConfig::default()
    });
    let _silent = listener.accept_tcp().await;
    assert_eq!(client.problem().await, SignalingError::TimedOut);
}

#[tokio::test]
async fn an_http_server_without_this_path() {
    let server = server().await;
    let url = server.url().replace("/ws", "/nothing-here");
    let error = Client::start(&url).failure().await;
    assert_eq!(error, SignalingError::HttpStatus(404));
}

#[tokio::test]
async fn a_server_that_is_overloaded_is_tried_again() {
    let listener = Listener::start().await;
    let mut client = Client::start(&listener.url());
    let mut stream = listener.accept_tcp().await;
    let mut request = [0; 1024];
    let _ = stream.read(&mut request).await.expect("a request");
    stream
        .write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        .await
        .expect("it can be sent");
    assert_eq!(client.problem().await, SignalingError::HttpStatus(503));
    let _socket = listener.accept().await;
    client.opened().await;
}

#[tokio::test]
async fn something_that_is_no_web_server() {
    let listener = Listener::start().await;
    let mut client = Client::start(&listener.url());
    let mut stream = listener.accept_tcp().await;
    stream
        .write_all(b"220 mail.example.org ESMTP\r\n\r\n")
        .await
        .expect("it can be sent");
    assert_eq!(client.failure().await, SignalingError::NotAServer);
}

#[tokio::test]
async fn try_now_tries_again_after_a_failure() {
    let mut client = Client::start("nonsense");
    client.failure().await;
    client.handle.try_now();
    assert_eq!(client.next().await, SignalingEvent::Connecting);
    client.failure().await;
}
