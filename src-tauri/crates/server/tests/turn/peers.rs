//! Peers that nobody may reach, by each of the three ways, with sockets that listen there.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use duet_server::turn::stun::Method;
use duet_server::turn::{PeerFilter, PeerPolicy, RelayConfig};
use tokio::net::UdpSocket;

use super::dialogue::{channel, channel_data, peer, send};
use super::network::{Phone, turn_config, turn_server};
use super::rig::{Guest, Out, RELAY_IP, Rig, address, config};

/// Some of each registry; all of it is in the unit tests of the filter.
const SPECIAL: [&str; 34] = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.2",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:a00:1::",
    "fc00::1",
    "fe80::1",
    "ff02::1",
];

pub(crate) fn probe_all_ways(rig: &mut Rig, guest: &mut Guest, target: SocketAddr) {
    let ask = vec![peer(target)];
    let code = rig.ask(guest, Method::CREATE_PERMISSION, &ask).code;
    assert_eq!(code, Some(403), "CreatePermission {target}");
    let code = rig
        .ask(guest, Method::CHANNEL_BIND, &channel(0x4000, target))
        .code;
    assert_eq!(code, Some(403), "ChannelBind {target}");
    let data = guest.dialogue.indication(Method::SEND, &send(target, b"x"));
    assert_eq!(rig.put(guest.flow, &data), Out::Nothing, "Send {target}");
}

#[test]
fn special_addresses_are_refused_by_every_way() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.allocate(&mut mira).expect("a relay");
    let before = rig.relay.entries();
    for text in SPECIAL {
        let ip: IpAddr = text.parse().expect("an address");
        probe_all_ways(&mut rig, &mut mira, SocketAddr::new(ip, 6_379));
    }
    let own = SocketAddr::new(IpAddr::from(RELAY_IP), 22);
    probe_all_ways(&mut rig, &mut mira, own);
    assert_eq!(rig.relay.entries(), before);
    assert_eq!(rig.relay.stats().refused_peers, 3 * 35);
}

#[test]
fn a_permission_for_a_relay_of_ours_opens_no_other_port() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    let mut noah = rig.guest("5.6.7.8:1000", "noah");
    rig.allocate(&mut mira).expect("a relay");
    let relayed = rig.allocate(&mut noah).expect("a relay");
    let ask = vec![peer(relayed)];
    assert_eq!(
        rig.ask(&mut mira, Method::CREATE_PERMISSION, &ask).code,
        None
    );
    let beside = SocketAddr::new(relayed.ip(), 22);
    let data = mira.dialogue.indication(Method::SEND, &send(beside, b"x"));
    assert_eq!(rig.put(mira.flow, &data), Out::Nothing);
    // Not even the port of a relay that has ended since.
    assert_eq!(
        rig.ask(&mut mira, Method::CHANNEL_BIND, &channel(0x4000, relayed))
            .code,
        None
    );
    let end = vec![(duet_server::turn::stun::attribute::LIFETIME, vec![0; 4])];
    assert_eq!(rig.ask(&mut noah, Method::REFRESH, &end).code, None);
    assert_eq!(
        rig.put(mira.flow, &channel_data(0x4000, b"x")),
        Out::Nothing
    );
    let data = mira.dialogue.indication(Method::SEND, &send(relayed, b"x"));
    assert_eq!(rig.put(mira.flow, &data), Out::Nothing);
}

#[test]
fn private_networks_open_when_the_operator_says_so() {
    let policy = PeerPolicy {
        allow_private: true,
        allow_same_host: false,
    };
    let own = vec![IpAddr::from([10, 0, 0, 5])];
    let peers = PeerFilter::new(policy, own);
    let mut rig = Rig::with(RelayConfig { peers, ..config() });
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.allocate(&mut mira).expect("a relay");
    let ask = vec![peer(address("10.0.0.6:1"))];
    assert_eq!(
        rig.ask(&mut mira, Method::CREATE_PERMISSION, &ask).code,
        None
    );
    for text in [
        "10.0.0.5:1",
        "127.0.0.1:1",
        "224.0.0.1:1",
        "0.0.0.0:1",
        "169.254.169.254:1",
    ] {
        probe_all_ways(&mut rig, &mut mira, address(text));
    }
}

#[tokio::test]
async fn sockets_on_this_machine_hear_nothing() {
    let mut config = turn_config();
    config.peers = PeerPolicy::default();
    let server = turn_server(config).await;
    let mut canaries = vec![UdpSocket::bind("127.0.0.1:0").await.expect("a socket")];
    for interface in if_addrs::get_if_addrs().expect("interfaces") {
        // Interfaces that are down or scoped cannot be bound; then nobody can be reached there.
        canaries.extend(UdpSocket::bind((interface.ip(), 0)).await);
    }
    let mut phone = Phone::new(&server, "mira").await;
    phone.allocate().await.expect("a relay");
    for canary in &canaries {
        let target = canary.local_addr().expect("bound");
        let code = phone
            .ask(Method::CREATE_PERMISSION, &vec![peer(target)])
            .await
            .code;
        assert_eq!(code, Some(403), "{target}");
        let code = phone
            .ask(Method::CHANNEL_BIND, &channel(0x4000, target))
            .await
            .code;
        assert_eq!(code, Some(403), "{target}");
        phone.send(target, b"canary").await;
        phone.send_on(0x4000, b"canary").await;
    }
    // The port of the relay itself, of signaling, and of STUN are of this machine as well.
    for target in server.local_addrs().into_iter().chain(server.turn_addrs()) {
        let code = phone
            .ask(Method::CREATE_PERMISSION, &vec![peer(target)])
            .await
            .code;
        assert_eq!(code, Some(403), "{target}");
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    for canary in canaries {
        let mut buffer = [0; 100];
        assert!(canary.try_recv(&mut buffer).is_err(), "a canary sang");
    }
    assert_eq!(server.stats().turn.packets_from_clients, 0);
}
