//! A relay with real sockets on the loopback, and a phone that uses it.

use std::net::SocketAddr;
use std::time::Duration;

use duet_server::turn::stun::{Class, Message, Method, attribute, read_xor_address};
use duet_server::turn::{TurnConfig, TurnMode};
use duet_server::{Server, ServerConfig};
use tokio::net::UdpSocket;

use super::dialogue::{Answer, Attributes, Dialogue, SECRET, channel_data, peer, send, udp};

const PATIENCE: Duration = Duration::from_secs(10);

/// On a free port, and it reaches this machine: there is no other one in a test.
pub(crate) fn turn_config() -> TurnConfig {
    TurnConfig::loopback(SECRET)
}

pub(crate) async fn turn_server(turn: TurnConfig) -> Server {
    let config = ServerConfig {
        turn: TurnMode::BuiltIn(turn),
        ..ServerConfig::loopback()
    };
    Server::bind(config).await.expect("free ports")
}

/// A client with a socket.
pub(crate) struct Phone {
    pub(crate) socket: UdpSocket,
    pub(crate) dialogue: Dialogue,
    server: SocketAddr,
}

/// What comes through the relay.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Channel(u16, Vec<u8>),
    Indication(SocketAddr, Vec<u8>),
}

impl Phone {
    pub(crate) async fn new(server: &Server, uid: &str) -> Self {
        let server = server.turn_addrs()[0];
        Self::at(server, Dialogue::of(uid)).await
    }

    pub(crate) async fn at(server: SocketAddr, dialogue: Dialogue) -> Self {
        let own: SocketAddr = match server {
            SocketAddr::V4(_) => ([127, 0, 0, 1], 0).into(),
            SocketAddr::V6(_) => (std::net::Ipv6Addr::LOCALHOST, 0).into(),
        };
        Self {
            socket: UdpSocket::bind(own).await.expect("a socket"),
            dialogue,
            server,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("bound")
    }

    /// Asks without credentials.
    pub(crate) async fn ask_as_stranger(
        &mut self,
        method: Method,
        attributes: &Attributes,
    ) -> Answer {
        let request = self.dialogue.anonymous(method, attributes);
        self.exchange(&request).await
    }

    /// Asks with credentials.
    pub(crate) async fn ask(&mut self, method: Method, attributes: &Attributes) -> Answer {
        let request = self.dialogue.request(method, attributes);
        self.exchange(&request).await
    }

    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Answer {
        self.put(request).await;
        let answer = self.receive().await;
        self.dialogue.read(&answer)
    }

    /// 401 first, then the allocation.
    pub(crate) async fn allocate(&mut self) -> Result<SocketAddr, u16> {
        let challenge = self.ask_as_stranger(Method::ALLOCATE, &udp()).await;
        assert_eq!(challenge.code, Some(401));
        let answer = self.ask(Method::ALLOCATE, &udp()).await;
        match answer.code {
            None => Ok(answer.address(attribute::XOR_RELAYED_ADDRESS)),
            Some(code) => Err(code),
        }
    }

    pub(crate) async fn permit(&mut self, to: SocketAddr) {
        let answer = self.ask(Method::CREATE_PERMISSION, &vec![peer(to)]).await;
        assert_eq!(answer.code, None);
    }

    /// A Send indication.
    pub(crate) async fn send(&mut self, to: SocketAddr, data: &[u8]) {
        let datagram = self.dialogue.indication(Method::SEND, &send(to, data));
        self.put(&datagram).await;
    }

    pub(crate) async fn send_on(&self, number: u16, data: &[u8]) {
        self.put(&channel_data(number, data)).await;
    }

    pub(crate) async fn put(&self, datagram: &[u8]) {
        let sent = self.socket.send_to(datagram, self.server).await;
        sent.expect("the loopback takes it");
    }

    pub(crate) async fn receive(&self) -> Vec<u8> {
        receive(&self.socket).await.0
    }

    pub(crate) async fn hear(&self) -> Heard {
        let datagram = self.receive().await;
        if datagram[0] & 0xC0 == 0x40 {
            let number = u16::from_be_bytes([datagram[0], datagram[1]]);
            let length = u16::from_be_bytes([datagram[2], datagram[3]]);
            assert_eq!(usize::from(length), datagram.len() - 4);
            return Heard::Channel(number, datagram[4..].to_vec());
        }
        let message = Message::parse(&datagram).expect("a message");
        assert_eq!(
            (message.class(), message.method()),
            (Class::Indication, Method::DATA)
        );
        let from = message
            .attribute(attribute::XOR_PEER_ADDRESS)
            .expect("a peer");
        let from = read_xor_address(from, &message.transaction_id()).expect("an address");
        let data = message.attribute(attribute::DATA).expect("data");
        Heard::Indication(from, data.to_vec())
    }
}

pub(crate) async fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 70_000];
    let received = tokio::time::timeout(PATIENCE, socket.recv_from(&mut buffer)).await;
    let (length, from) = received
        .expect("a datagram in time")
        .expect("the socket lives");
    buffer.truncate(length);
    (buffer, from)
}

/// Nothing comes for a while.
pub(crate) async fn assert_silent(socket: &UdpSocket) {
    let mut buffer = [0; 100];
    let quiet = Duration::from_millis(100);
    let received = tokio::time::timeout(quiet, socket.recv_from(&mut buffer)).await;
    assert!(received.is_err(), "heard something");
}
