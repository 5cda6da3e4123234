//! Accepting connections on one address, and giving each a task.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::address::AddressKey;
use crate::connection;
use crate::deadline::Deadline;
use crate::http::{self, Door};
use crate::server::Shared;
use crate::turn::Entrance;

/// After accepting failed, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What the kernel may hold for a client that does not read; it doubles this.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// Accepts until `closed`. The connections live on.
pub(crate) async fn run(listener: TcpListener, shared: Arc<Shared>, closed: CancellationToken) {
    let mut is_failing = false;
    loop {
        let accepted = tokio::select! {
            () = closed.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, remote)) => {
                is_failing = false;
                admit(stream, remote, &shared);
            }
            Err(error) => {
                // Once for each time of trouble, or a client could fill the disk with these.
                if !std::mem::replace(&mut is_failing, true) {
                    warn!(%error, "cannot accept connections");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn admit(stream: TcpStream, remote: SocketAddr, shared: &Arc<Shared>) {
    let address = AddressKey::from(remote.ip());
    let Some(slot) = shared.take_slot(address) else {
        debug!(%remote, "dropped: too many connections");
        return;
    };
    let task_shared = Arc::clone(shared);
    shared.tasks.spawn(async move {
        if let Err(error) = serve(stream, remote, &task_shared, slot).await {
            debug!(%remote, %error, "connection failed");
        }
    });
}

async fn serve(
    stream: TcpStream,
    remote: SocketAddr,
    shared: &Arc<Shared>,
    slot: Slot,
) -> Result<(), ConnectionError> {
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES)?;
    let local_ip = stream.local_addr()?.ip();
    let deadline = Arc::new(Deadline::new(shared.config.timing.handshake_timeout));
    let door = Door {
        config: Arc::clone(&shared.config),
        guest_page: Arc::clone(&shared.guest_page),
        deadline: Arc::clone(&deadline),
        address: slot.address,
        local_ip,
        is_over_limit: slot.is_over_limit,
    };
    let handshake = deadline.limit(http::serve(stream, door));
    let upgraded = tokio::select! {
        upgraded = handshake => upgraded.map_err(|_| ConnectionError::HandshakeTimeout)??,
        () = shared.draining.cancelled() => return Ok(()),
    };
    let Some(upgraded) = upgraded else {
        return Ok(());
    };
    let entrance = Entrance {
        host: upgraded.host.clone(),
        local_ip,
    };
    let registration = shared.hub.register(slot.address, entrance);
    debug!(connection = registration.id(), %remote, "connection opened");
    let config = Arc::clone(&shared.config);
    connection::run(upgraded, registration, config, shared.draining.clone()).await;
    Ok(())
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

/// A connection counted for its address; dropping it gives the count back.
pub(crate) struct Slot {
    pub(crate) shared: Arc<Shared>,
    pub(crate) address: AddressKey,
    pub(crate) is_over_limit: bool,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.sockets.lock().remove(self.address);
    }
}
