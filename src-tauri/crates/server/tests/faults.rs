//! Malformed messages are answered, counted and in the end punished; unknown commands are not.

use duet_protocol::{ErrorCode, ServerMessage};

use crate::client::{Client, server};

#[tokio::test]
async fn an_unknown_command_is_answered_and_never_counts() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    for _ in 0..30 {
        client.send_text(r#"{"cmd":"dance","roomId":7}"#).await;
        client
            .expect_error(ErrorCode::UnknownCommand, "dance")
            .await;
    }
    assert_eq!(client.join("r", "a").await.user_num, 1);
}

#[tokio::test]
async fn the_tenth_malformed_message_ends_the_connection() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    let malformed = [
        "",
        "{",
        "[]",
        "7",
        "{}",
        r#"{"cmd":7}"#,
        r#"{"cmd":"join"}"#,
        r#"{"cmd":"join","roomId":"r","uid":7}"#,
        r#"{"cmd":"join","roomId":" ","uid":"a"}"#,
    ];
    for text in malformed {
        client.send_text(text).await;
        match client.next().await {
            ServerMessage::Error { code, .. } => assert_eq!(code, ErrorCode::BadMessage, "{text}"),
            other => panic!("not an error: {other:?}"),
        }
    }
    client.assert_quiet().await;
    client.send_text("tenth").await;
    assert_eq!(client.close_code().await, Some(4001));
}

#[tokio::test]
async fn nesting_is_bounded() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"cmd":"keepalive","extra":{open}{close}}}"#)
    };
    // The message itself is the first level.
    client.send_text(&nested(15)).await;
    assert_eq!(client.next().await, ServerMessage::Keepalive);
    client.send_text(&nested(16)).await;
    assert!(matches!(
        client.next().await,
        ServerMessage::Error {
            code: ErrorCode::BadMessage,
            ..
        }
    ));
    client.send_text(&nested(20_000)).await;
    assert!(matches!(
        client.next().await,
        ServerMessage::Error {
            code: ErrorCode::BadMessage,
            ..
        }
    ));
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    client
        .send_text(r#"{"cmd":"join","roomId":"r","uid":"a","colour":{"r":1}}"#)
        .await;
    assert_eq!(client.expect_joined().await.user_num, 1);
}
