//! A connection to a relay, by whichever transport, and one question after the other on it.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use duet_server::turn::stun::{HEADER_BYTES, Message};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// For one answer over UDP; a datagram may be lost, so it is asked three times.
const PATIENCE: Duration = Duration::from_secs(1);
const TRIES: usize = 3;
/// For anything in a stream, its opening included.
const STREAM_PATIENCE: Duration = Duration::from_secs(3);
/// Far more than anything here has.
const MAX_MESSAGE_BYTES: usize = 2_048;

/// Why a relay cannot be used.
#[derive(Debug, Error)]
pub(super) enum Fault {
    #[error("no answer comes back")]
    Silent,
    #[error("nothing listens there")]
    Closed,
    #[error("it cannot be reached: {0}")]
    Unreachable(io::Error),
    #[error("no TLS: {0}")]
    Tls(String),
    #[error("what answers there is no relay")]
    NotTurn,
    #[error("it refuses our credential (401): another secret, or a wrong clock")]
    Credential,
    #[error("it opens no relay (error {0})")]
    NoRelay(u16),
    #[error("its relays do not let each other in (error {0})")]
    NoPermission(u16),
    #[error("a packet from one of its relays to another does not arrive")]
    Lost,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Closed,
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => Self::NotTurn,
            _ => Self::Unreachable(error),
        }
    }
}

/// How to get there.
#[derive(Debug, Clone)]
pub(super) enum Transport {
    Udp,
    Tcp,
    /// With what it must show, and as whom it is asked for.
    Tls(Arc<ClientConfig>, ServerName<'static>),
}

impl std::fmt::Display for Transport {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls(..) => "TLS",
        })
    }
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An open connection.
pub(super) enum Line {
    Datagrams(UdpSocket),
    Stream(Box<dyn Stream>),
}

impl Line {
    pub(super) async fn open(server: SocketAddr, transport: &Transport) -> Result<Self, Fault> {
        match transport {
            Transport::Udp => {
                let socket = match server {
                    SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?,
                    SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).await?,
                };
                socket.connect(server).await?;
                Ok(Self::Datagrams(socket))
            }
            Transport::Tcp => Ok(Self::Stream(Box::new(connect(server).await?))),
            Transport::Tls(config, name) => {
                let stream = connect(server).await?;
                let connector = TlsConnector::from(Arc::clone(config));
                let secured = timeout(STREAM_PATIENCE, connector.connect(name.clone(), stream));
                let secured = secured.await.map_err(|_| Fault::Silent)?;
                let secured = secured.map_err(|error| Fault::Tls(error.to_string()))?;
                Ok(Self::Stream(Box::new(secured)))
            }
        }
    }

    /// A question and its answer. Whatever comes between is dropped.
    pub(super) async fn ask(&mut self, request: &[u8]) -> Result<Vec<u8>, Fault> {
        let asked = Message::parse(request).map(|message| message.transaction_id());
        let asked = asked.map_err(|_| Fault::NotTurn)?;
        let tries = match self {
            Self::Datagrams(_) => TRIES,
            Self::Stream(_) => 1,
        };
        let mut fault = Fault::Silent;
        for _ in 0..tries {
            match self.ask_once(request, asked).await {
                Err(Fault::Silent) => {}
                // Nobody may have listened yet, or a router may have lied.
                Err(Fault::Closed) if tries > 1 => {
                    tokio::time::sleep(PATIENCE / 10).await;
                    fault = Fault::Closed;
                }
                done => return done,
            }
        }
        Err(fault)
    }

    async fn ask_once(&mut self, request: &[u8], asked: [u8; 12]) -> Result<Vec<u8>, Fault> {
        let patience = self.patience();
        let answer = async {
            self.send(request).await?;
            loop {
                let answer = self.receive().await?;
                let message = Message::parse(&answer).map_err(|_| Fault::NotTurn)?;
                if message.transaction_id() == asked {
                    return Ok(answer);
                }
            }
        };
        timeout(patience, answer).await.map_err(|_| Fault::Silent)?
    }

    pub(super) async fn send(&mut self, message: &[u8]) -> Result<(), Fault> {
        match self {
            Self::Datagrams(socket) => {
                socket.send(message).await?;
            }
            Self::Stream(stream) => {
                stream.write_all(message).await?;
                stream.flush().await?;
            }
        }
        Ok(())
    }

    /// The next message, for as long as it takes.
    pub(super) async fn receive(&mut self) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Datagrams(socket) => {
                let mut message = vec![0; MAX_MESSAGE_BYTES];
                let length = socket.recv(&mut message).await?;
                message.truncate(length);
                Ok(message)
            }
            Self::Stream(stream) => {
                let mut message = vec![0; HEADER_BYTES];
                stream.read_exact(&mut message).await?;
                let length = usize::from(u16::from_be_bytes([message[2], message[3]]));
                if HEADER_BYTES + length > MAX_MESSAGE_BYTES {
                    return Err(Fault::NotTurn);
                }
                message.resize(HEADER_BYTES + length, 0);
                stream.read_exact(&mut message[HEADER_BYTES..]).await?;
                Ok(message)
            }
        }
    }

    /// What one answer may take.
    pub(super) fn patience(&self) -> Duration {
        match self {
            Self::Datagrams(_) => PATIENCE,
            Self::Stream(_) => STREAM_PATIENCE,
        }
    }
}

async fn connect(server: SocketAddr) -> Result<TcpStream, Fault> {
    let connecting = timeout(STREAM_PATIENCE, TcpStream::connect(server));
    Ok(connecting.await.map_err(|_| Fault::Silent)??)
}
