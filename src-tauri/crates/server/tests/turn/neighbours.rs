//! One relay is asked for far more than it may pass on: it gets what it may, and the call beside it keeps its packets.
#![cfg(target_os = "linux")]

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use duet_server::turn::stun::Method;
use duet_testkit::port::free_port;

use super::dialogue::{Dialogue, SECRET, channel, channel_data};
use super::network::Phone;
use crate::program::{Program, start};

/// A gigabit a second in datagrams of this size.
const DATAGRAM: usize = 1_200;
const GIGABIT: u64 = 125_000_000;
/// Before it looks at the clock.
const BURST: u64 = 16;
/// The call beside it: a little under two megabits a second.
const PACKETS: usize = 1_000;
const BETWEEN: Duration = Duration::from_millis(5);
/// What the settings let one relay pass on in a second, in bytes.
const CAP: u64 = 2_500_000;

struct Scene {
    _program: Program,
    relay: SocketAddr,
}

impl Scene {
    fn start() -> Self {
        let port = free_port().expect("a free port");
        let relay = SocketAddr::from(([127, 0, 0, 1], port));
        let address = relay.to_string();
        let mut flags = vec!["--turn-listen", &address, "--turn-udp-only"];
        flags.extend(["--turn-allow-same-host", "--turn-secret", SECRET]);
        let (program, _urls) = start(&flags, 1);
        Self {
            _program: program,
            relay,
        }
    }

    /// A relay with a channel to somebody, and the socket of that somebody.
    async fn path(&self, uid: &str) -> (Phone, UdpSocket) {
        let mut phone = Phone::at(self.relay, Dialogue::of(uid)).await;
        phone.allocate().await.expect("a relay");
        let peer = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let address = peer.local_addr().expect("bound");
        let bound = phone
            .ask(Method::CHANNEL_BIND, &channel(0x4000, address))
            .await;
        assert_eq!(bound.code, None);
        (phone, peer)
    }
}

/// Bytes that come out of a relay, until `done`.
fn count(peer: &UdpSocket, done: &AtomicBool) -> (u64, u64) {
    peer.set_read_timeout(Some(Duration::from_millis(200)))
        .expect("possible");
    let (mut packets, mut bytes) = (0, 0);
    let mut buffer = [0; 2_000];
    loop {
        match peer.recv(&mut buffer) {
            Ok(length) => {
                packets += 1;
                bytes += length as u64;
            }
            Err(_) if done.load(Ordering::Relaxed) => return (packets, bytes),
            Err(_) => {}
        }
    }
}

/// Asks for a gigabit a second, and for what it could in fact be made to take.
fn flood(socket: &UdpSocket, relay: SocketAddr, done: &AtomicBool, asked: &AtomicU64) {
    let datagram = channel_data(0x4000, &[0; DATAGRAM]);
    let begun = Instant::now();
    let mut sent = 0;
    while !done.load(Ordering::Relaxed) {
        let due = begun.elapsed().as_micros() as u64 * GIGABIT / 1_000_000;
        if sent >= due {
            thread::sleep(Duration::from_micros(100));
            continue;
        }
        for _ in 0..BURST {
            if socket.send_to(&datagram, relay).is_ok() {
                sent += DATAGRAM as u64;
            }
        }
    }
    asked.store(sent, Ordering::Relaxed);
}

/// How many of the call's packets arrive.
async fn call(phone: &Phone, peer: UdpSocket) -> u64 {
    let done = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&done);
    let listening = thread::spawn(move || count(&peer, &until).0);
    let mut clock = tokio::time::interval(BETWEEN);
    for _ in 0..PACKETS {
        clock.tick().await;
        phone.send_on(0x4000, &[1; DATAGRAM]).await;
    }
    done.store(true, Ordering::Relaxed);
    listening.join().expect("it listens")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gigabit_asked_of_one_relay_leaves_the_call_beside_it_alone() {
    let scene = Scene::start();
    let (phone, peer) = scene.path("ann").await;
    let alone = call(&phone, peer.try_clone().expect("a socket")).await;
    let (greedy, sink) = scene.path("greedy").await;
    let done = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicU64::new(0));
    let flooding = {
        let (done, asked) = (Arc::clone(&done), Arc::clone(&asked));
        let socket = greedy.socket.into_std().expect("a socket");
        socket.set_nonblocking(false).expect("possible");
        let relay = scene.relay;
        thread::spawn(move || flood(&socket, relay, &done, &asked))
    };
    let passing = {
        let done = Arc::clone(&done);
        thread::spawn(move || count(&sink, &done).1)
    };
    let begun = Instant::now();
    let beside = call(&phone, peer).await;
    done.store(true, Ordering::Relaxed);
    flooding.join().expect("it floods");
    let passed = passing.join().expect("it listens");
    let took = begun.elapsed();
    let megabits = |bytes: u64| bytes as f64 * 8e-6 / took.as_secs_f64();
    println!(
        "asked of one relay {:.0} Mbit/s, passed on {:.1} Mbit/s; of {PACKETS} packets of the call {} arrived alone, {} beside it",
        megabits(asked.load(Ordering::Relaxed)),
        megabits(passed),
        alone,
        beside,
    );
    assert_eq!(alone, PACKETS as u64, "a quiet relay loses nothing");
    // A bucket of one second on top of the rate.
    assert!(
        passed <= CAP * (took.as_secs() + 2),
        "{passed} bytes in {took:?}"
    );
    // All of them, here; a busy machine may lose some before the server sees them.
    let least = PACKETS as u64 * 95 / 100;
    assert!(beside >= least, "the call has {beside} packets left");
}
