//! What waits to be sent to one connection: bounded in bytes, filled by any task, emptied by the
//! task of the connection.
//!
//! Not a channel, because channels count messages and one message may be a hundred bytes or thirty
//! thousand; and because closing must overtake what waits.

use std::collections::VecDeque;
use std::time::Instant;

use duet_protocol::CloseReason;
use duet_protocol::limits::MAX_OUTGOING_BYTES;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// What a message costs besides its text: the queue's entry and the frame's head.
const OVERHEAD_BYTES: usize = 64;

/// The queue of one connection.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    close: Option<CloseReason>,
}

/// A text that waits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) text: String,
    /// When that came which caused it.
    pub(crate) since: Instant,
}

/// What the connection does next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Send this text.
    Text(Waiting),
    /// Close with this reason; nothing comes after it.
    Close(CloseReason),
}

impl Outgoing {
    /// Queues a text, caused by what came at `since`. When the bound is passed, everything waiting is dropped and the connection
    /// closes as a slow reader.
    pub(crate) fn push(&self, since: Instant, text: String) {
        let mut state = self.state.lock();
        if state.close.is_some() {
            return;
        }
        state.waiting_bytes += text.len() + OVERHEAD_BYTES;
        if state.waiting_bytes > MAX_OUTGOING_BYTES {
            state.close(CloseReason::SlowReader);
        } else {
            state.waiting.push_back(Waiting { text, since });
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Ends the connection. The first reason stays.
    pub(crate) fn close(&self, reason: CloseReason) {
        self.state.lock().close(reason);
        self.changed.notify_one();
    }

    /// Waits for something to do. Only one task may wait.
    pub(crate) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.state.lock().take() {
                return next;
            }
            self.changed.notified().await;
        }
    }

    /// Waits until the connection must close, while a text is being written.
    pub(crate) async fn closed(&self) -> CloseReason {
        loop {
            if let Some(reason) = self.state.lock().close {
                return reason;
            }
            self.changed.notified().await;
        }
    }

    #[cfg(test)]
    fn waiting_bytes(&self) -> usize {
        self.state.lock().waiting_bytes
    }
}

impl State {
    fn close(&mut self, reason: CloseReason) {
        self.close.get_or_insert(reason);
        self.waiting.clear();
        self.waiting_bytes = 0;
    }

    fn take(&mut self) -> Option<Next> {
        if let Some(reason) = self.close {
            return Some(Next::Close(reason));
        }
        let waiting = self.waiting.pop_front()?;
        self.waiting_bytes -= waiting.text.len() + OVERHEAD_BYTES;
        Some(Next::Text(waiting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn texts_come_out_in_order_and_leave_no_bytes() {
        let outgoing = Outgoing::default();
        let since = Instant::now();
        let text = |text: &str| Waiting {
            text: text.into(),
            since,
        };
        outgoing.push(since, "a".into());
        outgoing.push(since, "b".into());
        assert_eq!(outgoing.next().await, Next::Text(text("a")));
        assert_eq!(outgoing.next().await, Next::Text(text("b")));
        assert_eq!(outgoing.waiting_bytes(), 0);
    }

    #[tokio::test]
    async fn past_the_bound_everything_goes_and_the_reader_is_slow() {
        let outgoing = Outgoing::default();
        for _ in 0..9 {
            outgoing.push(Instant::now(), "x".repeat(32 * 1024));
        }
        assert_eq!(outgoing.next().await, Next::Close(CloseReason::SlowReader));
        outgoing.close(CloseReason::Draining);
        outgoing.push(Instant::now(), "late".into());
        assert_eq!(outgoing.next().await, Next::Close(CloseReason::SlowReader));
        assert_eq!(outgoing.waiting_bytes(), 0);
    }
}
