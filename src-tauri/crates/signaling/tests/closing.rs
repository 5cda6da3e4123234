//! The end: leaving, dropping, and a server that does not say goodbye.

use duet_protocol::{ClientMessage, LeaveReason, ServerMessage};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use crate::bench::{Client, server};
use crate::listener::{Listener, text};

#[tokio::test]
async fn leave_and_close_frees_the_place_at_once() {
    let server = server().await;
    let mut other = Client::start(&server.url());
    other.join("ben");
    other.joined().await;
    let mut client = Client::start(&server.url());
    client.join("ann");
    client.joined().await;
    client.handle.leave_and_close().await;
    let reason = other
        .message(|message| match message {
            ServerMessage::PeerLeave { reason, .. } => Some(*reason),
            _ => None,
        })
        .await;
    assert_eq!(reason, LeaveReason::Left);
}

#[tokio::test]
async fn who_listens_no_more_still_leaves_politely() {
    let listener = Listener::start().await;
    let mut client = Client::start(&listener.url());
    let mut socket = listener.accept().await;
    client.opened().await;
    let Client { handle, events } = client;
    drop(events);
    for _ in 0..3 {
        let offline =
            Message::text(r#"{"cmd":"presence","online":[],"offline":[],"busy":[],"free":[]}"#);
        socket.send(offline).await.expect("it can be sent");
    }
    // Its answer says that the client has read the messages before it.
    let ping = Message::Ping(Vec::new().into());
    socket.send(ping).await.expect("it can be sent");
    let answer = socket.next().await.expect("it is there").expect("a frame");
    assert!(matches!(answer, Message::Pong(_)), "{answer:?}");
    handle.send(ClientMessage::Logout);
    let closing = tokio::spawn(handle.leave_and_close());
    assert!(text(&mut socket).await.contains("logout"));
    drop(socket);
    closing.await.expect("it ends");
}

#[tokio::test]
async fn dropping_the_handle_closes_but_keeps_the_place() {
    let server = server().await;
    let mut other = Client::start(&server.url());
    other.join("ben");
    other.joined().await;
    let mut client = Client::start(&server.url());
    client.join("ann");
    client.joined().await;
    drop(client);
    other
        .message(|message| matches!(message, ServerMessage::PeerAway { .. }).then_some(()))
        .await;
}

#[tokio::test]
async fn dropping_says_goodbye() {
    let listener = Listener::start().await;
    let mut client = Client::start(&listener.url());
    let mut socket = listener.accept().await;
    client.opened().await;
    let Client { handle, mut events } = client;
    drop(handle);
    let mut said_goodbye = false;
    while let Some(Ok(message)) = socket.next().await {
        said_goodbye |= matches!(message, Message::Close(_));
    }
    assert!(said_goodbye);
    while events.recv().await.is_some() {}
}

#[tokio::test]
async fn a_server_that_does_not_answer_cannot_hold_the_end_up() {
    let listener = Listener::start().await;
    let mut client = Client::start(&listener.url());
    let _silent = listener.accept().await;
    client.opened().await;
    client.handle.leave_and_close().await;
    // Not connected at all: nothing to wait for.
    let nowhere = Client::start("ws://duet.invalid/ws");
    nowhere.handle.leave_and_close().await;
}
