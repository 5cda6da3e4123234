//! Relays whose answers the library cannot use: nobody waits for them, and the list of candidates ends.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use duet_peer::{IcePolicy, PeerConfig};
use duet_server::turn::stun::{Class, Message, Method, Writer, attribute};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use crate::common::{End, both_connected, loopback, negotiate, run_for, run_until, talk};
use crate::relays::{ice_server, own_relay, tcp, udp};

/// What is wrong with a server.
#[derive(Debug, Clone, Copy)]
enum Flaw {
    /// It asks for a credential without a nonce.
    NoNonce,
    /// It gives a relay to anybody.
    Open,
    /// It gives a relay, and does not say where.
    NoAddress,
}

/// Its answer to a request.
fn answer(flaw: Flaw, request: &[u8]) -> Option<Vec<u8>> {
    let message = Message::parse(request).ok()?;
    if message.method() != Method::ALLOCATE {
        return None;
    }
    let id = message.transaction_id();
    let mut out = Vec::new();
    let is_granted = match (flaw, message.has_integrity()) {
        (Flaw::NoNonce, _) | (Flaw::NoAddress, false) => false,
        (Flaw::Open, _) | (Flaw::NoAddress, true) => true,
    };
    let class = if is_granted {
        Class::Success
    } else {
        Class::Error
    };
    let writer = Writer::new(&mut out, Method::ALLOCATE, class, id);
    let relayed = SocketAddr::from(([127, 0, 0, 1], 9));
    match (flaw, message.has_integrity()) {
        (Flaw::NoNonce, _) => writer
            .error(401)
            .attribute(attribute::REALM, b"r")
            .fingerprint(),
        (Flaw::Open, _) => writer
            .xor_address(attribute::XOR_RELAYED_ADDRESS, relayed)
            .number(attribute::LIFETIME, 600)
            .fingerprint(),
        (Flaw::NoAddress, false) => writer
            .error(401)
            .attribute(attribute::REALM, b"r")
            .attribute(attribute::NONCE, b"n")
            .fingerprint(),
        (Flaw::NoAddress, true) => writer.number(attribute::LIFETIME, 600).fingerprint(),
    }
    Some(out)
}

async fn over_udp(flaw: Flaw) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("bound");
    tokio::spawn(async move {
        let mut request = [0; 2_000];
        while let Ok((length, client)) = socket.recv_from(&mut request).await {
            if let Some(answer) = answer(flaw, &request[..length]) {
                let _ = socket.send_to(&answer, client).await;
            }
        }
    });
    udp(address)
}

async fn over_tcp(flaw: Flaw) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 2_000];
                // Requests wait for their answers, so each comes alone.
                while let Ok(length @ 1..) = stream.read(&mut request).await {
                    if let Some(answer) = answer(flaw, &request[..length]) {
                        let _ = stream.write_all(&answer).await;
                    }
                }
            });
        }
    });
    tcp(address)
}

fn hidden(urls: &[String], person: &str) -> PeerConfig {
    PeerConfig {
        ice_policy: IcePolicy::Relay,
        ice_servers: vec![ice_server(urls.to_vec(), person)],
        ..loopback()
    }
}

fn has_ended(end: &End) -> bool {
    end.candidates.contains(&None)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_candidates_end_soon() {
    for flaw in [Flaw::NoNonce, Flaw::Open, Flaw::NoAddress] {
        for url in [over_udp(flaw).await, over_tcp(flaw).await] {
            let urls = [url];
            let mut a = End::new(hidden(&urls, "ana")).await;
            let mut b = End::new(hidden(&urls, "ben")).await;
            let start = Instant::now();
            negotiate(&a, &b, false).await;
            let both = |a: &End, b: &End| has_ended(a) && has_ended(b);
            assert!(run_until(&mut a, &mut b, both).await, "{flaw:?} {urls:?}");
            println!(
                "{flaw:?}: the candidates ended after {:.1?}",
                start.elapsed()
            );
            assert_eq!(a.candidates, [None], "{flaw:?}: no relay");
            // Once, and not again when more comes.
            run_for(&mut a, &mut b, Duration::from_millis(100), |_, _| false).await;
            assert_eq!(b.candidates, [None]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_relay_is_used() {
    let server = own_relay().await;
    let mut urls = vec![
        over_udp(Flaw::NoNonce).await,
        over_udp(Flaw::NoAddress).await,
    ];
    urls.push(udp(server.turn_addrs()[0]));
    let mut a = End::new(hidden(&urls, "ana")).await;
    let mut b = End::new(hidden(&urls, "ben")).await;
    negotiate(&a, &b, false).await;
    assert!(run_until(&mut a, &mut b, both_connected).await);
    talk(&mut a, &mut b, 10).await;
}
