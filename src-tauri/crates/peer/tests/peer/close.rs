//! A closed peer says so once and takes nothing more.

use duet_peer::{Codec, ConnectionState, PeerError, PeerEvent, SendOutcome};

use crate::common::{connected, packet};

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_peer_says_so_and_takes_nothing_more() {
    let (a, mut b) = connected().await;
    b.peer.close().await;
    b.peer.close().await;
    let mut states = Vec::new();
    while let Ok(event) = b.events.try_recv() {
        if let PeerEvent::State(state) = event {
            states.push(state);
        }
    }
    assert_eq!(states.last(), Some(&ConnectionState::Closed));
    assert_eq!(
        states
            .iter()
            .filter(|s| **s == ConnectionState::Closed)
            .count(),
        1
    );
    assert!(!states.contains(&ConnectionState::Failed));
    assert!(matches!(
        b.peer.create_offer(false).await,
        Err(PeerError::Closed)
    ));
    let outcome = b.peer.video_sender().send(packet(Codec::Vp8, 1, 10)).await;
    assert_eq!(outcome, Ok(SendOutcome::Paused));
    drop(a);
}
