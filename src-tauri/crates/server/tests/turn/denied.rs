//! Public addresses that the operator closes, and those of the Redis: as closed as special ones.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use duet_server::Server;
use duet_server::turn::stun::Method;
use duet_server::turn::{PeerPolicy, TurnConfig};
use ipnet::IpNet;
use tokio::net::UdpSocket;

use super::dialogue::{channel, channel_data, peer, send};
use super::network::{Phone, assert_silent, receive, turn_config, turn_server};
use super::peers::probe_all_ways;
use super::rig::{Out, Rig, address};
use super::special;

/// A database, another server and its network, as an operator would name them.
const DENIED: [&str; 4] = [
    "8.8.4.4/32",
    "9.9.9.0/28",
    "2606:4700::/64",
    "2a00:1450:4001:80b::200e/128",
];

fn networks(texts: &[&str]) -> Vec<IpNet> {
    let networks = texts.iter().map(|text| text.parse().expect("a network"));
    networks.collect()
}

/// Both ends and the middle of each, and the IPv4 ones in every form in which IPv6 carries them.
fn targets() -> Vec<IpAddr> {
    let mut targets = Vec::new();
    for network in networks(&DENIED) {
        targets.extend([network.network(), network.broadcast()]);
        targets.extend(network.hosts().take(8));
    }
    let v4 = targets.iter().filter_map(|ip| match ip {
        IpAddr::V4(v4) => Some(*v4),
        IpAddr::V6(_) => None,
    });
    let disguised: Vec<IpAddr> = v4.flat_map(special::disguises).collect();
    targets.extend(disguised);
    targets.sort();
    targets.dedup();
    targets
}

#[test]
fn denied_addresses_are_refused_by_every_way_and_in_every_form() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.allocate(&mut mira).expect("a relay");
    // Public, so open before.
    let ask = vec![peer(address("8.8.4.4:6379"))];
    assert_eq!(
        rig.ask(&mut mira, Method::CREATE_PERMISSION, &ask).code,
        None
    );
    rig.relay
        .change_peers(|peers| peers.set_denied(networks(&DENIED)));
    let targets = targets();
    for ip in &targets {
        probe_all_ways(&mut rig, &mut mira, SocketAddr::new(*ip, 6_379));
    }
    let refused = rig.relay.stats().refused_peers;
    assert_eq!(refused, 3 * targets.len() as u64);
    assert!(targets.len() > 100, "only {} addresses", targets.len());
    let ask = vec![peer(address("9.9.9.16:6379")), peer(address("8.8.4.5:1"))];
    assert_eq!(
        rig.ask(&mut mira, Method::CREATE_PERMISSION, &ask).code,
        None,
        "the neighbours"
    );
}

#[test]
fn what_is_closed_later_ends_channels_and_permissions_and_no_others() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    let mut noah = rig.guest("5.6.7.8:1000", "noah");
    rig.allocate(&mut mira).expect("a relay");
    let relay_of_noah = rig.allocate(&mut noah).expect("a relay");
    let peers = ["8.8.4.4:1", "8.8.8.8:1"].map(address);
    for (number, to) in (0x4000..).zip([peers[0], peers[1], relay_of_noah]) {
        let bind = channel(number, to);
        assert_eq!(rig.ask(&mut mira, Method::CHANNEL_BIND, &bind).code, None);
    }
    let passed = |rig: &mut Rig, number| rig.put(mira.flow, &channel_data(number, b"x"));
    assert!(matches!(passed(&mut rig, 0x4000), Out::ToPeer(..)));
    rig.relay
        .change_peers(|peers| peers.set_denied(networks(&DENIED)));
    assert_eq!(passed(&mut rig, 0x4000), Out::Nothing);
    assert!(matches!(passed(&mut rig, 0x4001), Out::ToPeer(..)));
    let data = mira
        .dialogue
        .indication(Method::SEND, &send(peers[0], b"x"));
    assert_eq!(rig.put(mira.flow, &data), Out::Nothing);
    // The other relay is inside and stays in reach.
    let data = noah
        .dialogue
        .request(Method::CREATE_PERMISSION, &vec![peer(relay_of_noah)]);
    assert!(matches!(rig.put(noah.flow, &data), Out::Reply(_)));
    assert!(rig.relay.stats().packets_from_clients >= 2);
}

async fn same_host(config: TurnConfig) -> (Server, Phone) {
    let server = turn_server(config).await;
    let mut phone = Phone::new(&server, "mira").await;
    phone.allocate().await.expect("a relay");
    (server, phone)
}

/// With sockets: one address of this machine is closed, and a canary on it hears nothing of what another
/// one hears.
#[tokio::test]
async fn a_canary_on_a_denied_address_hears_nothing_also_after_a_reload() {
    let canary = |last| async move {
        let ip = Ipv4Addr::new(127, 0, 0, last);
        UdpSocket::bind((ip, 0)).await.expect("a socket")
    };
    let (open, closed) = (canary(1).await, canary(2).await);
    let denied = TurnConfig {
        denied: networks(&["127.0.0.2/32"]),
        ..turn_config()
    };
    let (server, mut phone) = same_host(denied).await;
    let at = |socket: &UdpSocket| socket.local_addr().expect("bound");
    let code = phone
        .ask(Method::CREATE_PERMISSION, &vec![peer(at(&closed))])
        .await
        .code;
    assert_eq!(code, Some(403));
    phone.send(at(&closed), b"x").await;
    phone.permit(at(&open)).await;
    phone.send(at(&open), b"x").await;
    assert_eq!(receive(&open).await.0, b"x");
    assert_silent(&closed).await;

    server.set_turn_denied(networks(&["127.0.0.1/32"])).await;
    phone.permit(at(&closed)).await;
    phone.send(at(&closed), b"y").await;
    assert_eq!(receive(&closed).await.0, b"y");
    phone.send(at(&open), b"y").await;
    assert_silent(&open).await;
}

/// Where a name leads is closed as well; here it is an address, as no test may depend on a resolver.
#[tokio::test]
async fn where_the_name_of_the_redis_leads_is_closed() {
    let config = TurnConfig {
        peers: PeerPolicy {
            allow_private: true,
            allow_same_host: false,
        },
        denied_hosts: vec!["10.255.255.1".to_owned(), "[fd00::7]".to_owned()],
        ..turn_config()
    };
    let (_server, mut phone) = same_host(config).await;
    for (target, expected) in [
        ("10.255.255.1:6379", Some(403)),
        ("10.255.255.2:6379", None),
        ("[fd00::7]:6379", Some(403)),
        // Of the other family: this says that it is not refused as such.
        ("[fd00::8]:6379", Some(443)),
    ] {
        let ask = vec![peer(address(target))];
        let code = phone.ask(Method::CREATE_PERMISSION, &ask).await.code;
        assert_eq!(code, expected, "{target}");
    }
}

/// A name that leads nowhere is no reason to serve nobody.
#[tokio::test]
async fn a_name_that_leads_nowhere_holds_up_no_client() {
    let config = TurnConfig {
        denied_hosts: vec!["redis.invalid".to_owned()],
        ..turn_config()
    };
    let started = std::time::Instant::now();
    let (server, _phone) = same_host(config).await;
    println!("a relay after {:.1?}", started.elapsed());
    assert_eq!(server.stats().turn.allocations, 1);
    tokio::time::sleep(Duration::from_millis(50)).await;
}
