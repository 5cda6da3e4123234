//! A server that is about to stop: the client comes back, at a random time.

use std::time::Duration;

use duet_signaling::SignalingEvent;
use duet_signaling::backoff::DRAINING_DELAY;

use crate::bench::{Client, server};

#[tokio::test]
async fn the_delay_is_within_five_seconds_and_differs() {
    let server = server().await;
    let mut clients: Vec<Client> = (0..6).map(|_| Client::start(&server.url())).collect();
    for client in &mut clients {
        client.opened().await;
    }
    let shutdown = tokio::spawn(server.shutdown());
    let mut delays: Vec<Duration> = Vec::new();
    for client in &mut clients {
        let delay = client
            .until(|event| match event {
                SignalingEvent::Lost { retry_in, error } => {
                    assert_eq!(error.code(), "draining");
                    Some(*retry_in)
                }
                _ => None,
            })
            .await;
        delays.push(delay);
    }
    assert!(delays.iter().all(|delay| *delay <= DRAINING_DELAY));
    delays.sort();
    delays.dedup();
    assert!(delays.len() > 1, "all at once: {delays:?}");
    shutdown.await.expect("the server ends");
}
