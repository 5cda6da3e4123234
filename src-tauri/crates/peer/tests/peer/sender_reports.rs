//! Sender reports tie the RTP clock to the time of capture, not of sending.

use std::time::{Duration, Instant};

use crate::common::{End, connected, packet, run_until};
use duet_peer::{Codec, StreamKind};

#[tokio::test(flavor = "multi_thread")]
async fn a_late_encoder_does_not_shift_the_clock() {
    let (mut a, mut b) = connected().await;
    let sender = a.peer.video_sender();
    let start = Instant::now();
    let sending = tokio::spawn(async move {
        for frame in 0..120_u32 {
            // Captured every 33 ms, and always sent 500 ms later.
            let captured = start + Duration::from_millis(u64::from(frame) * 33);
            tokio::time::sleep_until((captured + Duration::from_millis(500)).into()).await;
            let mut outgoing = packet(Codec::Vp8, frame, 100);
            outgoing.timestamp = frame * 33 * 90;
            outgoing.captured = Some(captured);
            let _ = sender.send(outgoing).await;
        }
    });
    let reported = |_: &End, b: &End| b.sender_reports.len() >= 2;
    assert!(run_until(&mut a, &mut b, reported).await);
    sending.abort();
    let reports: Vec<_> = b
        .sender_reports
        .iter()
        .filter(|r| r.0 == StreamKind::Video)
        .collect();
    let (_, ntp, rtp) = reports[reports.len() - 1];
    let since_start = f64::from(*rtp) / 90_000.0;
    // `ntp` in seconds, against the wall clock at the start of capture.
    let ntp_seconds = *ntp as f64 / 4_294_967_296.0;
    let unix = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let start_unix = unix.as_secs_f64() - start.elapsed().as_secs_f64();
    let offset = ntp_seconds - 2_208_988_800.0 - start_unix - since_start;
    println!(
        "offset between report and capture clock: {:.1} ms",
        offset * 1_000.0
    );
    assert!(
        offset.abs() < 0.25,
        "half a second of encoding must not show: {offset}"
    );
}
