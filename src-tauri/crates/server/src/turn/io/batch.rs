//! Reading what waits on a socket, and sending without waiting.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::UdpSocket;

use super::super::Now;
use super::super::relay::{HEADROOM, TAILROOM};

/// After a batch of nothing but errors.
const ERROR_PAUSE: Duration = Duration::from_millis(50);
/// Datagrams read before others get their turn.
const BATCH: usize = 64;
/// The largest datagram there is.
const MAX_DATAGRAM_BYTES: usize = 65_535;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        buffer: vec![0; HEADROOM + MAX_DATAGRAM_BYTES + TAILROOM],
        reply: Vec::with_capacity(256),
    });
}

/// A thread's buffers. Nothing waits while it holds them.
pub(super) struct Scratch {
    pub(super) buffer: Vec<u8>,
    pub(super) reply: Vec<u8>,
}

/// How reading a batch ended.
pub(super) enum Batch {
    /// Nothing waits any more.
    Drained,
    /// There may be more.
    Full,
    /// Nothing but errors.
    Broken,
}

/// Sends at once or not at all. Past tokio, which would first want to hear from the system that a new
/// socket can be written to.
pub(super) fn send(socket: &UdpSocket, to: SocketAddr, datagram: &[u8]) {
    if let Err(error) = SockRef::from(socket).send_to(datagram, &to.into()) {
        tracing::trace!(%error, "a datagram was dropped");
    }
}

/// Reads what waits, up to a batch; each lies in the scratch buffer behind the headroom.
pub(super) fn read_batch(
    socket: &UdpSocket,
    mut take: impl FnMut(Now, SocketAddr, usize, &mut Scratch),
) -> Batch {
    SCRATCH.with_borrow_mut(|scratch| {
        let now = Now::from_clocks();
        let mut read = 0;
        for _ in 0..BATCH {
            let window = &mut scratch.buffer[HEADROOM..HEADROOM + MAX_DATAGRAM_BYTES];
            match socket.try_recv_from(window) {
                Ok((length, from)) => {
                    read += 1;
                    take(now, from, length, scratch);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Batch::Drained,
                // On Windows a peer that is gone shows itself here; it is no reason to stop.
                Err(_) => {}
            }
        }
        if read > 0 { Batch::Full } else { Batch::Broken }
    })
}

/// Lets others have their turn.
pub(super) async fn rest(batch: Batch) {
    match batch {
        Batch::Drained => {}
        Batch::Full => tokio::task::yield_now().await,
        Batch::Broken => tokio::time::sleep(ERROR_PAUSE).await,
    }
}
