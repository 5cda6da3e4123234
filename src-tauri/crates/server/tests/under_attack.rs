//! What a flood and a slowloris together cost those who only want to call: never the call, and how much time
//! is printed.
#![cfg(target_os = "linux")]

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, ServerMessage};
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

use crate::client::forward;
use crate::target::Target;

/// Measured before the attack, and during it.
const CALLS: usize = 60;
/// From so many addresses, each with the caps that the server has for one by itself.
const ADDRESSES: u8 = 10;
/// Half-open handshakes of each that drip a letter now and then.
const SLOW: usize = 25;
/// Connections of each that say nonsense as fast as they may, and come again when they are closed.
const LOUD: usize = 20;
/// Connections of each that are opened and left, one after the other, in so many rows.
const COMING: usize = 5;
/// Before somebody who was refused tries again. Attackers that take all of this machine would measure it, and
/// not the server.
const BREATH: Duration = Duration::from_millis(500);

/// From nothing to an answer that has crossed the room: two connections, two joins, an offer and its answer.
async fn set_up(target: &Target, room: &str) -> Duration {
    let started = Instant::now();
    let (mut a, mut b) = tokio::join!(target.client(), target.client());
    let (own, other) = (format!("{room}-a"), format!("{room}-b"));
    a.join(room, &own).await;
    b.join(room, &other).await;
    assert!(matches!(a.next().await, ServerMessage::NewPeer { .. }));
    assert!(matches!(b.next().await, ServerMessage::RespJoin { .. }));
    let offer = forward(room, &own, &other, "{}");
    a.send(&ClientMessage::Offer(offer.clone())).await;
    assert_eq!(b.next().await, ServerMessage::Offer(offer));
    let answer = forward(room, &other, &own, "{}");
    b.send(&ClientMessage::Answer(answer.clone())).await;
    assert_eq!(a.next().await, ServerMessage::Answer(answer));
    started.elapsed()
}

/// Every one of them comes about; the median and the 99th percentile.
async fn calls(target: &Target, what: &str) -> [Duration; 2] {
    let mut took = Vec::new();
    for n in 0..CALLS {
        took.push(set_up(target, &format!("{what}-{n}")).await);
    }
    took.sort_unstable();
    let of = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)];
    [of(50), of(99)]
}

/// What the attackers got done.
#[derive(Default)]
struct Attack {
    is_over: AtomicBool,
    slow: AtomicUsize,
    messages: AtomicUsize,
    connections: AtomicUsize,
}

impl Attack {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    /// Drips into a handshake until it is cut, and begins another.
    async fn slow(&self, target: &Target, from: Ipv4Addr) {
        while self.goes_on() {
            if let Some(mut stream) = target.tcp_from(from).await {
                self.slow.fetch_add(1, Ordering::Relaxed);
                let mut text = &b"GET /ws HTTP/1.1\r\nHost: "[..];
                while stream.write_all(text).await.is_ok() && self.goes_on() {
                    text = b"x";
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Talks nonsense as fast as it is let.
    async fn loud(&self, target: &Target, from: Ipv4Addr) {
        let nonsense = Message::text("{\"cmd\":\"offer\",\"msg\":".repeat(500));
        while self.goes_on() {
            if let Some(client) = target.client_from(from).await {
                self.connections.fetch_add(1, Ordering::Relaxed);
                let (mut sink, mut stream) = client.socket.split();
                let talking = async {
                    while self.goes_on() && sink.send(nonsense.clone()).await.is_ok() {
                        self.messages.fetch_add(1, Ordering::Relaxed);
                    }
                };
                let listening =
                    async { while stream.next().await.is_some_and(|read| read.is_ok()) {} };
                tokio::select! {
                    () = talking => {}
                    () = listening => {}
                }
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Comes and goes.
    async fn coming(&self, target: &Target, from: Ipv4Addr) {
        while self.goes_on() {
            drop(target.client_from(from).await);
            self.connections.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(BREATH).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_flood_and_a_slowloris_run_every_call_comes_about() {
    let target = Arc::new(Target::start_with_defaults());
    // What is allocated and looked up once is not the attack's.
    set_up(&target, "warm").await;
    let idle = calls(&target, "idle").await;
    let attack = Arc::new(Attack::default());
    let mut attackers = tokio::task::JoinSet::new();
    for (address, n) in (1..=ADDRESSES).flat_map(|address| {
        let each = 0..SLOW + LOUD + COMING;
        each.map(move |n| (address, n))
    }) {
        let (attack, target) = (Arc::clone(&attack), Arc::clone(&target));
        // Those who want to call come from 127.0.0.1.
        let from = Ipv4Addr::new(127, 0, 1, address);
        attackers.spawn(async move {
            match n {
                0..SLOW => attack.slow(&target, from).await,
                n if n < SLOW + LOUD => attack.loud(&target, from).await,
                _ => attack.coming(&target, from).await,
            }
        });
    }
    while attack.slow.load(Ordering::Relaxed) < SLOW * usize::from(ADDRESSES) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let attacked = calls(&target, "attacked").await;
    attack.is_over.store(true, Ordering::Relaxed);
    let ended = tokio::time::timeout(Duration::from_secs(60), async {
        while attackers.join_next().await.is_some() {}
    });
    ended.await.expect("the attackers stop");
    let count = |figure: &AtomicUsize| figure.load(Ordering::Relaxed);
    println!(
        "{CALLS} calls each, all set up; idle: median {:.1?}, p99 {:.1?}; attacked: median {:.1?}, p99 {:.1?}; \
         {} slow handshakes, {} connections, {} messages of the flood",
        idle[0],
        idle[1],
        attacked[0],
        attacked[1],
        count(&attack.slow),
        count(&attack.connections),
        count(&attack.messages)
    );
    let mut target = Arc::into_inner(target).expect("nobody else has it");
    assert!(target.program.is_running());
    target.two_meet("afterwards").await;
}
