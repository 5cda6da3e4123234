//! A server that is about to stop: the client comes back, at a random time.

use std::time::{Duration, Instant};

use duet_protocol::ClientMessage;
use duet_signaling::SignalingEvent;
use duet_signaling::backoff::DRAINING_DELAY;

use crate::bench::{Client, server, server_at};

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

/// A restart, as an operator does it: nobody asks the clients to come back.
#[tokio::test]
async fn forty_come_back_to_the_next_server() {
    let first = server().await;
    let address = first.local_addrs()[0];
    let mut clients = Vec::new();
    for index in 0..40 {
        let mut client = Client::start(&first.url());
        client.handle.send(ClientMessage::Join {
            room_id: format!("room-{}", index / 2),
            uid: format!("u{index}"),
            name: None,
            resume: true,
            resume_token: None,
            token: None,
        });
        client.joined().await;
        clients.push(client);
    }
    let start = Instant::now();
    first.shutdown().await;
    let second = server_at(address).await;
    for client in &mut clients {
        client.joined().await;
    }
    println!("all are back after {:.1?}", start.elapsed());
    assert_eq!(second.stats().members, 40);
}
