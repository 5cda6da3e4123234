//! Accepting connections on one address, and giving each a task.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use duet_protocol::CloseReason;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::address::AddressKey;
use crate::connection::{self, Life, Line};
use crate::deadline::Deadline;
use crate::door::Slot;
use crate::http::{self, Entry, Upgraded};
use crate::shared::Shared;
use crate::stream::Stream;
use crate::tls::Tls;
use crate::turn::Entrance;

/// After accepting failed, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const WARNING_INTERVAL: Duration = Duration::from_secs(60);
/// What the kernel may hold for a client that does not read; it doubles this.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// Connections that the kernel has set up and nobody has accepted. With the 128 of the standard library a crowd that
/// comes at once, hostile or not, has others wait for their TCP to try again, a second or three; the kernel
/// takes less than this if it is told to (`net.core.somaxconn`, 4096 on Linux).
const BACKLOG: u32 = 4096;

/// Listens, also where a server was that has just ended.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // On Windows this would let two programs have one port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts until `closed`. The connections live on.
pub(crate) async fn run(listener: TcpListener, shared: Arc<Shared>, closed: CancellationToken) {
    let mut warned_at = None::<Instant>;
    loop {
        let accepted = tokio::select! {
            () = closed.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, remote)) => admit(stream, remote, &shared),
            Err(error) => {
                // Or a client could fill the disk with these.
                if warned_at.is_none_or(|at| at.elapsed() >= WARNING_INTERVAL) {
                    warned_at = Some(Instant::now());
                    warn!(%error, "cannot accept connections");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn admit(stream: TcpStream, remote: SocketAddr, shared: &Arc<Shared>) {
    let is_full = shared.tasks.len() >= shared.config.max_connections;
    // Whom a proxy's connection counts for is only known with its headers.
    let is_proxied = shared.config.trusted_proxies.contains(remote.ip());
    let slot = match is_full || is_proxied {
        true => None,
        false => Slot::take(shared, AddressKey::from(remote.ip())),
    };
    if is_full || (!is_proxied && slot.is_none()) {
        shared.metrics.dropped.inc();
        debug!(%remote, "dropped: too many connections");
        return;
    }
    let arriving = arrive(stream, remote, Arc::clone(shared), slot);
    shared.tasks.spawn(Life::begin(arriving));
    let tasks = shared.tasks.len();
    shared.most_tasks.fetch_max(tasks, Ordering::Relaxed);
}

/// A connection that became a WebSocket, at work.
async fn arrive(
    stream: TcpStream,
    remote: SocketAddr,
    shared: Arc<Shared>,
    slot: Option<Slot>,
) -> Option<Box<Line>> {
    match shake_hands(stream, remote, &shared, slot).await {
        Ok(line) => line,
        Err(error) => {
            shared.metrics.failed_handshakes.inc();
            debug!(%remote, %error, "connection failed");
            None
        }
    }
}

async fn shake_hands(
    stream: TcpStream,
    remote: SocketAddr,
    shared: &Arc<Shared>,
    slot: Option<Slot>,
) -> Result<Option<Box<Line>>, ConnectionError> {
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES)?;
    let local_ip = stream.local_addr()?.ip();
    let deadline = Arc::new(Deadline::new(shared.config.timing.handshake_timeout));
    let entry = Entry::new(
        Arc::clone(shared),
        Arc::clone(&deadline),
        remote.ip(),
        local_ip,
        slot,
    );
    let handshake = deadline.limit(open(stream, shared.tls.as_ref(), entry));
    let upgraded = tokio::select! {
        upgraded = handshake => upgraded.map_err(|_| ConnectionError::HandshakeTimeout)??,
        () = shared.draining.cancelled() => return Ok(None),
    };
    let Some((upgraded, slot)) = upgraded else {
        return Ok(None);
    };
    let entrance = Entrance {
        host: upgraded.host.clone(),
        local_ip,
    };
    let registration = shared.hub.register(slot.address(), entrance);
    if shared.draining.is_cancelled() {
        registration.outgoing().close(CloseReason::Draining);
    }
    debug!(connection = registration.id(), %remote, "connection opened");
    Ok(Some(connection::begin(
        upgraded,
        registration,
        slot,
        shared,
    )))
}

/// TLS, if it is spoken here, and then HTTP up to the upgrade.
async fn open(
    stream: TcpStream,
    tls: Option<&Tls>,
    entry: Entry,
) -> Result<Option<(Upgraded, Slot)>, ConnectionError> {
    let stream = match tls {
        Some(tls) => Stream::Tls(Box::new(tls.acceptor().accept(stream).await?)),
        None => Stream::Plain(stream),
    };
    Ok(http::serve(stream, entry).await?)
}

/// Why a connection failed before it was a WebSocket.
#[derive(Debug, thiserror::Error)]
enum ConnectionError {
    #[error("the socket failed: {0}")]
    Socket(#[from] std::io::Error),
    #[error("the request is broken: {0}")]
    Http(#[from] hyper::Error),
    #[error("the handshake took too long")]
    HandshakeTimeout,
}
