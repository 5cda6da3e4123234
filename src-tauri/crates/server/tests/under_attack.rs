//! What a flood, a slowloris, pings without end and people who do not read together cost those who only want to
//! call: never the call, and how much time is printed. Nor do they leave a panic or memory behind.
#![cfg(target_os = "linux")]

use std::env;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, ServerMessage};
use duet_testkit::process::Process;
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

use crate::client::forward;
use crate::target::{Door, Target, median_and_p99};

/// Measured before the attack, and during it.
const CALLS: usize = 500;
/// Between two of them: one that comes about has left its two connections' ends to the server.
const PAUSE: Duration = Duration::from_millis(5);
/// Says to this test, in a process of its own, whom it attacks.
const ATTACKED: &str = "DUET_TEST_ATTACKED";
/// What the attackers say when all of them have begun.
const BEGUN: &str = "attacking";
/// From so many addresses, each with the caps that the server has for one by itself.
const ADDRESSES: u8 = 10;
/// Half-open handshakes of each that drip a letter now and then.
const SLOW: usize = 25;
/// Connections of each that say nonsense as fast as they may, and come again when they are closed.
const LOUD: usize = 20;
/// Connections of each that are opened and left, one after the other, in so many rows.
const COMING: usize = 5;
/// Two more addresses, of which each has so many connections that ping as fast as they may.
const PINGING: usize = 20;
/// And two, of which each has so many rooms where one writes and the other never reads.
const DEAF: usize = 10;
/// Descriptions of 32 KiB that are written there: several times what the server keeps for one who does not read.
const UNREAD: usize = 60;
/// Before somebody who was refused tries again.
const BREATH: Duration = Duration::from_millis(500);

/// From nothing to an answer that has crossed the room: two connections, two joins, an offer and its answer.
async fn set_up(target: &Target, from: Ipv4Addr, room: &str) -> Duration {
    let started = Instant::now();
    let (a, b) = tokio::join!(target.door.client_from(from), target.door.client_from(from));
    let (mut a, mut b) = (a.expect("it answers"), b.expect("it answers"));
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
pub(crate) async fn calls(target: &Target, what: &str) -> [Duration; 2] {
    let mut took = Vec::new();
    for n in 0..CALLS {
        // People call from many addresses.
        let from = Ipv4Addr::new(127, 0, 2, u8::try_from(1 + n % 200).expect("below 256"));
        took.push(set_up(target, from, &format!("{what}-{n}")).await);
        tokio::time::sleep(PAUSE).await;
    }
    median_and_p99(took)
}

/// What the attackers got done.
#[derive(Default)]
struct Attack {
    slow: AtomicUsize,
    messages: AtomicUsize,
    connections: AtomicUsize,
    pings: AtomicUsize,
    unread: AtomicUsize,
}

impl Attack {
    /// Drips into a handshake until it is cut, and begins another.
    async fn slow(&self, door: &Door, from: Ipv4Addr) {
        loop {
            if let Some(mut stream) = door.tcp_from(from).await {
                self.slow.fetch_add(1, Ordering::Relaxed);
                let mut text = &b"GET /ws HTTP/1.1\r\nHost: "[..];
                while stream.write_all(text).await.is_ok() {
                    text = b"x";
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Talks nonsense as fast as it is let.
    async fn loud(&self, door: &Door, from: Ipv4Addr) {
        let nonsense = Message::text("{\"cmd\":\"offer\",\"msg\":".repeat(500));
        loop {
            if let Some(client) = door.client_from(from).await {
                self.connections.fetch_add(1, Ordering::Relaxed);
                let (mut sink, mut stream) = client.socket.split();
                let talking = async {
                    while sink.send(nonsense.clone()).await.is_ok() {
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

    /// Pings as fast as it is let.
    async fn pinging(&self, door: &Door, from: Ipv4Addr) {
        loop {
            if let Some(mut client) = door.client_from(from).await {
                self.connections.fetch_add(1, Ordering::Relaxed);
                while client
                    .socket
                    .send(Message::Ping(Vec::new().into()))
                    .await
                    .is_ok()
                {
                    self.pings.fetch_add(1, Ordering::Relaxed);
                }
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Writes to somebody who does not read.
    async fn deaf(&self, door: &Door, from: Ipv4Addr, room: &str) {
        for n in 0_u32.. {
            let (room, own, other) = (
                format!("{room}-{n}"),
                format!("{room}-{n}-a"),
                format!("{room}-{n}-b"),
            );
            let long = forward(&room, &own, &other, &"x".repeat(32 * 1024));
            let offer = Message::text(ClientMessage::Offer(long).to_json());
            let both = tokio::join!(door.client_from(from), door.client_from(from));
            if let (Some(mut writes), Some(mut deaf)) = both {
                writes.join(&room, &own).await;
                deaf.join(&room, &other).await;
                for _ in 0..UNREAD {
                    if writes.socket.send(offer.clone()).await.is_err() {
                        break;
                    }
                    self.unread.fetch_add(1, Ordering::Relaxed);
                }
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Comes and goes.
    async fn coming(&self, door: &Door, from: Ipv4Addr) {
        loop {
            drop(door.client_from(from).await);
            self.connections.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(BREATH).await;
        }
    }
}

/// All of them, until this process is ended.
async fn attack(url: &str) {
    let door = Door::at(url);
    let attack = Arc::new(Attack::default());
    for (address, n) in (1..=ADDRESSES).flat_map(|address| {
        let each = 0..SLOW + LOUD + COMING;
        each.map(move |n| (address, n))
    }) {
        let (attack, door) = (Arc::clone(&attack), door.clone());
        // Those who want to call come from elsewhere.
        let from = Ipv4Addr::new(127, 0, 1, address);
        tokio::spawn(async move {
            match n {
                0..SLOW => attack.slow(&door, from).await,
                n if n < SLOW + LOUD => attack.loud(&door, from).await,
                _ => attack.coming(&door, from).await,
            }
        });
    }
    for address in ADDRESSES + 1..=ADDRESSES + 2 {
        let pinging = Ipv4Addr::new(127, 0, 1, address);
        for _ in 0..PINGING {
            let (attack, door) = (Arc::clone(&attack), door.clone());
            tokio::spawn(async move { attack.pinging(&door, pinging).await });
        }
        let deaf = Ipv4Addr::new(127, 0, 1, address + 2);
        for n in 0..DEAF {
            let (attack, door) = (Arc::clone(&attack), door.clone());
            let room = format!("deaf-{address}-{n}");
            tokio::spawn(async move { attack.deaf(&door, deaf, &room).await });
        }
    }
    while attack.slow.load(Ordering::Relaxed) < SLOW * usize::from(ADDRESSES) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("{BEGUN}");
    let mut line = String::new();
    let until_told = tokio::task::spawn_blocking(move || std::io::stdin().read_line(&mut line));
    until_told.await.expect("it reads").expect("a line");
    let count = |figure: &AtomicUsize| figure.load(Ordering::Relaxed);
    println!(
        "{} slow handshakes, {} connections, {} messages of the flood, {} pings, {} descriptions that nobody read",
        count(&attack.slow),
        count(&attack.connections),
        count(&attack.messages),
        count(&attack.pings),
        count(&attack.unread),
    );
}

/// This test once more, as the attackers. At the lowest priority: they share the processors with the server,
/// which attackers elsewhere would not.
fn start_attackers(target: &Target) -> Process {
    let mut command = Command::new("nice");
    command.args(["-n", "19"]);
    command.arg(env::current_exe().expect("it runs"));
    command.args(["--exact", "--nocapture"]);
    command.arg("under_attack::while_a_flood_and_a_slowloris_run_every_call_comes_about");
    command
        .stdin(Stdio::piped())
        .env(ATTACKED, target.door.url());
    Process::spawn("the attackers", &mut command).expect("it starts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_flood_and_a_slowloris_run_every_call_comes_about() {
    if let Ok(url) = env::var(ATTACKED) {
        return attack(&url).await;
    }
    let mut target = Target::start_with_defaults();
    // What is allocated and looked up once is not the attack's.
    calls(&target, "warm").await;
    let idle = calls(&target, "idle").await;
    let before_kib = target.own_kib();
    let mut attackers = start_attackers(&target);
    let begun = attackers.wait_for_line(Duration::from_secs(60), |line| line == BEGUN);
    begun.expect("they begin");
    let attacked = calls(&target, "attacked").await;
    println!(
        "{CALLS} calls each, all set up; idle: median {:.1?}, p99 {:.1?}; attacked: median {:.1?}, p99 {:.1?}",
        idle[0], idle[1], attacked[0], attacked[1],
    );
    drop(attackers.take_stdin());
    attackers.wait(Duration::from_secs(60)).expect("they stop");
    let counts = attackers.lines().into_iter();
    let counts: Vec<String> = counts.filter(|line| line.contains("flood")).collect();
    println!("{}", counts.join("\n"));
    target.two_meet("afterwards").await;
    target.assert_unharmed("the attack", before_kib).await;
}
