//! Data on its way: to peers and back, by indication and by channel, and between two relays.

use std::net::SocketAddr;

use duet_server::turn::TurnConfig;
use duet_server::turn::stun::{Method, attribute};
use tokio::net::UdpSocket;

use super::dialogue::{Dialogue, channel, udp_and};
use super::network::{Heard, Phone, assert_silent, receive, turn_config, turn_server};
use crate::client::eventually;

async fn peer_socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let address = socket.local_addr().expect("bound");
    (socket, address)
}

#[tokio::test]
async fn a_binding_says_how_one_is_seen() {
    let server = turn_server(turn_config()).await;
    let mut phone = Phone::new(&server, "mira").await;
    let answer = phone.ask_as_stranger(Method::BINDING, &Vec::new()).await;
    assert_eq!(answer.code, None);
    assert_eq!(
        answer.address(attribute::XOR_MAPPED_ADDRESS),
        phone.address()
    );
}

#[tokio::test]
async fn indications_go_both_ways() {
    let server = turn_server(turn_config()).await;
    let mut phone = Phone::new(&server, "mira").await;
    let relayed = phone.allocate().await.expect("a relay");
    let (peer, peer_address) = peer_socket().await;
    // Without permission nothing passes, in neither direction.
    phone.send(peer_address, b"too early").await;
    peer.send_to(b"too early", relayed).await.expect("sent");
    assert_silent(&peer).await;
    phone.permit(peer_address).await;
    for data in [&b"hello"[..], b"", &[7; 1_199]] {
        phone.send(peer_address, data).await;
        assert_eq!(receive(&peer).await, (data.to_vec(), relayed));
        peer.send_to(data, relayed).await.expect("sent");
        assert_eq!(
            phone.hear().await,
            Heard::Indication(peer_address, data.to_vec())
        );
    }
    let stats = server.stats().turn;
    assert_eq!(
        (stats.packets_from_clients, stats.packets_from_peers),
        (3, 3)
    );
    assert_eq!(
        (stats.bytes_from_clients, stats.bytes_from_peers),
        (1_204, 1_204)
    );
    assert_eq!(stats.dropped_unpermitted, 2);
}

#[tokio::test]
async fn channels_go_both_ways() {
    let server = turn_server(turn_config()).await;
    let mut phone = Phone::new(&server, "mira").await;
    let relayed = phone.allocate().await.expect("a relay");
    let (peer, peer_address) = peer_socket().await;
    phone.send_on(0x4001, b"too early").await;
    let bound = phone
        .ask(Method::CHANNEL_BIND, &channel(0x4001, peer_address))
        .await;
    assert_eq!(bound.code, None);
    for length in [0, 1, 2, 3, 4, 1_200, 9_000] {
        let data = vec![length as u8; length];
        phone.send_on(0x4001, &data).await;
        assert_eq!(receive(&peer).await, (data.clone(), relayed));
        peer.send_to(&data, relayed).await.expect("sent");
        assert_eq!(phone.hear().await, Heard::Channel(0x4001, data));
    }
    // Another socket of the same host is let in, but is not the channel's peer.
    let (other, other_address) = peer_socket().await;
    other.send_to(b"me too", relayed).await.expect("sent");
    assert_eq!(
        phone.hear().await,
        Heard::Indication(other_address, b"me too".to_vec())
    );
}

#[tokio::test]
async fn two_relays_of_one_server_reach_each_other_inside() {
    // Nothing of this machine is open, so a socket could not.
    let config = TurnConfig {
        peers: duet_server::turn::PeerPolicy::default(),
        external_ips: vec![[192, 0, 2, 1].into()],
        ..turn_config()
    };
    let server = turn_server(config).await;
    let mut mira = Phone::new(&server, "mira").await;
    let mut noah = Phone::new(&server, "noah").await;
    let mira_relayed = mira.allocate().await.expect("a relay");
    let noah_relayed = noah.allocate().await.expect("a relay");
    assert_eq!(mira_relayed.ip().to_string(), "192.0.2.1");
    mira.permit(noah_relayed).await;
    mira.send(noah_relayed, b"too early").await;
    assert_silent(&noah.socket).await;
    noah.permit(mira_relayed).await;
    mira.send(noah_relayed, b"hello").await;
    assert_eq!(
        noah.hear().await,
        Heard::Indication(mira_relayed, b"hello".to_vec())
    );
    for (phone, to) in [(&mut mira, noah_relayed), (&mut noah, mira_relayed)] {
        let bound = phone.ask(Method::CHANNEL_BIND, &channel(0x4000, to)).await;
        assert_eq!(bound.code, None);
    }
    mira.send_on(0x4000, b"short").await;
    assert_eq!(noah.hear().await, Heard::Channel(0x4000, b"short".to_vec()));
    noah.send(mira_relayed, b"and back").await;
    assert_eq!(
        mira.hear().await,
        Heard::Channel(0x4000, b"and back".to_vec())
    );
}

#[tokio::test]
async fn a_relay_that_ends_frees_its_port_and_goes_silent() {
    let server = turn_server(turn_config()).await;
    let mut phone = Phone::new(&server, "mira").await;
    let relayed = phone.allocate().await.expect("a relay");
    assert!(UdpSocket::bind(relayed).await.is_err());
    let end = vec![(attribute::LIFETIME, vec![0; 4])];
    assert_eq!(phone.ask(Method::REFRESH, &end).await.code, None);
    eventually("the port is free", || {
        std::net::UdpSocket::bind(relayed).is_ok()
    })
    .await;
    assert_eq!(server.stats().turn.allocations, 0);
}

#[tokio::test]
async fn an_even_port_is_even_and_in_range() {
    let config = TurnConfig {
        relay_ports: 40_000..=40_999,
        ..turn_config()
    };
    let server = turn_server(config).await;
    for index in 0..4 {
        let mut phone = Phone::new(&server, &format!("u{index}")).await;
        let attributes = udp_and(attribute::EVEN_PORT, &[0]);
        phone.ask_as_stranger(Method::ALLOCATE, &attributes).await;
        let answer = phone.ask(Method::ALLOCATE, &attributes).await;
        let port = answer.address(attribute::XOR_RELAYED_ADDRESS).port();
        assert!(port % 2 == 0 && (40_000..41_000).contains(&port), "{port}");
    }
}

#[tokio::test]
async fn when_the_ports_are_taken_there_is_no_relay_more() {
    let (taken, address) = peer_socket().await;
    let config = TurnConfig {
        relay_ports: address.port()..=address.port(),
        ..turn_config()
    };
    let server = turn_server(config).await;
    let mut phone = Phone::new(&server, "mira").await;
    assert_eq!(phone.allocate().await, Err(508));
    drop(taken);
    assert_eq!(phone.allocate().await, Ok(address));
}

#[tokio::test]
async fn ipv6_clients_and_peers() {
    let Ok(peer) = UdpSocket::bind("[::1]:0").await else {
        println!("SKIPPED: this machine has no IPv6");
        return;
    };
    let config = TurnConfig {
        listen: vec!["[::1]:0".parse().expect("an address")],
        ..turn_config()
    };
    let server = turn_server(config).await;
    let mut phone = Phone::at(server.turn_addrs()[0], Dialogue::of("mira")).await;
    assert_eq!(phone.allocate().await, Err(440), "IPv4 is not to be had");
    let v6 = udp_and(attribute::REQUESTED_ADDRESS_FAMILY, &[2, 0, 0, 0]);
    let answer = phone.ask(Method::ALLOCATE, &v6).await;
    let relayed = answer.address(attribute::XOR_RELAYED_ADDRESS);
    let peer_address = peer.local_addr().expect("bound");
    phone.permit(peer_address).await;
    phone.send(peer_address, b"hello").await;
    assert_eq!(receive(&peer).await, (b"hello".to_vec(), relayed));
    peer.send_to(b"hi!", relayed).await.expect("sent");
    assert_eq!(
        phone.hear().await,
        Heard::Indication(peer_address, b"hi!".to_vec())
    );
}

#[tokio::test]
async fn listening_on_all_addresses_relays_on_the_one_that_was_reached() {
    let config = TurnConfig {
        listen: vec!["0.0.0.0:0".parse().expect("an address")],
        ..turn_config()
    };
    let server = turn_server(config).await;
    let port = server.turn_addrs()[0].port();
    let mut phone = Phone::at(([127, 0, 0, 1], port).into(), Dialogue::of("mira")).await;
    let relayed = phone.allocate().await.expect("a relay");
    assert_eq!(relayed.ip().to_string(), "127.0.0.1");
}
