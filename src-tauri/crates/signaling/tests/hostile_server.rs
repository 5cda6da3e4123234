//! A server that sends what it must not.

use duet_signaling::SignalingError;
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

use crate::bench::Client;
use crate::listener::Listener;

#[tokio::test]
async fn garbage_is_dropped_and_the_connection_stays() {
    let listener = Listener::start().await;
    let mut client = Client::start(&listener.url());
    let mut socket = listener.accept().await;
    let garbage = [
        "".to_owned(),
        "{".to_owned(),
        "[]".to_owned(),
        r#"{"cmd":"explode"}"#.to_owned(),
        r#"{"cmd":"joined"}"#.to_owned(),
        format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000)),
    ];
    for text in garbage {
        socket.send(Message::text(text)).await.expect("sent");
    }
    socket
        .send(Message::binary(vec![0_u8; 16]))
        .await
        .expect("sent");
    socket
        .send(Message::text(r#"{"cmd":"peer-away","remoteUid":"ben"}"#))
        .await
        .expect("sent");
    client.opened().await;
    client
        .message(|message| {
            matches!(message, duet_protocol::ServerMessage::PeerAway { .. }).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_message_over_the_limit_ends_the_connection() {
    let listener = Listener::start().await;
    let mut client = Client::start(&listener.url());
    let mut socket = listener.accept().await;
    client.opened().await;
    let huge = " ".repeat(duet_protocol::limits::MAX_MESSAGE_BYTES + 1);
    // The client may hang up before all of it is written.
    let _ = socket.send(Message::text(huge)).await;
    assert!(matches!(client.problem().await, SignalingError::Broken(_)));
}
