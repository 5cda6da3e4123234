//! What waits to be sent to one connection: bounded in bytes, filled by any task, emptied by the
//! task of the connection.
//!
//! Not a channel, because channels count messages and one message may be a hundred bytes or thirty
//! thousand; and because closing must overtake what waits.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use duet_protocol::CloseReason;
use duet_protocol::limits::MAX_OUTGOING_BYTES;
use parking_lot::Mutex;

/// What a message costs besides its text: the queue's entry and the frame's head.
const OVERHEAD_BYTES: usize = 64;

/// The queue of one connection.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// None while nothing waits.
    queue: Option<Box<Queue>>,
    close: Option<CloseReason>,
    /// The task of the connection, when it was here last.
    waker: Option<Waker>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
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
    /// Send these texts.
    Texts(VecDeque<Waiting>),
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
        let queue = state.queue.get_or_insert_default();
        queue.bytes += text.len() + OVERHEAD_BYTES;
        if queue.bytes > MAX_OUTGOING_BYTES {
            state.close(CloseReason::SlowReader);
        } else {
            queue.waiting.push_back(Waiting { text, since });
        }
        state.wake();
    }

    /// Ends the connection. The first reason stays.
    pub(crate) fn close(&self, reason: CloseReason) {
        let mut state = self.state.lock();
        state.close(reason);
        state.wake();
    }

    /// What to do now; the task is woken for the next thing. Only one task may ask. Texts come out
    /// while their sum is below `batch_bytes`, one at least; without it only closing counts.
    pub(crate) fn poll_take(
        &self,
        context: &mut Context<'_>,
        batch_bytes: Option<usize>,
    ) -> Poll<Next> {
        let mut state = self.state.lock();
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        if let Some(reason) = state.close {
            return Poll::Ready(Next::Close(reason));
        }
        match batch_bytes.and_then(|limit| state.take(limit)) {
            Some(texts) => Poll::Ready(Next::Texts(texts)),
            None => Poll::Pending,
        }
    }

    #[cfg(test)]
    fn waiting_bytes(&self) -> usize {
        let state = self.state.lock();
        state.queue.as_ref().map_or(0, |queue| queue.bytes)
    }
}

impl State {
    fn close(&mut self, reason: CloseReason) {
        self.close.get_or_insert(reason);
        self.queue = None;
    }

    /// Everything as a rule: then the queue itself goes, and an idle connection has none.
    fn take(&mut self, limit_bytes: usize) -> Option<VecDeque<Waiting>> {
        let queue = self.queue.as_mut()?;
        if queue.bytes <= limit_bytes {
            return self.queue.take().map(|queue| queue.waiting);
        }
        let mut taken_bytes = 0;
        let fitting = queue.waiting.iter().take_while(|waiting| {
            taken_bytes += waiting.text.len() + OVERHEAD_BYTES;
            taken_bytes <= limit_bytes
        });
        let count = fitting.count().max(1);
        let taken: VecDeque<Waiting> = queue.waiting.drain(..count).collect();
        let texts = taken
            .iter()
            .map(|waiting| waiting.text.len() + OVERHEAD_BYTES);
        queue.bytes -= texts.sum::<usize>();
        if queue.waiting.is_empty() {
            self.queue = None;
        }
        Some(taken)
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(outgoing: &Outgoing, batch_bytes: Option<usize>) -> Poll<Next> {
        outgoing.poll_take(&mut Context::from_waker(Waker::noop()), batch_bytes)
    }

    fn texts(next: Poll<Next>) -> Vec<String> {
        match next {
            Poll::Ready(Next::Texts(texts)) => {
                texts.into_iter().map(|waiting| waiting.text).collect()
            }
            other => panic!("not expected: {other:?}"),
        }
    }

    #[test]
    fn texts_come_out_in_order_and_leave_no_bytes() {
        let outgoing = Outgoing::default();
        for text in ["a", "b", "c"] {
            outgoing.push(Instant::now(), text.into());
        }
        assert!(take(&outgoing, None).is_pending());
        let two = 2 * (1 + OVERHEAD_BYTES);
        assert_eq!(texts(take(&outgoing, Some(two))), ["a", "b"]);
        // One at least.
        assert_eq!(texts(take(&outgoing, Some(0))), ["c"]);
        assert!(take(&outgoing, Some(two)).is_pending());
        assert_eq!(outgoing.waiting_bytes(), 0);
    }

    #[test]
    fn past_the_bound_everything_goes_and_the_reader_is_slow() {
        let outgoing = Outgoing::default();
        for _ in 0..9 {
            outgoing.push(Instant::now(), "x".repeat(32 * 1024));
        }
        let slow = Poll::Ready(Next::Close(CloseReason::SlowReader));
        assert_eq!(take(&outgoing, Some(1)), slow);
        outgoing.close(CloseReason::Draining);
        outgoing.push(Instant::now(), "late".into());
        assert_eq!(take(&outgoing, None), slow);
        assert_eq!(outgoing.waiting_bytes(), 0);
    }
}
