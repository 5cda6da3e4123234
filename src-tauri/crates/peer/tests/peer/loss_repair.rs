//! With a tenth of all media lost below SRTP every video packet arrives, and not at any price.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::common::{End, connected_with, loopback, number, send};
use crate::lossy::{Loss, LossyRuntime};
use duet_peer::{PeerConfig, StreamKind};

const COUNT: u32 = 1_000;

fn over(loss: &Arc<Loss>) -> PeerConfig {
    PeerConfig {
        runtime: Some(Arc::new(LossyRuntime(loss.clone()))),
        ..loopback()
    }
}

/// Everything that comes until a second after the last.
async fn arrivals(end: &mut End) -> Vec<u32> {
    while let Ok(Some(event)) = timeout(Duration::from_secs(1), end.events.recv()).await {
        end.note(event);
        if matches!(end.packets.last(), Some(packet) if number(packet) + 1 == COUNT) {
            break;
        }
    }
    let rest = Instant::now() + Duration::from_secs(1);
    while let Ok(Some(event)) = tokio::time::timeout_at(rest, end.events.recv()).await {
        end.note(event);
    }
    end.packets.iter().map(number).collect()
}

fn arrived_first(numbers: &BTreeSet<u32>) -> u32 {
    *numbers.first().expect("something arrived")
}

fn arrived_last(numbers: &BTreeSet<u32>) -> u32 {
    *numbers.last().expect("something arrived")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_packet_arrives_once_and_retransmissions_are_bounded() {
    let (there, back) = (Loss::new(0, 0x9e37_79b9), Loss::new(0, 0x7f4a_7c15));
    let (a, mut b) = connected_with(over(&there), over(&back)).await;
    there
        .percent
        .store(10, std::sync::atomic::Ordering::Relaxed);
    back.percent.store(10, std::sync::atomic::Ordering::Relaxed);
    let (_, arrived) = tokio::join!(send(&a, StreamKind::Video, COUNT), arrivals(&mut b));
    let distinct: BTreeSet<u32> = arrived.iter().copied().collect();
    assert_eq!(distinct.len(), arrived.len(), "nothing twice");
    // What was lost before the first or after the last cannot be known to be missing.
    let (first, last) = (arrived_first(&distinct), arrived_last(&distinct));
    assert!(first < 5 && last + 5 > COUNT, "{first}..={last}");
    let missing: Vec<u32> = (first..=last).filter(|n| !distinct.contains(n)).collect();
    assert!(missing.is_empty(), "missing {missing:?}");
    let (sent, received) = (a.peer.stats().await.video, b.peer.stats().await.video);
    println!(
        "{} sent, {} dropped on the way there, {} asked for, {} retransmitted, {} repaired",
        sent.packets_sent,
        there.dropped.load(std::sync::atomic::Ordering::Relaxed),
        received.nacks_sent,
        sent.retransmissions_sent,
        received.packets_repaired,
    );
    assert!(received.packets_repaired >= 50, "the loss was real");
    assert!(
        sent.retransmissions_sent <= u64::from(COUNT) / 5,
        "one loss in ten, twice that"
    );
}
