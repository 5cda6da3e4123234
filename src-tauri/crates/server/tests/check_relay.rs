//! `duet-server check` at the addresses where clients are sent: good ones, and each thing that goes wrong.
//!
//! All of it on the loopback: 127.0.0.9 is "outside", as no interface says that it has it.
#![cfg(target_os = "linux")]

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};

use crate::check::run;
use crate::program::start;

/// A check of a server with these flags.
fn outside(flags: &[&str]) -> (bool, String) {
    let base = ["--listen", "127.0.0.1:0", "--turn-secret", "north"];
    run(&[&base[..], flags].concat())
}

/// A port that is free over UDP, on every address.
fn free_port() -> u16 {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a port");
    socket.local_addr().expect("bound").port()
}

fn lines<'a>(said: &'a str, word: &str) -> Vec<&'a str> {
    said.lines().filter(|line| line.contains(word)).collect()
}

/// A NAT that turns packets around: what comes to this port of 127.0.0.9 goes to 127.0.0.1. (The ports
/// of relays need none: behind a NAT relays listen on all addresses.)
fn forward(port: u16) {
    let (outside, inside) = (
        ("127.0.0.9", port),
        SocketAddr::from(([127, 0, 0, 1], port)),
    );
    let datagrams = UdpSocket::bind(outside).expect("a port");
    let streams = TcpListener::bind(outside).expect("a port");
    std::thread::spawn(move || forward_datagrams(&datagrams, inside));
    std::thread::spawn(move || {
        for stream in streams.incoming().map_while(Result::ok) {
            forward_stream(stream, inside);
        }
    });
}

fn forward_datagrams(outside: &UdpSocket, inside: SocketAddr) {
    let mut bindings: HashMap<SocketAddr, UdpSocket> = HashMap::new();
    let mut datagram = [0; 2_000];
    while let Ok((length, client)) = outside.recv_from(&mut datagram) {
        let binding = bindings.entry(client).or_insert_with(|| {
            let binding = UdpSocket::bind("127.0.0.1:0").expect("a port");
            let answers = binding.try_clone().expect("the same");
            let outside = outside.try_clone().expect("the same");
            std::thread::spawn(move || {
                let mut answer = [0; 2_000];
                while let Ok(length) = answers.recv(&mut answer) {
                    let _ = outside.send_to(&answer[..length], client);
                }
            });
            binding
        });
        let _ = binding.send_to(&datagram[..length], inside);
    }
}

fn forward_stream(outside: TcpStream, inside: SocketAddr) {
    let Ok(inside) = TcpStream::connect(inside) else {
        return;
    };
    let ends = [outside, inside];
    let twins = ends
        .each_ref()
        .map(|end| end.try_clone().expect("the same"));
    let [outside, inside] = ends;
    for (mut from, mut to) in twins.into_iter().zip([inside, outside]) {
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Both);
        });
    }
}

#[test]
fn an_external_address_that_leads_here_is_used_over_each_transport() {
    let port = free_port();
    forward(port);
    let turn = format!("127.0.0.1:{port}");
    let (is_ok, said) = outside(&["--turn-listen", &turn, "--external-ip", "127.0.0.9"]);
    assert!(is_ok, "{said}");
    let found = lines(&said, "relay: 127.0.0.9");
    assert_eq!(found.len(), 3, "{said}");
    for (line, words) in found.iter().zip([
        "(UDP) opened relays at ports",
        "a port of relays, leads here",
        "(TCP) opened relays at ports",
    ]) {
        assert!(line.starts_with("ok") && line.contains(words), "{said}");
    }
}

#[test]
fn an_external_address_where_nothing_answers_is_told_without_a_guess() {
    let turn = format!("127.0.0.1:{}", free_port());
    let ports = "50000-50099";
    let flags = ["--turn-listen", &turn, "--external-ip", "127.0.0.9"];
    let (is_ok, said) = outside(&[&flags[..], &["--relay-ports", ports]].concat());
    // It may be the NAT alone.
    assert!(is_ok, "{said}");
    let found = lines(&said, "relay: 127.0.0.9");
    assert_eq!(found.len(), 2, "{said}");
    for (line, transport) in found.iter().zip(["UDP", "TCP"]) {
        let words = format!("({transport}): nothing listens there");
        assert!(
            line.starts_with("warning") && line.contains(&words),
            "{said}"
        );
    }
}

#[test]
fn a_silent_external_address_is_told_as_well() {
    let port = free_port();
    let _silent = UdpSocket::bind(("127.0.0.9", port)).expect("a port");
    let turn = format!("127.0.0.1:{port}");
    let flags = ["--turn-listen", &turn, "--external-ip", "127.0.0.9"];
    let (is_ok, said) = outside(&[&flags[..], &["--turn-udp-only"]].concat());
    assert!(is_ok, "{said}");
    let found = lines(&said, "relay: 127.0.0.9");
    assert!(
        found.len() == 1 && found[0].contains("(UDP): no answer comes back"),
        "{said}"
    );
}

#[test]
fn an_external_address_of_another_server_is_a_problem() {
    let port = free_port();
    let other = format!("127.0.0.9:{port}");
    let (_other, _) = start(&["--turn-listen", &other, "--turn-secret", "south"], 1);
    let turn = format!("127.0.0.1:{port}");
    let (is_ok, said) = outside(&["--turn-listen", &turn, "--external-ip", "127.0.0.9"]);
    assert!(!is_ok, "{said}");
    let found = lines(&said, "another machine or program answers there");
    assert_eq!(found.len(), 2, "over UDP and TCP: {said}");
}

#[test]
fn a_server_that_runs_with_other_settings_is_a_problem() {
    let turn = format!("0.0.0.0:{}", free_port());
    let secret = ["--turn-listen", &turn, "--turn-secret", "north"];
    let (_running, urls) = start(&secret, 1);
    let address = urls[0].trim_start_matches("ws://").trim_end_matches("/ws");
    let flags = ["--listen", address, "--external-ip", "127.0.0.9"];
    let (is_ok, said) = run(&[&secret[..], &flags].concat());
    assert!(!is_ok, "{said}");
    let found = lines(&said, "opens relays at another address than --external-ip");
    assert!(!found.is_empty(), "{said}");
}

#[test]
fn a_relay_that_has_no_port_left_says_so() {
    let port = free_port();
    let _taken = UdpSocket::bind(("127.0.0.1", port)).expect("a port");
    let ports = format!("{port}-{port}");
    let flags = ["--turn-listen", "127.0.0.1:0", "--relay-ports", &ports];
    let (is_ok, said) = outside(&flags);
    assert!(
        !is_ok && said.contains("it opens no relay (error 508)"),
        "{said}"
    );
}

#[test]
fn a_relay_elsewhere_is_tried_over_tcp_too() {
    let turn = format!("127.0.0.1:{}", free_port());
    let secret = ["--turn-listen", &turn, "--turn-secret", "north"];
    let (_other, _) = start(&secret, 1);
    let uris = ["udp", "tcp"].map(|transport| format!("turn:{turn}?transport={transport}"));
    let (is_ok, said) = outside(&["--turn-uri", &uris[0], "--turn-uri", &uris[1]]);
    assert!(is_ok, "{said}");
    for transport in ["UDP", "TCP"] {
        let words = format!("({transport}) opened a relay at port");
        assert!(said.contains(&words), "{said}");
    }
    let wrong = ["--turn-uri", &uris[1], "--turn-secret", "south"];
    let (is_ok, said) = run(&[&["--listen", "127.0.0.1:0"][..], &wrong].concat());
    assert!(!is_ok && said.contains("401"), "{said}");
}
