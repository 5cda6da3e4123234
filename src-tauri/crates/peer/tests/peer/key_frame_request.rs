//! A request for a key frame reaches the sender, and a flood of them does not.

use std::time::Duration;

use duet_peer::StreamKind;

use crate::common::{End, connected, run_for, run_until, talk};

#[tokio::test(flavor = "multi_thread")]
async fn one_request_passes_and_a_flood_is_thinned() {
    let (mut a, mut b) = connected().await;
    b.peer.request_key_frame(StreamKind::Video).await;
    talk(&mut a, &mut b, 5).await;
    assert_eq!(
        a.key_frame_requests, 0,
        "nothing to ask of before the first packet"
    );
    b.peer.request_key_frame(StreamKind::Video).await;
    let asked = |a: &End, _: &End| a.key_frame_requests == 1;
    assert!(run_until(&mut a, &mut b, asked).await);
    for _ in 0..100 {
        b.peer.request_key_frame(StreamKind::Video).await;
    }
    run_for(&mut a, &mut b, Duration::from_millis(200), |_, _| false).await;
    let (a_stats, b_stats) = (a.peer.stats().await.video, b.peer.stats().await.video);
    assert!(a.key_frame_requests <= 2);
    assert!(
        b_stats.plis_sent <= 2 && b_stats.plis_sent >= 1,
        "{}",
        b_stats.plis_sent
    );
    assert_eq!(a_stats.plis_received, b_stats.plis_sent);
}
