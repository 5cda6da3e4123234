//! A description whose fingerprint is not the certificate's connects nobody and carries nothing.

use std::time::Duration;

use crate::common::{End, loopback, packet, run_for, run_until};
use duet_peer::{Codec, ConnectionState, SendOutcome};

/// One hex digit of the fingerprint changed.
fn forge(message: &str) -> String {
    let at = message.find("sha-256 ").unwrap() + "sha-256 ".len();
    let original = &message[at..at + 95];
    let first = if original.starts_with('0') { "1" } else { "0" };
    message.replace(original, &format!("{first}{}", &original[1..]))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_media_flows_and_the_connection_fails() {
    let (mut a, mut b) = (End::new(loopback()).await, End::new(loopback()).await);
    let offer = a.peer.create_offer(false).await.unwrap();
    let answer = b.peer.apply_offer(&forge(&offer)).await.unwrap();
    a.peer.apply_answer(&answer).await.unwrap();
    let start = std::time::Instant::now();
    let failed = |_: &End, b: &End| b.states.contains(&ConnectionState::Failed);
    assert!(run_until(&mut a, &mut b, failed).await, "b: {:?}", b.states);
    assert_eq!(b.wrong_certificates, 1, "and it says why");
    println!("refused after {:?}", start.elapsed());
    let outcome = b.peer.video_sender().send(packet(Codec::Vp8, 1, 100)).await;
    assert_eq!(outcome, Ok(SendOutcome::Paused));
    // What a believes does not matter: it gets nothing, and nothing of it is taken.
    for index in 0..50 {
        let _ = a
            .peer
            .video_sender()
            .send(packet(Codec::Vp8, index, 100))
            .await;
    }
    run_for(&mut a, &mut b, Duration::from_millis(500), |_, _| false).await;
    assert!(!b.states.contains(&ConnectionState::Connected));
    assert_eq!((a.packets.len(), b.packets.len()), (0, 0));
}
