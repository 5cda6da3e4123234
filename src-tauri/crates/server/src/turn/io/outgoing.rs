//! What waits to go into a client's stream: a bounded heap of bytes. What finds no room is dropped
//! whole, as a router would drop it; a client that reads nothing is cut by whoever writes.

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::frame;

/// A quarter of a second of a call in high definition. The system holds about as much again.
const MAX_WAITING_BYTES: usize = 64 * 1024;

/// From the relay to the task that writes.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    waiting: Mutex<Vec<u8>>,
    changed: Notify,
}

impl Outgoing {
    /// Takes a datagram, if there is room.
    pub(super) fn push(&self, datagram: &[u8]) {
        let mut waiting = self.waiting.lock();
        let padding = frame::padding(datagram);
        if waiting.len() + datagram.len() + padding.len() > MAX_WAITING_BYTES {
            tracing::trace!("a datagram was dropped: the client reads too slowly");
            return;
        }
        waiting.extend_from_slice(datagram);
        waiting.extend_from_slice(padding);
        drop(waiting);
        self.changed.notify_one();
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.lock().is_empty()
    }

    /// Everything that waits; `written` is what came from here before, and is used again.
    pub(super) async fn take(&self, written: &mut Vec<u8>) {
        written.clear();
        loop {
            {
                let mut waiting = self.waiting.lock();
                if !waiting.is_empty() {
                    std::mem::swap(&mut *waiting, written);
                    return;
                }
            }
            self.changed.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_bounded_and_drops_whole_datagrams() {
        let outgoing = Outgoing::default();
        let datagram = [&[0x40, 0, 3, 0xE9][..], &[5; 1_001]].concat();
        for _ in 0..1_000 {
            outgoing.push(&datagram);
        }
        let mut taken = Vec::new();
        outgoing.take(&mut taken).await;
        assert!(taken.len() <= MAX_WAITING_BYTES && taken.len() > MAX_WAITING_BYTES - 1_008);
        assert_eq!(taken.len() % 1_008, 0);
        outgoing.push(&datagram);
        outgoing.take(&mut taken).await;
        assert_eq!(taken[..1_005], datagram);
        assert_eq!(taken[1_005..], [0, 0, 0]);
    }
}
