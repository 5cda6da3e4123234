//! What a batch brought forth, sent when all of it is decided: what has the same way goes together.
//!
//! A picture is several datagrams of one size to one place. On Linux those go through the system's
//! stack as one; elsewhere, and where sizes differ, one by one.

use std::io::IoSlice;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;

use socket2::SockRef;
use tokio::net::UdpSocket;

use super::super::relay::{Flow, RelayId};

/// Where a datagram goes, and by which socket. Sorted by this, the way of each stays in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// From a listener or into a stream.
    Client(Flow),
    /// From a relay.
    Peer(RelayId, SocketAddr),
}

#[derive(Debug)]
struct Out {
    way: Way,
    /// The relay's.
    socket: Option<Arc<UdpSocket>>,
    datagram: Place,
}

/// Where it lies.
#[derive(Debug, Clone)]
enum Place {
    /// In the buffer of the batch.
    Batch(Range<usize>),
    /// Among the replies.
    Reply(Range<usize>),
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    outs: Vec<Out>,
    replies: Vec<u8>,
}

impl Outbox {
    pub(super) fn reply(&mut self, to: Flow, reply: &[u8]) {
        let start = self.replies.len();
        self.replies.extend_from_slice(reply);
        self.outs.push(Out {
            way: Way::Client(to),
            socket: None,
            datagram: Place::Reply(start..self.replies.len()),
        });
    }

    /// A part of the batch's buffer.
    pub(super) fn pass_on(&mut self, way: Way, socket: Option<Arc<UdpSocket>>, part: Range<usize>) {
        self.outs.push(Out {
            way,
            socket,
            datagram: Place::Batch(part),
        });
    }

    /// Hands everything out by its way, and is empty again.
    pub(super) fn empty(
        &mut self,
        buffer: &[u8],
        mut send: impl FnMut(Way, Option<&UdpSocket>, &[IoSlice<'_>]),
    ) {
        let Self { outs, replies } = self;
        outs.sort_by_key(|out| out.way);
        let mut slices = Vec::with_capacity(outs.len());
        for run in outs.chunk_by(|one, next| one.way == next.way) {
            slices.clear();
            slices.extend(run.iter().map(|out| {
                IoSlice::new(match &out.datagram {
                    Place::Batch(part) => &buffer[part.clone()],
                    Place::Reply(part) => &replies[part.clone()],
                })
            }));
            if let Some(first) = run.first() {
                send(first.way, first.socket.as_deref(), &slices);
            }
        }
        outs.clear();
        replies.clear();
    }
}

/// Sends at once or not at all. Past tokio, which would first want to hear from the system that a new
/// socket can be written to.
pub(super) fn send_all(socket: &UdpSocket, to: SocketAddr, datagrams: &[IoSlice<'_>]) {
    let mut left = datagrams;
    while let Some(first) = left.first() {
        let count = alike(left);
        let (these, others) = left.split_at(count);
        left = others;
        #[cfg(target_os = "linux")]
        if count > 1 && super::linux::send_segments(socket, to, these, first.len()) {
            continue;
        }
        for datagram in these {
            if let Err(error) = SockRef::from(socket).send_to(datagram, &to.into()) {
                tracing::trace!(%error, "a datagram was dropped");
            }
        }
        debug_assert!(!first.is_empty() || count == 1);
    }
}

/// How many of the first may go as one: all of one size, and behind them one that is shorter.
fn alike(datagrams: &[IoSlice<'_>]) -> usize {
    #[cfg(target_os = "linux")]
    use super::linux::{MAX_SEGMENTED_BYTES, MAX_SEGMENTS};
    #[cfg(not(target_os = "linux"))]
    const MAX_SEGMENTS: usize = 1;
    #[cfg(not(target_os = "linux"))]
    const MAX_SEGMENTED_BYTES: usize = 0;

    let length = datagrams.first().map_or(0, |first| first.len());
    if length == 0 {
        return 1;
    }
    let most = MAX_SEGMENTS.min(MAX_SEGMENTED_BYTES / length).max(1);
    let same = datagrams.iter().take_while(|next| next.len() == length);
    let same = same.count().min(most);
    let is_shorter = |next: &IoSlice<'_>| !next.is_empty() && next.len() < length;
    match datagrams.get(same) {
        Some(next) if same < most && is_shorter(next) => same + 1,
        Some(_) | None => same,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_goes_together() {
        let count = |lengths: &[usize]| {
            let zeros = [0; 65_535];
            let slices: Vec<_> = lengths
                .iter()
                .map(|length| IoSlice::new(&zeros[..*length]))
                .collect();
            alike(&slices)
        };
        assert_eq!(count(&[1_000]), 1);
        assert_eq!(count(&[1_000, 1_000, 1_000]), 3);
        assert_eq!(count(&[1_000, 1_000, 400, 400]), 3);
        assert_eq!(count(&[400, 1_000]), 1);
        assert_eq!(count(&[1_000, 0, 1_000]), 1);
        assert_eq!(count(&[0, 0]), 1);
        assert_eq!(count(&[100; 100]), 64);
        assert_eq!(count(&[1_300; 60]), 50);
        assert_eq!(count(&[65_535, 9]), 1);
    }

    #[tokio::test]
    async fn each_arrives_as_it_was() {
        let receiver = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let sender = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let to = receiver.local_addr().expect("bound");
        let bytes: Vec<u8> = (0..=255).cycle().take(5_000).collect();
        let lengths = [1_200, 1_200, 1_200, 300, 0, 0, 7, 1_000, 1_000, 1];
        let slices: Vec<_> = lengths
            .iter()
            .enumerate()
            .map(|(index, length)| IoSlice::new(&bytes[index..index + length]))
            .collect();
        send_all(&sender, to, &slices);
        for slice in slices {
            let mut buffer = [0; 2_000];
            let length = receiver.recv(&mut buffer).await.expect("one more");
            assert_eq!(&buffer[..length], &*slice);
        }
    }
}
