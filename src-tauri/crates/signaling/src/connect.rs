//! From a URL to an open WebSocket, within one time limit.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use duet_protocol::limits::MAX_MESSAGE_BYTES;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WebSocketError, error::ProtocolError};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use url::{Host, Url};

use crate::error::SignalingError;
use crate::fingerprint::Fingerprint;
use crate::tls::{TlsSetup, system_roots};

/// What a WebSocket runs on.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// An open WebSocket.
pub(crate) type Socket = WebSocketStream<Box<dyn Transport>>;

/// Between the starts of two tries at different addresses of one name (RFC 8305, section 5).
const ADDRESS_STAGGER: Duration = Duration::from_millis(250);
/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;

/// Connects, or says why not.
pub(crate) async fn connect(
    url: &str,
    trusted: &[Fingerprint],
    roots: &OnceCell<Arc<RootCertStore>>,
    limit: Duration,
) -> Result<Socket, SignalingError> {
    connect_with(url, trusted, roots, limit, Limits::PROTOCOL).await
}

/// What a connection holds at most, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// A message that comes.
    pub(crate) message_bytes: usize,
    /// What waits to be written.
    pub(crate) outgoing_bytes: usize,
}

impl Limits {
    const PROTOCOL: Self = Self {
        message_bytes: MAX_MESSAGE_BYTES,
        outgoing_bytes: 256 * 1024,
    };
}

/// The same with other limits.
pub(crate) async fn connect_with(
    url: &str,
    trusted: &[Fingerprint],
    roots: &OnceCell<Arc<RootCertStore>>,
    limit: Duration,
    limits: Limits,
) -> Result<Socket, SignalingError> {
    let url = parse(url)?;
    tokio::time::timeout(limit, connect_parsed(url, trusted, roots, limits))
        .await
        .unwrap_or(Err(SignalingError::TimedOut))
}

fn parse(text: &str) -> Result<Url, SignalingError> {
    let mut url = Url::parse(text.trim()).map_err(|_| SignalingError::InvalidUrl)?;
    let is_ours = matches!(url.scheme(), "ws" | "wss");
    if !is_ours || url.host().is_none() {
        return Err(SignalingError::InvalidUrl);
    }
    // Neither has a meaning here, and neither belongs on the wire.
    url.set_fragment(None);
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        return Err(SignalingError::InvalidUrl);
    }
    Ok(url)
}

async fn connect_parsed(
    url: Url,
    trusted: &[Fingerprint],
    roots: &OnceCell<Arc<RootCertStore>>,
    limits: Limits,
) -> Result<Socket, SignalingError> {
    let addresses = resolve(&url).await?;
    let tcp = connect_first(addresses).await?;
    if let Err(error) = tcp.set_nodelay(true) {
        tracing::debug!(kind = ?error.kind(), "Nagle's algorithm stays on");
    }
    let transport: Box<dyn Transport> = if url.scheme() == "wss" {
        Box::new(secure(&url, tcp, trusted, roots).await?)
    } else {
        Box::new(tcp)
    };
    let request = url
        .as_str()
        .into_client_request()
        .map_err(|_| SignalingError::InvalidUrl)?;
    let upgrade = client_async_with_config(request, transport, Some(socket_config(limits)));
    let (socket, _) = upgrade.await.map_err(refused_upgrade)?;
    Ok(socket)
}

async fn resolve(url: &Url) -> Result<Vec<SocketAddr>, SignalingError> {
    let port = url
        .port_or_known_default()
        .ok_or(SignalingError::InvalidUrl)?;
    let addresses: Vec<SocketAddr> = match url.host() {
        Some(Host::Ipv4(address)) => vec![SocketAddr::from((address, port))],
        Some(Host::Ipv6(address)) => vec![SocketAddr::from((address, port))],
        Some(Host::Domain(name)) => tokio::net::lookup_host((name, port))
            .await
            .map_err(|_| SignalingError::NameNotFound)?
            .take(MAX_ADDRESSES)
            .collect(),
        None => return Err(SignalingError::InvalidUrl),
    };
    if addresses.is_empty() {
        return Err(SignalingError::NameNotFound);
    }
    Ok(addresses)
}

/// The first address that answers. The next one starts when one has failed, or a little later, so
/// that a dead network does not hold the others up.
async fn connect_first(addresses: Vec<SocketAddr>) -> Result<TcpStream, SignalingError> {
    let mut addresses = addresses.into_iter();
    let mut tries: FuturesUnordered<_> = addresses
        .next()
        .map(TcpStream::connect)
        .into_iter()
        .collect();
    let mut problem = SignalingError::Unreachable;
    loop {
        let is_last = addresses.len() == 0;
        tokio::select! {
            result = tries.next() => match result {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => problem = SignalingError::from_connect(&error),
                None => return Err(problem),
            },
            () = tokio::time::sleep(ADDRESS_STAGGER), if !is_last => {}
        }
        tries.extend(addresses.next().map(TcpStream::connect));
    }
}

async fn secure(
    url: &Url,
    tcp: TcpStream,
    trusted: &[Fingerprint],
    roots: &OnceCell<Arc<RootCertStore>>,
) -> Result<impl Transport + use<>, SignalingError> {
    let roots = roots.get_or_init(system_roots).await;
    let setup = TlsSetup::new(Arc::clone(roots), trusted.to_vec())?;
    let name = match url.host() {
        Some(Host::Domain(name)) => ServerName::try_from(name.to_owned()).ok(),
        Some(Host::Ipv4(address)) => Some(ServerName::from(std::net::IpAddr::V4(address))),
        Some(Host::Ipv6(address)) => Some(ServerName::from(std::net::IpAddr::V6(address))),
        None => None,
    };
    let name = name.ok_or(SignalingError::InvalidUrl)?;
    let connector = TlsConnector::from(Arc::clone(&setup.config));
    connector
        .connect(name, tcp)
        .await
        .map_err(|_| setup.explain())
}

fn socket_config(limits: Limits) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(limits.outgoing_bytes)
        .max_message_size(Some(limits.message_bytes))
        .max_frame_size(Some(limits.message_bytes))
}

fn refused_upgrade(error: WebSocketError) -> SignalingError {
    match error {
        WebSocketError::Http(response) => SignalingError::HttpStatus(response.status().as_u16()),
        WebSocketError::Io(error) => SignalingError::Broken(error.kind()),
        WebSocketError::Url(_) | WebSocketError::HttpFormat(_) => SignalingError::InvalidUrl,
        // It hung up in the middle: perhaps it is just starting or stopping.
        WebSocketError::Protocol(ProtocolError::HandshakeIncomplete) => {
            SignalingError::Broken(std::io::ErrorKind::UnexpectedEof)
        }
        _ => SignalingError::NotAServer,
    }
}
