//! The server ends politely.

use duet_protocol::CloseReason;
use futures_util::StreamExt;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{couple, server};

#[tokio::test]
async fn everybody_is_told_to_come_back_and_nobody_is_left() {
    let server = server().await;
    let (mut a, mut b) = couple(&server).await;
    let url = server.url();
    let ends = async { tokio::join!(a.close_code(), b.close_code()) };
    let ((), codes) = tokio::join!(server.shutdown(), ends);
    let draining = Some(CloseReason::Draining.code());
    assert_eq!(codes, (draining, draining));
    assert!(connect_async(url).await.is_err());
}

#[tokio::test]
async fn the_others_seem_to_stay_while_the_server_goes() {
    for _ in 0..20 {
        let server = server().await;
        let (mut a, mut b) = couple(&server).await;
        let firsts = async move {
            // Dropped after it, for the server waits a moment for their answers.
            tokio::join!(a.socket.next(), b.socket.next())
        };
        let ((), (to_a, to_b)) = tokio::join!(server.shutdown(), firsts);
        for first in [to_a, to_b] {
            assert!(matches!(first, Some(Ok(Message::Close(_)))), "{first:?}");
        }
    }
}

#[tokio::test]
async fn run_until_ends_with_its_signal() {
    let server = server().await;
    let (mut a, _b) = couple(&server).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(server.run_until(async {
        let _ = stopped.await;
    }));
    a.assert_quiet().await;
    stop.send(()).expect("the server waits");
    assert_eq!(a.close_code().await, Some(4010));
    drop((a, _b));
    running.await.expect("no panic");
}

#[tokio::test]
async fn dropping_the_server_ends_it() {
    let server = server().await;
    let (mut a, _b) = couple(&server).await;
    drop(server);
    assert_eq!(a.close_code().await, Some(4010));
}
