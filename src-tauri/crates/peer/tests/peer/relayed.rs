//! A call through relays: how soon it connects, what it adds to each packet, and that its first packet
//! arrives. Times are printed, for people; the machine may be busy.

use std::time::{Duration, Instant};

use duet_peer::{PeerConfig, StreamKind};

use crate::common::{End, both_connected, loopback, negotiate, packet, run_until, talk};
use crate::relays::{own_relay, relay_only};

const PACKETS: u32 = 300;

/// Two who are connected, and how long that took.
async fn connect(a: PeerConfig, b: PeerConfig) -> (End, End, Duration) {
    let (mut a, mut b) = (End::new(a).await, End::new(b).await);
    let start = Instant::now();
    negotiate(&a, &b, false).await;
    let connected = run_until(&mut a, &mut b, both_connected).await;
    assert!(connected, "no connection");
    (a, b, start.elapsed())
}

/// From `send` to the other's event, packet by packet.
async fn delays(from: &End, to: &mut End) -> Vec<Duration> {
    let sender = from.peer.audio_sender();
    let codec = sender.codec().expect("negotiated").codec;
    let mut delays = Vec::new();
    for number in 0..PACKETS {
        let start = Instant::now();
        sender.send(packet(codec, number, 200)).await.expect("open");
        while to.received(StreamKind::Audio) <= number as usize {
            let event = tokio::time::timeout(Duration::from_secs(5), to.events.recv()).await;
            to.note(event.expect("packet {number} arrives").expect("open"));
        }
        delays.push(start.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    delays.sort_unstable();
    delays
}

#[tokio::test(flavor = "multi_thread")]
async fn through_our_own_relay() {
    let server = own_relay().await;
    let urls = [format!("turn:{}?transport=udp", server.turn_addrs()[0])];
    for run in 0..3 {
        let (a, mut b, soon) = connect(loopback(), loopback()).await;
        let direct = delays(&a, &mut b).await;
        let (mut a, mut b, took) =
            connect(relay_only(&urls, "ana"), relay_only(&urls, "ben")).await;
        let relayed = delays(&a, &mut b).await;
        talk(&mut a, &mut b, 20).await;
        assert!(
            a.candidates.iter().flatten().all(|candidate| {
                let typ = candidate.contains("typ relay raddr 0.0.0.0 rport 0");
                typ && !candidate.contains("turn:")
            }),
            "{:?}",
            a.candidates
        );
        for end in [&a, &b] {
            let path = end.peer.stats().await.path.expect("a path");
            assert_eq!(path.local_candidate, "relay");
        }
        let half = PACKETS as usize / 2;
        println!(
            "run {run}: connected after {soon:.1?}, relayed after {took:.1?}; \
             a packet takes {:.0?}, relayed {:.0?} (p50), {:.0?}, {:.0?} (p95)",
            direct[half],
            relayed[half],
            direct[half * 19 / 10],
            relayed[half * 19 / 10],
        );
    }
}
