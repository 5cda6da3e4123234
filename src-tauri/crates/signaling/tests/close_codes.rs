//! What the client makes of the server's close codes.

use duet_signaling::{SignalingError, SignalingEvent};

use crate::bench::Client;
use crate::listener::{Listener, close};

async fn closed_with(code: u16) -> SignalingEvent {
    let listener = Listener::start().await;
    let mut client = Client::start(&listener.url());
    let socket = listener.accept().await;
    client.opened().await;
    tokio::spawn(close(socket, code));
    client.next().await
}

#[tokio::test]
async fn faults_of_ours_and_replacement_are_final() {
    for (code, key) in [
        (1003, "closed"),
        (1009, "closed"),
        (4001, "closed"),
        (4003, "replaced"),
    ] {
        match closed_with(code).await {
            SignalingEvent::Failed(error) => {
                assert_eq!(error, SignalingError::Closed { code });
                assert_eq!(error.code(), key);
            }
            other => panic!("{code}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn everything_else_is_tried_again() {
    for code in [1000, 1001, 1011, 1012, 4002, 4008, 4010] {
        match closed_with(code).await {
            SignalingEvent::Lost { error, .. } => {
                assert_eq!(error, SignalingError::Closed { code });
            }
            other => panic!("{code}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn cut_off_without_a_word() {
    let listener = Listener::start().await;
    let mut client = Client::start(&listener.url());
    let socket = listener.accept().await;
    client.opened().await;
    drop(socket);
    assert!(matches!(client.problem().await, SignalingError::Broken(_)));
}
