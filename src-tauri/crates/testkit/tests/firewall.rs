//! What the firewall drops and what it lets through.
#![cfg(target_os = "linux")]

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use duet_testkit::firewall::{self, Firewall, OUTSIDE};
use duet_testkit::process::eventually;

const PATIENCE: Duration = Duration::from_secs(20);
const PERSON: Ipv4Addr = Ipv4Addr::LOCALHOST;

fn send(from: Ipv4Addr, to: Ipv4Addr) -> UdpSocket {
    let receiver = UdpSocket::bind((to, 0)).unwrap();
    let sender = UdpSocket::bind((from, 0)).unwrap();
    // The sender is told nothing in any case.
    sender
        .send_to(b"x", receiver.local_addr().unwrap())
        .unwrap();
    receiver
}

fn until_dropped(firewall: &Firewall, count: u64) {
    let are_dropped = || firewall.dropped_udp().unwrap() == count;
    eventually("the drops", PATIENCE, are_dropped).unwrap();
}

#[test]
fn udp_passes_between_servers_only() {
    firewall::run("udp_passes_between_servers_only", |firewall| {
        let receiver = send(OUTSIDE, OUTSIDE);
        receiver.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(receiver.recv(&mut [0; 9]).unwrap(), 1);
        until_dropped(firewall, 0);
        let ways = [(PERSON, OUTSIDE), (OUTSIDE, PERSON), (PERSON, PERSON)];
        for (count, (from, to)) in (1..).zip(ways) {
            let receiver = send(from, to);
            until_dropped(firewall, count);
            receiver.set_nonblocking(true).unwrap();
            let received = receiver.recv(&mut [0; 9]);
            assert_eq!(received.unwrap_err().kind(), ErrorKind::WouldBlock);
        }
    });
}

#[test]
fn tcp_passes_but_to_ports_that_are_named() {
    firewall::run("tcp_passes_but_to_ports_that_are_named", |firewall| {
        let [open, shut] = [0; 2].map(|port| TcpListener::bind((OUTSIDE, port)).unwrap());
        let [open, shut] = [&open, &shut].map(|listener| listener.local_addr().unwrap());
        TcpStream::connect(shut).unwrap();
        assert_eq!(firewall.dropped_tcp().unwrap(), 0);
        firewall.drop_tcp(shut.port()).unwrap();
        let tried = TcpStream::connect_timeout(&shut, Duration::from_millis(300));
        assert_eq!(tried.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(firewall.dropped_tcp().unwrap() > 0);
        TcpStream::connect(open).unwrap();
    });
}
