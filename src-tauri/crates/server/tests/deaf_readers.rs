//! Many people who do not read, in rooms of their own: those who talk elsewhere lose nothing, how much time it costs
//! them is printed, and each of the deaf costs the server no more memory than their queue may hold.
#![cfg(target_os = "linux")]

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, ServerMessage};
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, forward};
use crate::target::{Door, Target, median_and_p99};

/// As many rooms in which one writes and the other never reads.
const DEAF: u8 = 30;
/// What one of them may cost: the queue of 256 KiB, a description on its way to the kernel, and what the allocator
/// keeps of those who were cut before.
const DEAF_KIB: u64 = 2 * 300;
/// More descriptions of 32 KiB than the queue and the kernel's buffers hold.
const DESCRIPTIONS: usize = 200;
/// Between two of them: half of the rate that a connection may keep up.
const PACE: Duration = Duration::from_millis(100);
/// There and back, measured without the deaf and with them.
const TRIPS: usize = 150;
/// Between two of them, for the same rate's sake.
const PAUSE: Duration = Duration::from_millis(60);

/// One writes to another, who never reads, until that one is cut.
async fn write_until_cut(door: &Door, from: Ipv4Addr, room: &str) {
    let (writer, deaf) = tokio::join!(door.client_from(from), door.client_from(from));
    let (mut writer, mut deaf) = (writer.expect("it answers"), deaf.expect("it answers"));
    let (own, other) = (format!("{room}-a"), format!("{room}-b"));
    writer.join(room, &own).await;
    deaf.join(room, &other).await;
    assert!(matches!(writer.next().await, ServerMessage::NewPeer { .. }));
    let long = forward(room, &own, &other, &"x".repeat(32 * 1024));
    let offer = Message::text(ClientMessage::Offer(long).to_json());
    for _ in 0..DESCRIPTIONS {
        let sent = writer.socket.send(offer.clone()).await;
        sent.expect("who writes is served");
        match tokio::time::timeout(PACE, writer.next()).await {
            Ok(ServerMessage::PeerLeave { .. }) => return,
            Ok(other) => panic!("not expected: {other:?}"),
            Err(_) => {}
        }
    }
    panic!("nobody cuts the deaf");
}

/// In one room after the other, until it `is_over`; how often the deaf were cut.
async fn keep_writing(door: Door, n: u8, is_over: Arc<AtomicBool>) -> usize {
    let mut cut = 0;
    loop {
        let room = format!("deaf-{n}-{cut}");
        write_until_cut(&door, Ipv4Addr::new(127, 0, 3, n), &room).await;
        cut += 1;
        if is_over.load(Ordering::Relaxed) {
            return cut;
        }
    }
}

/// Everything that two say to each other arrives: the median and the 99th percentile of there and back, and the
/// memory that the server had at most.
async fn talk(target: &Target, a: &mut Client, b: &mut Client, what: &str) -> ([Duration; 2], u64) {
    let (mut took, mut peak_kib) = (Vec::new(), 0);
    for n in 0..TRIPS {
        let started = Instant::now();
        let said = format!("{what} {n}");
        let offer = forward("r", "a", "b", &said);
        a.send(&ClientMessage::Offer(offer.clone())).await;
        assert_eq!(b.next().await, ServerMessage::Offer(offer));
        let answer = forward("r", "b", "a", &said);
        b.send(&ClientMessage::Answer(answer.clone())).await;
        assert_eq!(a.next().await, ServerMessage::Answer(answer));
        took.push(started.elapsed());
        peak_kib = peak_kib.max(target.own_kib());
        tokio::time::sleep(PAUSE).await;
    }
    (median_and_p99(took), peak_kib)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_who_do_not_read_take_nothing_from_two_who_talk() {
    let mut target = Target::start();
    let (mut a, mut b) = target.couple().await;
    let (quiet, before_kib) = talk(&target, &mut a, &mut b, "quiet").await;
    let is_over = Arc::new(AtomicBool::new(false));
    let deaf: Vec<_> = (1..=DEAF)
        .map(|n| {
            let writing = keep_writing(target.door.clone(), n, Arc::clone(&is_over));
            tokio::spawn(writing)
        })
        .collect();
    let (beside, peak_kib) = talk(&target, &mut a, &mut b, "beside").await;
    is_over.store(true, Ordering::Relaxed);
    let mut cut = 0;
    for one in deaf {
        cut += one.await.expect("its deaf are cut");
    }
    println!(
        "{TRIPS} times there and back, nothing lost; alone: median {:.1?}, p99 {:.1?}; beside {DEAF} deaf readers at \
         a time, {cut} cut: median {:.1?}, p99 {:.1?}; own memory {before_kib} KiB before, {peak_kib} KiB at most",
        quiet[0], quiet[1], beside[0], beside[1],
    );
    let bound_kib = before_kib + u64::from(DEAF) * DEAF_KIB;
    assert!(peak_kib <= bound_kib, "{peak_kib} of {bound_kib} KiB");
    target.two_meet("afterwards").await;
    target.assert_unharmed("deaf readers", before_kib).await;
}
