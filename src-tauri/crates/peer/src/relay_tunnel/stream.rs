//! One tunnel: waits for its turn, opens the stream, and carries until either end closes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::frame::{Decoder, NotTurn};
use super::order::Turn;
use super::queue::{Incoming, Outgoing};
use super::{Route, Tunnels};
use crate::stats::RelayTransport;

/// TCP and TLS together; the library gives a relay eight seconds.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Between the starts of two tries at different addresses (RFC 8305, section 5).
const ADDRESS_STAGGER: Duration = Duration::from_millis(250);
/// For what still waits when the tunnel is closed: the request that gives the relay back.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// What the system may hold of ours. With its usual megabytes old pictures would wait there.
const SEND_BUFFER_BYTES: usize = 64 * 1024;
const READ_BYTES: usize = 16 * 1024;

/// What a tunnel is made of.
pub(super) struct Dig {
    pub(super) id: u16,
    /// The address that stands for the server.
    pub(super) from: SocketAddr,
    pub(super) route: Arc<Route>,
    pub(super) outgoing: Arc<Outgoing>,
    pub(super) incoming: Arc<Incoming>,
}

/// Why a tunnel ended.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("it took too long to connect")]
    TimedOut,
    #[error("no connection ({0:?})")]
    Connect(io::ErrorKind),
    /// What TLS says of it names the server, which no log above DEBUG may.
    #[error("its certificate is not trusted")]
    Certificate,
    #[error("no secure connection")]
    Tls,
    #[error("the server closed the connection")]
    Closed,
    #[error("the connection broke ({0:?})")]
    Lost(io::ErrorKind),
    #[error(transparent)]
    NotTurn(#[from] NotTurn),
}

pub(super) async fn run(tunnels: Arc<Tunnels>, dig: Dig) {
    let changes = tunnels.changes.subscribe();
    if wait_for_turn(&tunnels, &dig, changes).await {
        let transport = dig.route.transport;
        match dig_and_carry(&tunnels, &dig).await {
            Ok(()) => tracing::debug!(%transport, "a relay's connection is closed"),
            Err(reason) => {
                tracing::warn!(%transport, %reason, "no relay, or no longer; others are tried");
            }
        }
    }
    tunnels.over(dig.id, &dig.outgoing);
    for answer in dig.outgoing.give_up() {
        dig.incoming.push(dig.from, answer);
    }
}

/// False if it never comes.
async fn wait_for_turn(tunnels: &Tunnels, dig: &Dig, mut changes: watch::Receiver<()>) -> bool {
    loop {
        changes.mark_unchanged();
        if dig.outgoing.is_closed() {
            return false;
        }
        match tunnels.turn(dig.id) {
            Turn::Go => return true,
            Turn::Never => return false,
            Turn::Wait(until) => {
                let until = tokio::time::sleep_until(Instant::from_std(until));
                tokio::select! {
                    () = until => {}
                    _ = changes.changed() => {}
                }
            }
        }
    }
}

async fn dig_and_carry(tunnels: &Tunnels, dig: &Dig) -> Result<(), Broken> {
    let connecting = tokio::time::timeout(CONNECT_LIMIT, connect(&dig.route, tunnels.tls.clone()));
    let stream = tokio::select! {
        connected = connecting => connected.map_err(|_| Broken::TimedOut)??,
        () = dig.outgoing.closed() => return Ok(()),
    };
    carry(stream, dig).await
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn connect(route: &Route, tls: Option<Arc<ClientConfig>>) -> Result<Box<dyn Stream>, Broken> {
    let tcp = connect_first(&route.addresses).await?;
    let options = tcp.set_nodelay(true);
    let options = options.and(socket2::SockRef::from(&tcp).set_send_buffer_size(SEND_BUFFER_BYTES));
    if let Err(error) = options {
        tracing::debug!(kind = ?error.kind(), "a relay's connection keeps the system's options");
    }
    match (route.transport, tls, route.name.clone()) {
        (RelayTransport::Tls, Some(tls), Some(name)) => {
            let secured = TlsConnector::from(tls).connect(name, tcp).await;
            Ok(Box::new(secured.map_err(|error| insecure(&error))?))
        }
        (RelayTransport::Tls, _, _) => Err(Broken::Tls),
        (RelayTransport::Tcp | RelayTransport::Udp, _, _) => Ok(Box::new(tcp)),
    }
}

fn insecure(error: &io::Error) -> Broken {
    tracing::debug!(%error, "TLS with a relay");
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    match cause {
        Some(rustls::Error::InvalidCertificate(_)) => Broken::Certificate,
        Some(_) | None => Broken::Tls,
    }
}

/// The first address that answers; the next one starts when one has failed, or a little later.
async fn connect_first(addresses: &[SocketAddr]) -> Result<TcpStream, Broken> {
    let mut addresses = addresses.iter().copied();
    let mut tries = JoinSet::new();
    let mut problem = io::ErrorKind::AddrNotAvailable;
    loop {
        let next = addresses.next();
        if let Some(address) = next {
            tries.spawn(TcpStream::connect(address));
        }
        tokio::select! {
            result = tries.join_next() => match result {
                Some(Ok(Ok(stream))) => return Ok(stream),
                Some(Ok(Err(error))) => problem = error.kind(),
                Some(Err(_)) => {}
                None => return Err(Broken::Connect(problem)),
            },
            () = tokio::time::sleep(ADDRESS_STAGGER), if next.is_some() => {}
        }
    }
}

async fn carry(stream: Box<dyn Stream>, dig: &Dig) -> Result<(), Broken> {
    let (reader, writer) = tokio::io::split(stream);
    let writing = write(writer, &dig.outgoing);
    let ending = async {
        dig.outgoing.closed().await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    tokio::select! {
        written = writing => written,
        read = read(reader, dig) => read,
        () = ending => Ok(()),
    }
}

async fn write(mut stream: impl AsyncWrite + Unpin, outgoing: &Outgoing) -> Result<(), Broken> {
    let lost = |error: io::Error| Broken::Lost(error.kind());
    let mut bytes = Vec::new();
    while let Some(()) = outgoing.next(&mut bytes).await {
        stream.write_all(&bytes).await.map_err(lost)?;
        stream.flush().await.map_err(lost)?;
        bytes.clear();
    }
    let _ = stream.shutdown().await;
    Ok(())
}

async fn read(mut stream: impl AsyncRead + Unpin, dig: &Dig) -> Result<(), Broken> {
    let mut decoder = Decoder::default();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let read = stream.read(&mut buffer).await;
        match read.map_err(|error| Broken::Lost(error.kind()))? {
            0 => return Err(Broken::Closed),
            read => decoder.feed(&buffer[..read], |message| {
                dig.incoming.push(dig.from, message.to_vec());
            })?,
        }
    }
}
