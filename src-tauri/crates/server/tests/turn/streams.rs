//! Clients over TCP and TLS: the same relays, and no patience with those who are slow or speak something
//! else.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use duet_server::turn::stun::{Class, Message, Method, attribute, read_xor_address};
use duet_server::turn::{PeerPolicy, Quotas, TurnConfig, TurnMode};
use duet_server::{Server, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::dialogue::{Answer, Attributes, Dialogue, channel, channel_data, peer, send, udp};
use super::network::{receive, turn_config, turn_server};
use super::special::closed_and_private;
use crate::client::eventually;
use crate::tls::{Identity, trusting};

const PATIENCE: Duration = Duration::from_secs(10);
/// What the server has, and as much again for a busy machine.
const CUT_AFTER: Duration = Duration::from_secs(20);

/// A client with a stream.
struct StreamPhone<S> {
    stream: S,
    dialogue: Dialogue,
}

impl StreamPhone<TcpStream> {
    async fn new(server: &Server, uid: &str) -> Self {
        let address = server.turn_stream_addrs()[0];
        Self {
            stream: TcpStream::connect(address).await.expect("it listens"),
            dialogue: Dialogue::of(uid),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> StreamPhone<S> {
    async fn put(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("it takes them");
        self.stream.flush().await.expect("it takes them");
    }

    async fn ask(&mut self, method: Method, attributes: &Attributes) -> Answer {
        let request = self.dialogue.request(method, attributes);
        self.put(&request).await;
        let answer = self.next().await;
        self.dialogue.read(&answer)
    }

    async fn allocate(&mut self) -> Result<SocketAddr, u16> {
        let request = self.dialogue.anonymous(Method::ALLOCATE, &udp());
        self.put(&request).await;
        let challenge = self.next().await;
        assert_eq!(self.dialogue.read(&challenge).code, Some(401));
        let answer = self.ask(Method::ALLOCATE, &udp()).await;
        match answer.code {
            None => Ok(answer.address(attribute::XOR_RELAYED_ADDRESS)),
            Some(code) => Err(code),
        }
    }

    /// The next message, without the padding behind it.
    async fn next(&mut self) -> Vec<u8> {
        let read = tokio::time::timeout(PATIENCE, async {
            let mut bytes = vec![0; 4];
            self.stream.read_exact(&mut bytes).await?;
            let stated = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
            let (length, padded) = match bytes[0] {
                0x40..=0x7F => (4 + stated, 4 + stated.next_multiple_of(4)),
                _ => (20 + stated, 20 + stated),
            };
            bytes.resize(padded, 0);
            self.stream.read_exact(&mut bytes[4..]).await?;
            bytes.truncate(length);
            std::io::Result::Ok(bytes)
        });
        read.await.expect("in time").expect("the stream lives")
    }

    /// The other side ends the stream.
    async fn is_cut(&mut self) {
        let ended = tokio::time::timeout(CUT_AFTER, async {
            let mut buffer = [0; 4_096];
            while matches!(self.stream.read(&mut buffer).await, Ok(length) if length > 0) {}
        });
        ended.await.expect("it is cut in time");
    }

    /// Everything that a relay does, once.
    async fn uses_its_relay(&mut self) {
        let relayed = self.allocate().await.expect("a relay");
        let echo = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let to = echo.local_addr().expect("bound");
        let permitted = self.ask(Method::CREATE_PERMISSION, &vec![peer(to)]).await;
        assert_eq!(permitted.code, None);
        let indication = self
            .dialogue
            .indication(Method::SEND, &send(to, b"by name"));
        self.put(&indication).await;
        assert_eq!(receive(&echo).await, (b"by name".to_vec(), relayed));
        echo.send_to(b"and back", relayed).await.expect("sent");
        let heard = self.next().await;
        let message = Message::parse(&heard).expect("a message");
        assert_eq!(
            (message.class(), message.method()),
            (Class::Indication, Method::DATA)
        );
        let from = message
            .attribute(attribute::XOR_PEER_ADDRESS)
            .expect("a peer");
        assert_eq!(read_xor_address(from, &message.transaction_id()), Some(to));

        let bound = self.ask(Method::CHANNEL_BIND, &channel(0x4000, to)).await;
        assert_eq!(bound.code, None);
        // Each length of padding, in one piece and byte by byte.
        for data in [&b""[..], b"1", b"12", b"123", b"1234", &[9; 1_201]] {
            let mut framed = channel_data(0x4000, data);
            framed.resize(framed.len().next_multiple_of(4), 0);
            self.put(&framed).await;
            assert_eq!(receive(&echo).await.0, data);
            echo.send_to(data, relayed).await.expect("sent");
            assert_eq!(self.next().await, channel_data(0x4000, data));
        }
        let framed = [
            &channel_data(0x4000, b"slow")[..],
            &channel_data(0x4000, b"last"),
        ]
        .concat();
        for byte in framed {
            self.put(&[byte]).await;
        }
        assert_eq!(receive(&echo).await.0, b"slow");
        assert_eq!(receive(&echo).await.0, b"last");
    }
}

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
