//! A cable that is cut is noticed on both sides, and so is its mending.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use duet_peer::{ConnectionState, PeerConfig};

use crate::common::{End, both_connected, connected_with, loopback, run_until, talk};
use crate::lossy::{Loss, LossyRuntime};

fn with(loss: &Arc<Loss>) -> PeerConfig {
    PeerConfig {
        runtime: Some(Arc::new(LossyRuntime(loss.clone()))),
        ..loopback()
    }
}

/// States after the first connection, without those on the way.
fn since_connected(end: &End) -> Vec<ConnectionState> {
    let later = end
        .states
        .iter()
        .skip_while(|state| **state != ConnectionState::Connected);
    later
        .copied()
        .filter(|state| *state != ConnectionState::Connecting)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_and_its_end_are_told_without_anybody_sending_media() {
    let cable = Loss::new(0, 1);
    let (mut a, mut b) = connected_with(with(&cable), with(&cable)).await;
    cable.cut.store(true, Relaxed);
    let broken = |end: &End| end.state() == Some(ConnectionState::Disconnected);
    assert!(run_until(&mut a, &mut b, |a, b| broken(a) && broken(b)).await);
    cable.cut.store(false, Relaxed);
    assert!(run_until(&mut a, &mut b, both_connected).await);
    talk(&mut a, &mut b, 20).await;
    for end in [&a, &b] {
        let states = since_connected(end);
        let expected = [
            ConnectionState::Connected,
            ConnectionState::Disconnected,
            ConnectionState::Connected,
        ];
        assert_eq!(states[..2], expected[..2]);
        assert_eq!(states.last(), expected.last(), "{states:?}");
    }
}
