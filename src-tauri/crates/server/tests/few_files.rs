//! A server that has no file descriptors left: whoever is in is served, waiting for some to be free costs it next to
//! no processor time, and as soon as there are some it takes people again.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, ServerMessage};

use crate::client::{Client, forward};
use crate::target::{Target, median_and_p99};

/// What `prlimit` leaves to the server.
const FILES: usize = 256;
/// Who comes though there is no place: some wait to be accepted, as long as it lasts.
const TOO_MANY: usize = 64;
/// How long it lasts.
const SHORTAGE: Duration = Duration::from_secs(10);
/// Between two descriptions of those who are in.
const PACE: Duration = Duration::from_millis(100);
/// What a loop that spins would exceed by far on any machine; the figure itself is printed.
const SPINNING: f64 = 0.9;

/// Descriptions from one to the other, for as long as it takes; each arrives.
async fn talk(a: &mut Client, b: &mut Client, until: Instant) -> Vec<Duration> {
    let mut took = Vec::new();
    while Instant::now() < until {
        let offer = forward("r", "a", "b", &format!("{{\"n\":{}}}", took.len()));
        let sent = Instant::now();
        a.send(&ClientMessage::Offer(offer.clone())).await;
        assert_eq!(b.next().await, ServerMessage::Offer(offer));
        took.push(sent.elapsed());
        tokio::time::sleep(PACE).await;
    }
    took
}

/// People who stay, until no more get in.
async fn fill(target: &Target) -> Vec<Client> {
    let mut inside = Vec::new();
    for _ in 0..FILES {
        let coming = tokio::time::timeout(Duration::from_secs(2), target.try_client());
        match coming.await {
            Ok(Some(client)) => inside.push(client),
            Ok(None) | Err(_) => break,
        }
    }
    inside
}

#[tokio::test]
async fn without_file_descriptors_nothing_spins_and_who_comes_later_gets_in_soon() {
    let mut target = Target::start_with_files(FILES);
    let (mut a, mut b) = target.couple().await;
    let before_kib = target.own_kib();
    let inside = fill(&target).await;
    assert!(inside.len() > FILES / 2, "only {} are in", inside.len());
    let trouble = |line: &str| line.contains("cannot accept connections");
    let told = target
        .program
        .wait_for_line(Duration::from_secs(10), trouble);
    told.expect("it says so");
    let mut waiting = Vec::new();
    for _ in 0..TOO_MANY {
        waiting.push(target.tcp().await);
    }
    let (used, since) = (target.processor_time(), Instant::now());
    let took = talk(&mut a, &mut b, since + SHORTAGE).await;
    let busy = (target.processor_time() - used).as_secs_f64() / since.elapsed().as_secs_f64();
    drop((inside, waiting));
    let free = Instant::now();
    let mut comer = target.client().await;
    comer.join("other", "c").await;
    let served = free.elapsed();
    let (count, [median, p99]) = (took.len(), median_and_p99(took));
    println!(
        "{FILES} file descriptors, all in use for {SHORTAGE:?} with {TOO_MANY} waiting: {count} descriptions of those \
         who are in, all arrived, median {median:.1?}, p99 {p99:.1?}; {:.1} % of a core; who comes when they \
         are free is in a room after {served:.1?}",
        busy * 100.0
    );
    assert!(busy < SPINNING, "it spins: {busy:.2} of a core");
    a.assert_quiet().await;
    target
        .assert_unharmed("no file descriptors", before_kib)
        .await;
}
