//! A running relay against every special-purpose address in every form, by each of the three ways and
//! from a relay of each family, while canaries listen on all addresses of this machine.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use duet_server::Server;
use duet_server::turn::stun::{Method, attribute};
use duet_server::turn::{PeerPolicy, TurnConfig};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::dialogue::{Dialogue, channel, channel_data, peer, udp_and};
use super::network::{Phone, turn_config, turn_server};
use super::special;

/// Threats of reliability T01 ask for this many probes at least.
const PROBES: usize = 2_000;
const CHANNEL: u16 = 0x4000;

/// Sockets that hear whatever comes to one port of this machine, by whichever address.
struct Canaries {
    port: u16,
    sockets: Vec<UdpSocket>,
}

impl Canaries {
    fn settle() -> Self {
        let v4 = bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))).expect("a socket");
        let port = v4.local_addr().expect("bound").port();
        let mut sockets = vec![v4];
        // Another program may have the port in the other family; the next test run has another.
        match bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))) {
            Ok(v6) => sockets.push(v6),
            Err(error) => println!("SKIPPED: no canary on IPv6: {error}"),
        }
        Self { port, sockets }
    }

    fn at(&self, ip: IpAddr) -> SocketAddr {
        SocketAddr::new(ip, self.port)
    }

    /// What they heard since the last time.
    fn songs(&self) -> Vec<Vec<u8>> {
        let mut heard = Vec::new();
        let mut buffer = [0; 200];
        for socket in &self.sockets {
            while let Ok(length) = socket.try_recv(&mut buffer) {
                heard.push(buffer[..length].to_vec());
            }
        }
        heard
    }

    /// Which of these addresses lead here: a datagram from outside of the relay says.
    async fn reached_by(&self, ips: &[IpAddr]) -> BTreeSet<IpAddr> {
        let mut reached = BTreeSet::new();
        for ip in ips {
            let any: IpAddr = match ip {
                IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            };
            let Ok(sender) = bind(SocketAddr::new(any, 0)) else {
                continue;
            };
            let _ = sender.send_to(b"direct", self.at(*ip)).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            if !self.songs().is_empty() {
                reached.insert(*ip);
            }
        }
        reached
    }
}

fn bind(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

/// A relay that listens in both families.
async fn server(peers: PeerPolicy) -> Server {
    let listen = ["127.0.0.1:0", "[::1]:0"].map(|text| text.parse().expect("an address"));
    let both = TurnConfig {
        listen: listen.to_vec(),
        peers,
        ..turn_config()
    };
    turn_server(both).await
}

/// One phone with a relay of each family.
async fn phones(server: &Server) -> [Phone; 2] {
    let mut phones = Vec::new();
    for (index, family) in [1, 2].into_iter().enumerate() {
        let mut phone = Phone::at(server.turn_addrs()[index], Dialogue::of("mira")).await;
        let wish = udp_and(attribute::REQUESTED_ADDRESS_FAMILY, &[family, 0, 0, 0]);
        phone.ask_as_stranger(Method::ALLOCATE, &wish).await;
        assert_eq!(phone.ask(Method::ALLOCATE, &wish).await.code, None);
        phones.push(phone);
    }
    phones.try_into().ok().expect("two phones")
}

/// All three ways to one address; the requests must be answered with 403.
async fn probe(phone: &mut Phone, target: SocketAddr) {
    let ask = vec![peer(target)];
    let code = phone.ask(Method::CREATE_PERMISSION, &ask).await.code;
    assert_eq!(code, Some(403), "CreatePermission {target}");
    let ask = channel(CHANNEL, target);
    let code = phone.ask(Method::CHANNEL_BIND, &ask).await.code;
    assert_eq!(code, Some(403), "ChannelBind {target}");
    phone.send(target, b"by indication").await;
    phone.put(&channel_data(CHANNEL, b"by channel")).await;
}

/// Whatever was sent before has been dealt with.
async fn settle(phone: &mut Phone) {
    let answer = phone.ask_as_stranger(Method::BINDING, &Vec::new()).await;
    assert_eq!(answer.code, None);
}

/// Those of the interfaces, and some that lead to this machine anyway.
fn own_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().expect("interfaces");
    let more = ["127.9.9.9", "0.0.0.0", "::"].map(|text| text.parse().expect("an address"));
    let own = interfaces.iter().map(if_addrs::Interface::ip);
    own.chain(more).collect()
}

async fn refused_everywhere(peers: PeerPolicy, mut targets: Vec<IpAddr>) {
    let canaries = Canaries::settle();
    let reached = canaries.reached_by(&own_addresses()).await;
    let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
    assert!(reached.contains(&localhost), "the canaries are deaf");
    for ip in own_addresses() {
        targets.push(ip);
        if let IpAddr::V4(v4) = ip {
            targets.extend(special::disguises(v4));
        }
    }
    targets.sort();
    targets.dedup();

    let server = server(peers).await;
    let mut phones = phones(&server).await;
    for phone in &mut phones {
        for ip in &targets {
            probe(phone, canaries.at(*ip)).await;
        }
        settle(phone).await;
    }
    let probes = 3 * targets.len() * phones.len();
    assert!(probes >= PROBES, "only {probes} probes");
    // Whatever left the relay's sockets has arrived by now, as the loopback has no delay.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(canaries.songs(), Vec::<Vec<u8>>::new(), "a canary sang");
    let stats = server.stats().turn;
    assert_eq!(stats.packets_from_clients, 0);
    assert_eq!(stats.refused_peers, probes as u64);
    println!(
        "{probes} probes of {} addresses refused; the canaries, whom {} of them reach, were silent",
        targets.len(),
        reached.len(),
    );
}

#[tokio::test]
async fn a_public_relay_reaches_no_special_address_in_any_form() {
    refused_everywhere(PeerPolicy::default(), special::closed_and_private()).await;
}

#[tokio::test]
async fn a_relay_for_private_networks_reaches_nothing_else_that_is_special() {
    let peers = PeerPolicy {
        allow_private: true,
        allow_same_host: false,
    };
    refused_everywhere(peers, special::closed()).await;
}

/// The counter-proof: where the relay may, the same ways make the canaries sing.
#[tokio::test]
async fn the_canaries_sing_where_the_relay_may() {
    let canaries = Canaries::settle();
    let peers = PeerPolicy {
        allow_private: false,
        allow_same_host: true,
    };
    let server = server(peers).await;
    let [mut v4, mut v6] = phones(&server).await;
    let loopbacks: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    for (phone, ip) in [&mut v4, &mut v6].into_iter().zip(loopbacks) {
        if canaries.reached_by(&[ip]).await.is_empty() {
            println!("SKIPPED: {ip} leads nowhere on this machine");
            continue;
        }
        let target = canaries.at(ip);
        phone.permit(target).await;
        phone.send(target, b"by indication").await;
        let ask = channel(CHANNEL, target);
        assert_eq!(phone.ask(Method::CHANNEL_BIND, &ask).await.code, None);
        phone.put(&channel_data(CHANNEL, b"by channel")).await;
        settle(phone).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let songs = [b"by indication".to_vec(), b"by channel".to_vec()];
        assert_eq!(canaries.songs(), songs);
    }
}

#[tokio::test]
async fn a_peer_address_that_is_none_opens_nothing() {
    let server = server(PeerPolicy::default()).await;
    let [mut phone, _] = phones(&server).await;
    let sixteen = [&[0, 2, 0, 0][..], &[0; 16]].concat();
    let broken: [Vec<u8>; 6] = [
        vec![],
        vec![0, 1],
        vec![0, 1, 0, 0, 1, 2, 3],
        [&[0, 1, 0, 0][..], &sixteen[4..]].concat(),
        vec![0, 2, 0, 0, 1, 2, 3, 4],
        vec![0, 3, 0, 0, 1, 2, 3, 4],
    ];
    for value in broken {
        let ask = vec![(attribute::XOR_PEER_ADDRESS, value.clone())];
        let code = phone.ask(Method::CREATE_PERMISSION, &ask).await.code;
        assert_eq!(code, Some(400), "CreatePermission {value:?}");
        let mut ask = vec![(attribute::CHANNEL_NUMBER, vec![0x40, 0, 0, 0])];
        ask.push((attribute::XOR_PEER_ADDRESS, value.clone()));
        let code = phone.ask(Method::CHANNEL_BIND, &ask).await.code;
        assert_eq!(code, Some(400), "ChannelBind {value:?}");
        let ask = vec![
            (attribute::XOR_PEER_ADDRESS, value),
            (attribute::DATA, b"x".to_vec()),
        ];
        let datagram = phone.dialogue.indication(Method::SEND, &ask);
        phone.put(&datagram).await;
    }
    settle(&mut phone).await;
    assert_eq!(server.stats().turn.packets_from_clients, 0);
}
