//! A message has to end soon after it began, whatever comes meanwhile; one that comes in pieces is fine.

use std::time::Duration;

use duet_protocol::ServerMessage;
use duet_server::{Server, ServerConfig, Timing};
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::Data;

use crate::client::{Client, server_with};

const LIMIT: Duration = Duration::from_secs(2);
/// Well within the silence that is allowed, which what drips keeps away anyhow.
const PATIENCE: Duration = Duration::from_secs(15);
/// The head of a masked text of 19 bytes, whose mask is zeros.
const HEAD: [u8; 6] = [0x81, 0x80 | 19, 0, 0, 0, 0];
const KEEPALIVE: &[u8; 19] = br#"{"cmd":"keepalive"}"#;

async fn server() -> Server {
    let timing = Timing {
        message_timeout: LIMIT,
        ..Timing::default()
    };
    server_with(ServerConfig {
        timing,
        ..ServerConfig::loopback()
    })
    .await
}

async fn put(client: &mut Client, bytes: &[u8]) {
    let stream = client.socket.get_mut();
    stream.write_all(bytes).await.expect("the connection lives");
}

#[tokio::test]
async fn a_message_letter_by_letter_is_cut() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    // Of 65,535 bytes.
    put(&mut client, &[0x81, 0xfe, 0xff, 0xff, 0, 0, 0, 0]).await;
    let dripping = async {
        while client.socket.get_mut().write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let cut = tokio::time::timeout(PATIENCE, dripping).await;
    cut.expect("it is cut");
}

#[tokio::test]
async fn pings_between_its_parts_do_not_draw_it_out() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    client.send_frame(b"{", Data::Text, false).await;
    let pinging = async {
        loop {
            let ping = Message::Ping(Vec::new().into());
            if client.socket.send(ping).await.is_err() {
                return;
            }
            let answer = tokio::time::timeout(PATIENCE, client.socket.next()).await;
            if !matches!(answer, Ok(Some(Ok(_)))) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let cut = tokio::time::timeout(PATIENCE, pinging).await;
    cut.expect("it is cut");
}

#[tokio::test]
async fn messages_in_pieces_one_after_the_other_are_served() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    // Twice as long as one of them may take.
    for _ in 0..10 {
        for piece in [&HEAD[..3], &HEAD[3..], &KEEPALIVE[..7], &KEEPALIVE[7..]] {
            put(&mut client, piece).await;
            tokio::time::sleep(LIMIT / 20).await;
        }
        assert_eq!(client.next().await, ServerMessage::Keepalive);
    }
}

#[tokio::test]
async fn who_says_nothing_for_longer_is_not_cut() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    client.assert_quiet().await;
    tokio::time::sleep(2 * LIMIT).await;
    client.assert_quiet().await;
}
