//! A network that drops UDP without a word: the relay is reached over TCP, or over TLS where nothing else is
//! let out. Times are printed, for people.

#[cfg(target_os = "linux")]
mod firewalled;

use std::time::Instant;

use duet_peer::{PeerConfig, RelayTransport};

use crate::common::{connected_with, talk};
use crate::relays::{TestCertificate, own_relay_with, relay_only, tcp, tls, udp};
use crate::silent_relay::silent_server;
use crate::tunnels::assert_relayed;

#[tokio::test(flavor = "multi_thread")]
async fn tcp_and_tls_follow_where_udp_is_dropped() {
    let certificate = TestCertificate::new();
    let server = own_relay_with(Some(&certificate)).await;
    let (_silent, dropped) = silent_server().await;
    // A port that takes connections and says nothing, as a firewall that looks into them.
    let stuck = crate::relays::stream_server(Vec::new(), false).await;
    let address = server.turn_stream_addrs()[0];
    for (urls, transport) in [
        (vec![udp(dropped), tcp(address)], RelayTransport::Tcp),
        (vec![udp(dropped), tls(address)], RelayTransport::Tls),
        (
            vec![udp(dropped), tcp(stuck), tls(address)],
            RelayTransport::Tls,
        ),
    ] {
        let person = |name| PeerConfig {
            relay_tls: Some(certificate.trusting()),
            ..relay_only(&urls, name)
        };
        let start = Instant::now();
        let (mut a, mut b) = connected_with(person("ana"), person("ben")).await;
        println!(
            "UDP dropped: connected over {transport:?} after {:.1?}",
            start.elapsed()
        );
        talk(&mut a, &mut b, 20).await;
        for end in [&a, &b] {
            assert_relayed(end, transport).await;
        }
        a.peer.close().await;
        b.peer.close().await;
    }
}
