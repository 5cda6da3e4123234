//! Reading what waits on a socket: on Linux a whole batch with one call of the system.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

#[cfg(target_os = "linux")]
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::super::Now;
use super::super::relay::{HEADROOM, TAILROOM};
use super::outbox::{Outbox, Way};

/// After a batch of nothing but errors.
const ERROR_PAUSE: Duration = Duration::from_millis(50);
/// Datagrams read before others get their turn.
const BATCH: usize = 64;
/// The largest datagram there is.
const MAX_DATAGRAM_BYTES: usize = 65_535;
const SLOT_BYTES: usize = HEADROOM + MAX_DATAGRAM_BYTES + TAILROOM;

thread_local! {
    static BATCHES: RefCell<Batch> = RefCell::new(Batch::new());
}

/// A thread's buffers: what came in, and what is to go out. Nothing waits while it holds them.
pub(super) struct Batch {
    /// A slot for each datagram. The system gives us the pages that are used, so few.
    pub(super) buffer: Vec<u8>,
    received: Vec<(SocketAddr, usize)>,
    pub(super) outbox: Outbox,
    #[cfg(target_os = "linux")]
    headers: super::linux::Headers,
}

/// How reading a batch ended.
pub(super) enum Ended {
    /// Nothing waits any more.
    Drained,
    /// There may be more.
    Full,
    /// Nothing but errors.
    Broken,
}

impl Batch {
    fn new() -> Self {
        Self {
            buffer: vec![0; BATCH * SLOT_BYTES],
            received: Vec::with_capacity(BATCH),
            outbox: Outbox::default(),
            #[cfg(target_os = "linux")]
            headers: super::linux::Headers::new(BATCH),
        }
    }

    /// How many datagrams came.
    pub(super) fn len(&self) -> usize {
        self.received.len()
    }

    /// Who sent one, and where in the buffer it lies.
    pub(super) fn datagram(&self, index: usize) -> (SocketAddr, Range<usize>) {
        let (from, length) = self.received[index];
        let start = index * SLOT_BYTES + HEADROOM;
        (from, start..start + length)
    }

    /// Hands out what was decided.
    pub(super) fn send_out(&mut self, send: impl FnMut(Way, Option<&UdpSocket>, &[IoSlice<'_>])) {
        self.outbox.empty(&self.buffer, send);
    }

    fn windows(buffer: &mut [u8]) -> impl Iterator<Item = &mut [u8]> {
        buffer
            .chunks_exact_mut(SLOT_BYTES)
            .map(|slot| &mut slot[HEADROOM..HEADROOM + MAX_DATAGRAM_BYTES])
    }

    /// Takes what waits; an error if nothing does, or nothing can be had.
    #[cfg(target_os = "linux")]
    fn receive(&mut self, socket: &UdpSocket, is_ipv6: bool) -> io::Result<()> {
        self.received.clear();
        let windows = Self::windows(&mut self.buffer);
        let (headers, received) = (&mut self.headers, &mut self.received);
        socket.try_io(Interest::READABLE, || {
            super::linux::receive(socket, is_ipv6, headers, windows, received)
        })
    }

    /// One after the other.
    #[cfg(not(target_os = "linux"))]
    fn receive(&mut self, socket: &UdpSocket, _is_ipv6: bool) -> io::Result<()> {
        self.received.clear();
        for window in Self::windows(&mut self.buffer) {
            match socket.try_recv_from(window) {
                Ok((length, from)) => self.received.push((from, length)),
                Err(error) if self.received.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(())
    }
}

/// Reads what waits on a socket of this family, up to a batch, and deals with it.
pub(super) fn read_batch(
    socket: &UdpSocket,
    is_ipv6: bool,
    deal: impl FnOnce(Now, &mut Batch),
) -> Ended {
    BATCHES.with_borrow_mut(|batch| match batch.receive(socket, is_ipv6) {
        Ok(()) => {
            let is_full = batch.len() == BATCH;
            deal(Now::from_clocks(), batch);
            match is_full {
                true => Ended::Full,
                false => Ended::Drained,
            }
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ended::Drained,
        // On Windows a peer that is gone shows itself here; it is no reason to stop.
        Err(_) => Ended::Broken,
    })
}

/// The same with one message that came otherwise.
pub(super) fn single(from: SocketAddr, message: &[u8], deal: impl FnOnce(Now, &mut Batch)) {
    BATCHES.with_borrow_mut(|batch| {
        let window = Batch::windows(&mut batch.buffer).next();
        if let Some(place) = window.and_then(|window| window.get_mut(..message.len())) {
            place.copy_from_slice(message);
            batch.received.clear();
            batch.received.push((from, message.len()));
            deal(Now::from_clocks(), batch);
        }
    });
}

/// Lets others have their turn.
pub(super) async fn rest(batch: Ended) {
    match batch {
        // The system may not have been asked again, so under a flood this never waits by itself.
        Ended::Drained => tokio::task::consume_budget().await,
        Ended::Full => tokio::task::yield_now().await,
        Ended::Broken => tokio::time::sleep(ERROR_PAUSE).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who sent what, as the relay would hear it.
    async fn heard(socket: &UdpSocket, is_ipv6: bool) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut heard = Vec::new();
        while heard.len() < 3 {
            socket.readable().await.expect("a runtime");
            let ended = read_batch(socket, is_ipv6, |_, batch| {
                for index in 0..batch.len() {
                    let (from, place) = batch.datagram(index);
                    heard.push((from, batch.buffer[place].to_vec()));
                }
            });
            rest(ended).await;
        }
        heard
    }

    #[tokio::test]
    async fn senders_of_both_families_are_known_in_turn() {
        for round in 0..3_u8 {
            for (host, is_ipv6) in [("127.0.0.1:0", false), ("[::1]:0", true)] {
                let receiver = UdpSocket::bind(host).await.expect("a socket");
                let to = receiver.local_addr().expect("bound");
                let mut sent = Vec::new();
                for length in [1_200, 0, 7] {
                    let sender = UdpSocket::bind(host).await.expect("a socket");
                    let payload = vec![round; length];
                    sender.send_to(&payload, to).await.expect("sent");
                    sent.push((sender.local_addr().expect("bound"), payload));
                }
                assert_eq!(heard(&receiver, is_ipv6).await, sent);
            }
        }
    }
}
