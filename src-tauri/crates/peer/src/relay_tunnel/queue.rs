//! What waits on the way into a tunnel and out of it. Nobody waits for room: what is too much is
//! dropped, the oldest first, as a router would.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::answer::no_relay;
use super::frame::{Message, TransactionId, encode};

/// Half a second of a call at 2.5 Mbit/s. What is older is of no use to anybody.
const MAX_DATA_BYTES: usize = 160 * 1024;
const MAX_REQUESTS: usize = 64;
/// Taken at once by the stream.
const BATCH_BYTES: usize = 16 * 1024;
const MAX_INCOMING: usize = 256;

/// From the library to a tunnel.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    state: Mutex<Waiting>,
    changed: Notify,
    closed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    requests: VecDeque<Vec<u8>>,
    /// The library repeats requests, as on UDP; a stream loses none.
    asked: VecDeque<TransactionId>,
    data: VecDeque<Vec<u8>>,
    data_bytes: usize,
    is_closed: bool,
}

impl Outgoing {
    /// A datagram of the library.
    pub(super) fn push(&self, message: Message, datagram: &[u8]) {
        let mut state = self.state.lock();
        match message {
            Message::Allocate(id) | Message::Request(id) => {
                if state.asked.contains(&id) || state.requests.len() >= MAX_REQUESTS {
                    return;
                }
                if state.asked.len() >= MAX_REQUESTS {
                    state.asked.pop_front();
                }
                state.asked.push_back(id);
                state.requests.push_back(datagram.to_vec());
            }
            Message::Data => {
                state.data_bytes += datagram.len();
                state.data.push_back(datagram.to_vec());
                while state.data_bytes > MAX_DATA_BYTES
                    && let Some(oldest) = state.data.pop_front()
                {
                    state.data_bytes -= oldest.len();
                }
            }
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
        self.changed.notify_one();
        self.closed.notify_waiters();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().is_closed
    }

    /// Waits until nothing more will come.
    pub(super) async fn closed(&self) {
        let closed = self.closed.notified();
        tokio::pin!(closed);
        closed.as_mut().enable();
        if !self.is_closed() {
            closed.await;
        }
    }

    /// The next bytes for the stream, requests first; `None` when all is sent and nothing will come.
    pub(super) async fn next(&self, bytes: &mut Vec<u8>) -> Option<()> {
        loop {
            {
                let mut state = self.state.lock();
                state.take(bytes);
                if !bytes.is_empty() {
                    return Some(());
                }
                if state.is_closed {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// Answers to the requests for relays that wait, which then wait no more.
    pub(super) fn give_up(&self) -> Vec<Vec<u8>> {
        let mut state = self.state.lock();
        state.data.clear();
        state.data_bytes = 0;
        let requests = std::mem::take(&mut state.requests);
        let answers = requests.iter().filter_map(|request| no_relay(request));
        answers.collect()
    }
}

impl Waiting {
    fn take(&mut self, bytes: &mut Vec<u8>) {
        while bytes.len() < BATCH_BYTES {
            if let Some(request) = self.requests.pop_front() {
                encode(&request, bytes);
            } else if let Some(data) = self.data.pop_front() {
                self.data_bytes -= data.len();
                encode(&data, bytes);
            } else {
                return;
            }
        }
    }
}

/// What came, and from which address the library believes it came.
type Arrived = (SocketAddr, Vec<u8>);

/// From all tunnels to one socket of the library.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    state: Mutex<(VecDeque<Arrived>, Option<Waker>)>,
}

impl Incoming {
    pub(crate) fn push(&self, from: SocketAddr, datagram: Vec<u8>) {
        let mut state = self.state.lock();
        if state.0.len() >= MAX_INCOMING {
            state.0.pop_front();
        }
        state.0.push_back((from, datagram));
        let waker = state.1.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The next datagram.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Arrived> {
        let mut state = self.state.lock();
        match state.0.pop_front() {
            Some(datagram) => Poll::Ready(datagram),
            None => {
                state.1 = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::request;
    use super::*;

    fn channel(number: u8) -> Vec<u8> {
        let mut data = vec![0x40, number, 0x04, 0x00];
        data.resize(4 + 0x400, number);
        data
    }

    fn all(queue: &Outgoing) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut state = queue.state.lock();
        loop {
            let before = bytes.len();
            let mut batch = Vec::new();
            state.take(&mut batch);
            bytes.extend(batch);
            if bytes.len() == before {
                return bytes;
            }
        }
    }

    #[test]
    fn the_oldest_data_goes_when_it_is_too_much_and_no_request_does() {
        let queue = Outgoing::default();
        let request = request(0x04, 1);
        queue.push(Message::of(&request).unwrap(), &request);
        for number in 0..=250 {
            queue.push(Message::Data, &channel(number));
        }
        let bytes = all(&queue);
        assert!(bytes.len() <= MAX_DATA_BYTES + request.len());
        assert_eq!(bytes[..request.len()], request);
        assert!(bytes.ends_with(&channel(250)));
        assert!(!bytes.windows(1_028).any(|window| window == channel(0)));
    }

    #[test]
    fn a_request_is_sent_once_and_their_number_is_bounded() {
        let queue = Outgoing::default();
        let mut request = request(0x03, 1);
        for _ in 0..3 {
            queue.push(Message::of(&request).unwrap(), &request);
        }
        assert_eq!(all(&queue), request);
        for number in 0..=255 {
            request[8] = number;
            queue.push(Message::of(&request).unwrap(), &request);
        }
        assert_eq!(queue.give_up().len(), MAX_REQUESTS);
    }

    #[test]
    fn incoming_is_bounded() {
        let incoming = Incoming::default();
        let from = SocketAddr::from(([240, 0, 0, 1], 1));
        for number in 0..2 * MAX_INCOMING {
            incoming.push(from, vec![(number % 256) as u8, (number / 256) as u8]);
        }
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(incoming.poll(&mut cx), Poll::Ready((from, vec![0, 1])));
        let rest = (1..).take_while(|_| incoming.poll(&mut cx).is_ready());
        assert_eq!(rest.count(), MAX_INCOMING - 1);
    }
}
