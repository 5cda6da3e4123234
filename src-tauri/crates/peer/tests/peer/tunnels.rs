//! TURN over TCP and TLS, against Debian's coturn: for networks that let no UDP out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use duet_peer::{PeerConfig, RelayTransport};
use duet_testkit::coturn_rig::{COTURN, Certificate, CoturnRig};
use duet_testkit::skip::without_programs;
use tokio::net::TcpListener;

use crate::common::{End, both_connected, connected_with, loopback, negotiate, run_for, talk};
use crate::relays::{
    SECRET, TestCertificate, ice_server, own_relay, own_relay_with, relay_only, stream_server, tcp,
    tls, udp,
};

fn coturn(has_udp: bool, certificate: Option<&TestCertificate>) -> CoturnRig {
    let files = certificate.map(|certificate| Certificate {
        certificate: certificate.certificate.path(),
        key: certificate.key.path(),
    });
    CoturnRig::start(SECRET, has_udp, files).expect("coturn starts")
}

pub(crate) async fn assert_relayed(end: &End, transport: RelayTransport) {
    let path = end.peer.stats().await.path.expect("a path");
    assert_eq!(path.local_candidate, "relay");
    assert_eq!(path.relay_transport, Some(transport));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_over_tcp() {
    if without_programs("a_call_over_tcp", &[COTURN]) {
        return;
    }
    let coturn = coturn(false, None);
    let urls = [tcp(coturn.address())];
    let start = std::time::Instant::now();
    let (mut a, mut b) = connected_with(relay_only(&urls, "ana"), relay_only(&urls, "ben")).await;
    println!("connected over TCP after {:.0?}", start.elapsed());
    talk(&mut a, &mut b, 50).await;
    for end in [&a, &b] {
        assert_relayed(end, RelayTransport::Tcp).await;
    }
    // The end of a call gives the relay back and leaves no connection behind.
    a.peer.close().await;
    b.peer.close().await;
    let ended = || {
        let lines = coturn.lines();
        lines
            .iter()
            .filter(|line| line.contains("closed (2nd stage)"))
            .count()
            >= 2
    };
    duet_testkit::process::eventually("both sessions end", Duration::from_secs(10), ended).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_over_tls_with_a_certificate_that_is_trusted_and_none_with_another() {
    if without_programs("a_call_over_tls", &[COTURN]) {
        return;
    }
    let certificate = TestCertificate::new();
    let coturn = coturn(false, Some(&certificate));
    let urls = [tls(coturn.tls_address())];
    let person = |name: &str, trusted: &TestCertificate| PeerConfig {
        relay_tls: Some(trusted.trusting()),
        ..relay_only(&urls, name)
    };
    let (mut a, mut b) =
        connected_with(person("ana", &certificate), person("ben", &certificate)).await;
    talk(&mut a, &mut b, 50).await;
    for end in [&a, &b] {
        assert_relayed(end, RelayTransport::Tls).await;
    }
    let stranger = TestCertificate::new();
    let mut c = End::new(person("cleo", &stranger)).await;
    let mut d = End::new(person("dan", &stranger)).await;
    negotiate(&c, &d, false).await;
    let gathered = |end: &End| end.candidates.contains(&None);
    let both = |c: &End, d: &End| gathered(c) && gathered(d);
    assert!(run_for(&mut c, &mut d, Duration::from_secs(20), both).await);
    assert_eq!(
        c.candidates,
        [None],
        "no relay behind a stranger's certificate"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_over_tcp_and_tls_by_our_own_server() {
    let certificate = TestCertificate::new();
    let server = own_relay_with(Some(&certificate)).await;
    let address = server.turn_stream_addrs()[0];
    for (url, transport) in [
        (tcp(address), RelayTransport::Tcp),
        (tls(address), RelayTransport::Tls),
    ] {
        let person = |name| PeerConfig {
            relay_tls: Some(certificate.trusting()),
            ..relay_only(std::slice::from_ref(&url), name)
        };
        let start = std::time::Instant::now();
        let (mut a, mut b) = connected_with(person("ana"), person("ben")).await;
        println!("connected over {transport:?} after {:.0?}", start.elapsed());
        talk(&mut a, &mut b, 50).await;
        for end in [&a, &b] {
            assert_relayed(end, transport).await;
        }
        a.peer.close().await;
        b.peer.close().await;
        let ended = || server.stats().turn.allocations == 0;
        duet_testkit::process::eventually("both relays end", Duration::from_secs(10), ended)
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tcp_follows_where_udp_leads_nowhere() {
    if without_programs("tcp_follows", &[COTURN]) {
        return;
    }
    let coturn = coturn(false, None);
    // Nobody answers at port 9, as in a network that drops UDP.
    let urls = [tcp(coturn.address()), "turn:127.0.0.1:9".to_owned()];
    let (mut a, mut b) = connected_with(relay_only(&urls, "ana"), relay_only(&urls, "ben")).await;
    talk(&mut a, &mut b, 20).await;
    assert_relayed(&a, RelayTransport::Tcp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_stream_is_opened_where_udp_or_a_direct_path_will_do() {
    let server = own_relay().await;
    let accepted = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&accepted);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let stream = tcp(listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Relaxed);
        }
    });
    let relayed = [stream.clone(), udp(server.turn_addrs()[0])];
    let direct = |name| PeerConfig {
        ice_servers: vec![ice_server(vec![stream.clone()], name)],
        ..loopback()
    };
    for (a, b) in [
        (relay_only(&relayed, "ana"), relay_only(&relayed, "ben")),
        (direct("ana"), direct("ben")),
    ] {
        let (mut a, mut b) = connected_with(a, b).await;
        // Longer than any of them would wait.
        run_for(&mut a, &mut b, Duration::from_secs(1), |_, _| false).await;
        assert_eq!(accepted.load(Relaxed), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_servers_end_no_call() {
    if without_programs("hostile_servers", &[COTURN]) {
        return;
    }
    let coturn = coturn(false, None);
    // Too long for the library, and then never complete.
    let endless = [&[0x40, 0, 0xff, 0xff][..], &[0; 70_000], &[0x40, 0, 1, 0]].concat();
    let hostile = [
        stream_server(Vec::new(), false).await,
        stream_server(Vec::new(), true).await,
        stream_server(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), false).await,
        stream_server(endless, false).await,
    ];
    for server in hostile {
        let mut urls = vec![tcp(server)];
        let direct = |name| PeerConfig {
            ice_servers: vec![ice_server(urls.clone(), name)],
            ..loopback()
        };
        connected_with(direct("ana"), direct("ben")).await;
        urls.push(tcp(coturn.address()));
        let (mut a, mut b) =
            connected_with(relay_only(&urls, "ana"), relay_only(&urls, "ben")).await;
        talk(&mut a, &mut b, 5).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ice_restart_uses_new_servers_and_credentials() {
    if without_programs("an_ice_restart", &[COTURN]) {
        return;
    }
    let (first, coturn) = (own_relay().await, coturn(false, None));
    let urls = [udp(first.turn_addrs()[0])];
    let (mut a, mut b) = connected_with(relay_only(&urls, "ana"), relay_only(&urls, "ben")).await;
    assert_relayed(&a, RelayTransport::Udp).await;
    for (end, person) in [(&a, "ana-2"), (&b, "ben-2")] {
        let fresh = [ice_server(vec![tcp(coturn.address())], person)];
        end.peer.set_ice_servers(&fresh).await.expect("taken");
    }
    talk(&mut a, &mut b, 5).await;
    assert_eq!(
        first.stats().turn.allocations,
        2,
        "nothing changes before the restart"
    );
    for end in [&mut a, &mut b] {
        end.states.clear();
    }
    negotiate(&a, &b, true).await;
    assert!(run_for(&mut a, &mut b, Duration::from_secs(20), both_connected).await);
    talk(&mut a, &mut b, 20).await;
    for end in [&a, &b] {
        assert_relayed(end, RelayTransport::Tcp).await;
    }
    let names = coturn.lines().join("\n");
    assert!(names.contains("ana-2") && names.contains("ben-2"));
    assert_eq!(
        first.stats().turn.allocations,
        0,
        "the old ones are given back"
    );
}
