//! Clients over TCP and TLS: the same relays, and no patience with those who are slow or speak something
//! else.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use duet_server::turn::stun::Method;
use duet_server::turn::{PeerPolicy, Quotas, TurnConfig, TurnMode};
use duet_server::{Server, ServerConfig};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};

use super::dialogue::{Dialogue, channel, channel_data, peer};
use super::network::{turn_config, turn_server};
use super::special::closed_and_private;
use super::stream_phone::StreamPhone;
use crate::client::eventually;
use crate::tls::{Identity, trusting};

async fn tls_server(identity: &Identity) -> Server {
    let config = ServerConfig {
        tls: Some(identity.files()),
        turn: TurnMode::BuiltIn(turn_config()),
        ..ServerConfig::loopback()
    };
    Server::bind(config).await.expect("free ports")
}

#[tokio::test]
async fn a_relay_over_tcp_on_the_port_of_udp() {
    let server = turn_server(turn_config()).await;
    assert_eq!(server.turn_stream_addrs(), server.turn_addrs());
    StreamPhone::new(&server, "mira")
        .await
        .uses_its_relay()
        .await;
    eventually("its end ends the relay", || {
        server.stats().turn.allocations == 0
    })
    .await;
}

#[tokio::test]
async fn a_relay_over_tls_on_the_same_port() {
    let identity = Identity::new();
    let server = tls_server(&identity).await;
    let stream = TcpStream::connect(server.turn_stream_addrs()[0]).await;
    let stream = trusting(&identity.certificate, stream.expect("it listens")).await;
    let mut phone = StreamPhone {
        stream: stream.expect("TLS"),
        dialogue: Dialogue::of("mira"),
    };
    phone.uses_its_relay().await;
    drop(phone);
    eventually("its end ends the relay", || {
        server.stats().turn.allocations == 0
    })
    .await;
    // Without TLS it is served as well.
    StreamPhone::new(&server, "noah")
        .await
        .uses_its_relay()
        .await;
}

#[tokio::test]
async fn a_stream_reaches_no_more_than_a_datagram() {
    let config = TurnConfig {
        peers: PeerPolicy::default(),
        ..turn_config()
    };
    let server = turn_server(config).await;
    let mut phone = StreamPhone::new(&server, "mira").await;
    phone.allocate().await.expect("a relay");
    let closed = closed_and_private().into_iter().filter(IpAddr::is_ipv4);
    for to in closed.map(|ip| SocketAddr::new(ip, 80)) {
        for (method, attributes) in [
            (Method::CREATE_PERMISSION, vec![peer(to)]),
            (Method::CHANNEL_BIND, channel(0x4000, to)),
        ] {
            let refused = phone.ask(method, &attributes).await;
            assert_eq!(refused.code, Some(403), "{to}");
        }
    }
    let public = SocketAddr::from(([8, 8, 8, 8], 53));
    let admitted = phone
        .ask(Method::CREATE_PERMISSION, &vec![peer(public)])
        .await;
    assert_eq!(admitted.code, None);
}

#[tokio::test]
async fn two_clients_meet_inside_one_over_tcp() {
    let server = turn_server(turn_config()).await;
    let mut mira = StreamPhone::new(&server, "mira").await;
    let mut noah = StreamPhone::new(&server, "noah").await;
    let miras = mira.allocate().await.expect("a relay");
    let noahs = noah.allocate().await.expect("a relay");
    for (phone, to) in [(&mut mira, noahs), (&mut noah, miras)] {
        let bound = phone.ask(Method::CHANNEL_BIND, &channel(0x4000, to)).await;
        assert_eq!(bound.code, None);
    }
    let framed = [&channel_data(0x4000, b"hello")[..], &[0; 3]].concat();
    mira.put(&framed).await;
    assert_eq!(noah.next().await, channel_data(0x4000, b"hello"));
}

#[tokio::test]
async fn what_is_no_turn_is_cut_at_once() {
    let server = turn_server(turn_config()).await;
    let hostile: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        // A TLS handshake where there is no certificate.
        &[22, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3],
        &channel_data(0x4000, b"before there is a relay"),
        &[0x80; 20],
        &[0, 1, 0xFF, 0xFC, 0x21, 0x12, 0xA4, 0x42],
    ];
    for bytes in hostile {
        let mut phone = StreamPhone::new(&server, "mira").await;
        phone.put(bytes).await;
        phone.is_cut().await;
    }
    // Once it has a relay as well.
    let mut phone = StreamPhone::new(&server, "mira").await;
    phone.allocate().await.expect("a relay");
    phone.put(&[0xFF; 8]).await;
    phone.is_cut().await;
    eventually("its relay is gone", || server.stats().turn.allocations == 0).await;
}

#[tokio::test]
async fn the_slow_are_cut_and_the_others_served() {
    let server = turn_server(turn_config()).await;
    let mut silent = StreamPhone::new(&server, "a").await;
    let mut halves = StreamPhone::new(&server, "b").await;
    halves.allocate().await.expect("a relay");
    halves.put(&[0x40, 0]).await;
    let mut drips = StreamPhone::new(&server, "c").await;
    let request = drips.dialogue.anonymous(Method::BINDING, &Vec::new());
    let dripping = async {
        // A message every four seconds is no relay.
        for _ in 0..5 {
            if drips.stream.write_all(&request).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(4)).await;
        }
        drips.is_cut().await;
    };
    let mut served = StreamPhone::new(&server, "d").await;
    served.allocate().await.expect("a relay");
    let mut deaf = deaf_phone(&server).await;
    tokio::join!(silent.is_cut(), halves.is_cut(), dripping);
    // It reads only now, and finds the end behind what the system held.
    deaf.is_cut().await;
    let still = served.ask(Method::REFRESH, &Vec::new()).await;
    assert_eq!(still.code, None, "who keeps to the rules stays");
}

/// Gets far more than it reads.
async fn deaf_phone(server: &Server) -> StreamPhone<TcpStream> {
    let mut phone = StreamPhone::new(server, "deaf").await;
    let small = socket2::SockRef::from(&phone.stream).set_recv_buffer_size(8 * 1024);
    small.expect("a smaller buffer");
    let relayed = phone.allocate().await.expect("a relay");
    let flood = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let to = flood.local_addr().expect("bound");
    let bound = phone.ask(Method::CHANNEL_BIND, &channel(0x4000, to)).await;
    assert_eq!(bound.code, None);
    tokio::spawn(async move {
        // 10 Mbit/s, for longer than anybody waits.
        for _ in 0..25_000 {
            let _ = flood.send_to(&[7; 1_200], relayed).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    phone
}

#[tokio::test]
async fn a_stream_asks_no_more_than_it_takes_to_have_a_relay() {
    let server = turn_server(turn_config()).await;
    let mut phone = StreamPhone::new(&server, "mira").await;
    phone.allocate().await.expect("a relay");
    let mut idle = StreamPhone::new(&server, "noah").await;
    for count in 0..100 {
        let request = phone.dialogue.anonymous(Method::BINDING, &Vec::new());
        phone.put(&request).await;
        phone.next().await;
        if count < 32 {
            let request = idle.dialogue.anonymous(Method::BINDING, &Vec::new());
            idle.put(&request).await;
            idle.next().await;
        }
    }
    let request = idle.dialogue.anonymous(Method::BINDING, &Vec::new());
    idle.put(&request).await;
    idle.is_cut().await;
}

#[tokio::test]
async fn an_address_has_so_many_streams_and_no_more() {
    let config = TurnConfig {
        quotas: Quotas {
            allocations_per_address: 3,
            ..Quotas::default()
        },
        ..turn_config()
    };
    let server = turn_server(config).await;
    let mut open = Vec::new();
    for index in 0..3 {
        let mut phone = StreamPhone::new(&server, &format!("u{index}")).await;
        phone.allocate().await.expect("a relay");
        open.push(phone);
    }
    StreamPhone::new(&server, "u4").await.is_cut().await;
    drop(open.pop());
    eventually("its place is free", || server.stats().turn.allocations == 2).await;
    StreamPhone::new(&server, "u4")
        .await
        .allocate()
        .await
        .expect("a relay");
}

#[tokio::test]
async fn udp_alone_if_so_wished_or_if_the_port_is_taken() {
    let alone = TurnConfig {
        has_streams: false,
        ..turn_config()
    };
    assert!(turn_server(alone).await.turn_stream_addrs().is_empty());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = vec![taken.local_addr().expect("bound")];
    let config = TurnConfig {
        listen,
        ..turn_config()
    };
    let server = turn_server(config).await;
    assert!(server.turn_stream_addrs().is_empty() && server.turn_addrs().len() == 1);
}
