//! A client over TCP or TLS.

use std::net::SocketAddr;
use std::time::Duration;

use duet_server::Server;
use duet_server::turn::stun::{Class, Message, Method, attribute, read_xor_address};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::dialogue::{Answer, Attributes, Dialogue, channel, channel_data, peer, send, udp};
use super::network::receive;

const PATIENCE: Duration = Duration::from_secs(10);
/// What the server has, and as much again for a busy machine.
const CUT_AFTER: Duration = Duration::from_secs(20);

/// A client with a stream.
pub(crate) struct StreamPhone<S> {
    pub(crate) stream: S,
    pub(crate) dialogue: Dialogue,
}

impl StreamPhone<TcpStream> {
    pub(crate) async fn new(server: &Server, uid: &str) -> Self {
        let address = server.turn_stream_addrs()[0];
        Self {
            stream: TcpStream::connect(address).await.expect("it listens"),
            dialogue: Dialogue::of(uid),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> StreamPhone<S> {
    pub(crate) async fn put(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("it takes them");
        self.stream.flush().await.expect("it takes them");
    }

    pub(crate) async fn ask(&mut self, method: Method, attributes: &Attributes) -> Answer {
        let request = self.dialogue.request(method, attributes);
        self.put(&request).await;
        let answer = self.next().await;
        self.dialogue.read(&answer)
    }

    pub(crate) async fn allocate(&mut self) -> Result<SocketAddr, u16> {
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
    pub(crate) async fn next(&mut self) -> Vec<u8> {
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
    pub(crate) async fn is_cut(&mut self) {
        let ended = tokio::time::timeout(CUT_AFTER, async {
            let mut buffer = [0; 4_096];
            while matches!(self.stream.read(&mut buffer).await, Ok(length) if length > 0) {}
        });
        ended.await.expect("it is cut in time");
    }

    /// Everything that a relay does, once.
    pub(crate) async fn uses_its_relay(&mut self) {
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
