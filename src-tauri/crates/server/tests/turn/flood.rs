//! A million requests for relays from as many strangers as the loopback has room for, against the program
//! itself: its memory stays what it was, and nobody gets more than ten answers a second.
#![cfg(target_os = "linux")]

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Instant;

use crate::program::{Program, start};

use super::dialogue::{Dialogue, udp};
use duet_server::turn::stun::Method;

const REQUESTS: usize = 1_000_000;
/// From each address; more than ten, so that there is something to refuse.
const FROM_EACH: usize = 50;
/// What a million strangers may leave behind.
const MOST_KIB: u64 = 4 * 1024;

/// What it holds in memory.
fn resident_kib(program: &Program) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.0.id()));
    let status = status.expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let digits = line.and_then(|line| line.split_whitespace().nth(1));
    digits
        .and_then(|digits| digits.parse().ok())
        .expect("a size")
}

/// Sends from one address, and counts what has come back so far.
fn flood(from: Ipv4Addr, relay: SocketAddr, request: &[u8], count: usize) -> usize {
    let socket = UdpSocket::bind((from, 0)).expect("every 127 is ours");
    socket.set_nonblocking(true).expect("possible");
    for _ in 0..count {
        // A full buffer loses some, as any network does.
        let _ = socket.send_to(request, relay);
    }
    std::thread::yield_now();
    let mut buffer = [0; 200];
    std::iter::from_fn(|| socket.recv(&mut buffer).ok()).count()
}

fn address(index: usize) -> Ipv4Addr {
    let [_, _, c, d] = u32::try_from(index).expect("few").to_be_bytes();
    Ipv4Addr::new(127, 77, c, d)
}

#[test]
fn a_million_strangers_take_no_memory_and_ten_answers_a_second_each() {
    let port = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let relay = port.local_addr().expect("bound");
    drop(port);
    let (program, _urls) = start(&["--turn-listen", &relay.to_string(), "--turn-udp-only"], 1);
    let request = Dialogue::of("mira").anonymous(Method::ALLOCATE, &udp());
    // Buffers and tables that the first thousands fill once.
    for index in 0..2_000 {
        flood(address(50_000 + index), relay, &request, FROM_EACH);
    }
    let before = resident_kib(&program);
    let begun = Instant::now();
    let (mut answers, mut most) = (0, 0);
    for index in 0..REQUESTS / FROM_EACH {
        let one = Instant::now();
        let heard = flood(address(index), relay, &request, FROM_EACH);
        // Ten in any second; a slow machine gives one address more than one of them.
        let seconds = usize::try_from(one.elapsed().as_secs()).unwrap_or(0) + 1;
        assert!(heard <= 10 * seconds, "{heard} answers in {seconds} s");
        answers += heard;
        most = most.max(heard);
    }
    let after = resident_kib(&program);
    println!(
        "{REQUESTS} requests in {:.1?}: {answers} answers heard, {most} by one address at most; {before} KiB before, {after} after",
        begun.elapsed()
    );
    assert!(answers > 0, "it answers");
    assert!(
        after <= before + MOST_KIB,
        "{before} KiB before, {after} after"
    );
}
