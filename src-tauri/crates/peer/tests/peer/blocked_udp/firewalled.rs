//! The same behind a firewall that really drops UDP, with Debian's coturn outside. The callers are told
//! of all its addresses, and nobody tells them to use relays only.

use std::time::Instant;

use duet_peer::{PeerConfig, RelayTransport};
use duet_testkit::coturn_rig::{COTURN, Certificate, CoturnRig};
use duet_testkit::firewall::{self, Firewall, OUTSIDE};
use duet_testkit::skip::without_programs;
use tokio::runtime::Runtime;

use crate::common::{End, connected_with, loopback, talk};
use crate::relays::{SECRET, TestCertificate, ice_server, tcp, tls, udp};
use crate::tunnels::assert_relayed;

/// A coturn outside that takes clients over UDP, TCP and TLS.
struct Outside {
    coturn: CoturnRig,
    certificate: TestCertificate,
}

impl Outside {
    fn start() -> Self {
        let certificate = TestCertificate::at(&OUTSIDE.to_string());
        let files = Certificate {
            certificate: certificate.certificate.path(),
            key: certificate.key.path(),
        };
        let coturn = CoturnRig::start_at(OUTSIDE, SECRET, true, Some(files));
        Self {
            coturn: coturn.expect("coturn starts"),
            certificate,
        }
    }

    /// Somebody who knows it by all its addresses.
    fn person(&self, name: &str) -> PeerConfig {
        let (plain, secure) = (self.coturn.address(), self.coturn.tls_address());
        let secure = format!("{}?transport=tcp", tls(secure));
        PeerConfig {
            ice_servers: vec![ice_server(vec![udp(plain), tcp(plain), secure], name)],
            relay_tls: Some(self.certificate.trusting()),
            ..loopback()
        }
    }

    fn allocations(&self) -> usize {
        let lines = self.coturn.lines();
        let allocated = |line: &&String| line.contains("ALLOCATE processed, success");
        lines.iter().filter(allocated).count()
    }
}

/// Two behind the firewall, after `narrow` has shut more of it, call by this transport.
fn call_by(
    test: &str,
    transport: RelayTransport,
    narrow: impl FnOnce(&Firewall, &CoturnRig) + Send,
) {
    if without_programs(test, &[COTURN]) {
        return;
    }
    firewall::run(test, |firewall| {
        let outside = Outside::start();
        narrow(firewall, &outside.coturn);
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(call(&outside, transport));
        assert!(outside.allocations() >= 2, "{:?}", outside.coturn.lines());
        assert!(
            firewall.dropped_udp().expect("a count") > 0,
            "UDP was tried"
        );
    });
}

async fn call(outside: &Outside, transport: RelayTransport) {
    let start = Instant::now();
    let (mut a, mut b) = connected_with(outside.person("ana"), outside.person("ben")).await;
    println!("connected over {transport:?} after {:.1?}", start.elapsed());
    talk(&mut a, &mut b, 50).await;
    for end in [&a, &b] {
        assert!(offers(end, "typ host"), "the direct path was open to them");
        assert_relayed(end, transport).await;
    }
    a.peer.close().await;
    b.peer.close().await;
}

fn offers(end: &End, what: &str) -> bool {
    let mut candidates = end.candidates.iter().flatten();
    candidates.any(|candidate| candidate.contains(what))
}

#[test]
fn a_call_over_tcp_through_coturn() {
    let test = "blocked_udp::firewalled::a_call_over_tcp_through_coturn";
    call_by(test, RelayTransport::Tcp, |_, _| {});
}

#[test]
fn a_call_over_tls_through_coturn_where_its_plain_port_is_shut_too() {
    let test = "blocked_udp::firewalled::\
        a_call_over_tls_through_coturn_where_its_plain_port_is_shut_too";
    call_by(test, RelayTransport::Tls, |firewall, coturn| {
        let shut = firewall.drop_tcp(coturn.address().port());
        shut.expect("the firewall obeys");
    });
}
