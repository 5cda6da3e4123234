//! A relay over UDP that never answers: nobody waits for it, and in the end the other side is told that
//! no more candidates will come.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use duet_peer::PeerConfig;
use tokio::net::UdpSocket;

use crate::common::{End, both_connected, loopback, negotiate, run_until, talk};
use crate::relays::{ice_server, udp};

/// Takes everything and says nothing.
pub(crate) async fn silent_server() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("bound");
    (socket, address)
}

fn with(urls: Vec<String>, person: &str) -> PeerConfig {
    PeerConfig {
        ice_servers: vec![ice_server(urls, person)],
        ..loopback()
    }
}

fn has_ended(end: &End) -> bool {
    end.candidates.contains(&None)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_directly_and_the_candidates_end() {
    let (_silent, address) = silent_server().await;
    // As a STUN server it is as silent, and a third one is nobody at all.
    let urls = vec![
        udp(address),
        format!("stun:{address}"),
        "turn:127.0.0.1:9".to_owned(),
    ];
    let (mut a, mut b) = (
        End::new(with(urls.clone(), "ana")).await,
        End::new(with(urls, "ben")).await,
    );
    let start = Instant::now();
    negotiate(&a, &b, false).await;
    assert!(run_until(&mut a, &mut b, both_connected).await);
    println!("connected directly after {:.0?}", start.elapsed());
    assert_eq!(
        a.peer.stats().await.path.expect("a path").local_candidate,
        "host"
    );
    assert!(run_until(&mut a, &mut b, |a, b| has_ended(a) && has_ended(b)).await);
    println!("the candidates ended after {:.1?}", start.elapsed());
    talk(&mut a, &mut b, 20).await;
    for end in [&a, &b] {
        let ends = end
            .candidates
            .iter()
            .filter(|candidate| candidate.is_none());
        assert_eq!(ends.count(), 1);
        assert_eq!(
            end.candidates.last(),
            Some(&None),
            "none comes behind the end"
        );
    }

    // The same after a restart of ICE.
    for end in [&mut a, &mut b] {
        end.candidates.clear();
    }
    negotiate(&a, &b, true).await;
    assert!(run_until(&mut a, &mut b, |a, b| has_ended(a) && has_ended(b)).await);
    tokio::time::sleep(Duration::from_millis(100)).await;
    talk(&mut a, &mut b, 20).await;
}
