//! An ICE restart by either side finds a path again and media goes on.

use std::time::{Duration, Instant};

use duet_peer::StreamKind;
use duet_peer::sdp::ice_credentials;

use crate::common::{End, PATIENCE, connected, negotiate, run_for, sdp, send, talk};

/// Sends until something of it arrives on both sides: packets sent while there is no path are
/// lost, and nothing asks for the last ones.
pub(crate) async fn media_back(a: &mut End, b: &mut End) {
    let start = Instant::now();
    a.packets.clear();
    b.packets.clear();
    while a.received(StreamKind::Audio) == 0 || b.received(StreamKind::Audio) == 0 {
        assert!(start.elapsed() < PATIENCE, "{:?} {:?}", a.states, b.states);
        send(a, StreamKind::Audio, 2).await;
        send(b, StreamKind::Audio, 2).await;
        run_for(a, b, Duration::from_millis(20), |_, _| false).await;
    }
    println!("media back after {:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn media_goes_on_after_a_restart_from_either_side() {
    let (mut a, mut b) = connected().await;
    let (start, _) = negotiate(&a, &b, false).await;
    talk(&mut a, &mut b, 20).await;
    let (first, answer) = negotiate(&a, &b, true).await;
    media_back(&mut a, &mut b).await;
    let (second, _) = negotiate(&b, &a, true).await;
    let of = |message: &str| ice_credentials(&sdp(message)).expect("credentials");
    assert_ne!(of(&first), of(&start), "the offerer's change");
    assert_ne!(of(&second), of(&answer), "and so do the other's");
    media_back(&mut a, &mut b).await;
    run_for(&mut a, &mut b, Duration::from_millis(500), |_, _| false).await;
    talk(&mut a, &mut b, 20).await;
}
