//! Frames that end a connection, each with its code.

use std::time::Duration;

use duet_protocol::limits::MAX_MESSAGE_BYTES;
use futures_util::SinkExt;
use tokio::io::AsyncReadExt;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::client::{Client, server};

#[tokio::test]
async fn a_binary_frame_is_1003() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    client.send_frame(b"\x00", Data::Binary, true).await;
    assert_eq!(client.close_code().await, Some(1003));
}

#[tokio::test]
async fn text_that_is_not_utf8_is_1007() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    client
        .send_frame(b"{\"cmd\":\"\xff\"}", Data::Text, true)
        .await;
    assert_eq!(client.close_code().await, Some(1007));
}

#[tokio::test]
async fn bad_utf8_in_a_fragment_is_1007_before_the_message_ends() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    client
        .send_frame(b"{\"cmd\":\"\xe5\xad", Data::Text, false)
        .await;
    client.send_frame(b"\xff", Data::Continue, false).await;
    assert_eq!(client.close_code().await, Some(1007));
}

#[tokio::test]
async fn a_character_split_over_fragments_is_fine() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    let text = r#"{"cmd":"join","roomId":"字","uid":"a"}"#.as_bytes();
    let split = text
        .iter()
        .position(|byte| *byte >= 0x80)
        .expect("a wide character")
        + 1;
    client.send_frame(&text[..split], Data::Text, false).await;
    client
        .send_frame(&text[split..], Data::Continue, true)
        .await;
    assert_eq!(client.expect_joined().await.user_num, 1);
}

#[tokio::test]
async fn a_message_of_64_kib_passes_and_one_byte_more_is_1009() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    let padded = |bytes: usize| {
        let frame = r#"{"cmd":"dance","pad":""}"#;
        frame.replace(
            "\"pad\":\"\"",
            &format!("\"pad\":\"{}\"", "x".repeat(bytes - frame.len())),
        )
    };
    client.send_text(&padded(MAX_MESSAGE_BYTES)).await;
    client
        .expect_error(duet_protocol::ErrorCode::UnknownCommand, "dance")
        .await;
    client
        .send_frame(padded(MAX_MESSAGE_BYTES + 1).as_bytes(), Data::Text, true)
        .await;
    assert_eq!(client.close_code().await, Some(1009));
}

#[tokio::test]
async fn a_client_in_the_middle_of_a_huge_message_is_told_and_not_reset() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    // The server has had enough after the head of the frame; what follows must not be answered by
    // a reset, which would destroy the close frame on some systems.
    let huge = Message::text("x".repeat(8 * MAX_MESSAGE_BYTES));
    client.socket.send(huge).await.expect("not reset");
    let MaybeTlsStream::Plain(mut stream) = client.socket.into_inner() else {
        panic!("no TLS here");
    };
    let mut rest = Vec::new();
    let reading = stream.read_to_end(&mut rest);
    let read = tokio::time::timeout(Duration::from_secs(10), reading).await;
    read.expect("an end in time").expect("not reset");
    // A close frame of any length, then its code.
    let is_1009 = |frame: &[u8]| frame[0] == 0x88 && frame[2..] == 1009u16.to_be_bytes();
    assert!(rest.windows(4).any(is_1009), "{rest:?}");
}

#[tokio::test]
async fn fragments_that_add_up_to_too_much_are_1009() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    let half = vec![b'x'; MAX_MESSAGE_BYTES / 2 + 1];
    client.send_frame(&half, Data::Text, false).await;
    client.send_frame(&half, Data::Continue, false).await;
    assert_eq!(client.close_code().await, Some(1009));
}

#[tokio::test]
async fn breaking_the_websocket_protocol_is_1002() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    let mut frame = Frame::message(b"{}".to_vec(), OpCode::Data(Data::Text), true);
    frame.header_mut().rsv1 = true;
    client
        .socket
        .send(Message::Frame(frame))
        .await
        .expect("sent");
    assert_eq!(client.close_code().await, Some(1002));
}

#[tokio::test]
async fn the_others_hear_nothing_of_it() {
    let server = server().await;
    let (mut a, mut b) = crate::client::couple(&server).await;
    let mut c = Client::connect(&server).await;
    c.send_frame(b"\xff", Data::Text, true).await;
    assert_eq!(c.close_code().await, Some(1007));
    a.assert_quiet().await;
    b.assert_quiet().await;
}
