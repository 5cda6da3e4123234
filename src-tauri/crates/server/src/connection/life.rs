//! The task of a connection: handshake, work, end.
//!
//! Each in a box of its own, and one at a time. An `async` block over the three would hold the space of the largest
//! for as long as the connection is open, and what is handed from one to the next twice. No wider than the box: the
//! task's own part then fits into 128 bytes, by which tokio aligns it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use super::{Ending, Line};

/// From the first byte to the last: what goes on now. It ends with what comes then.
pub(crate) struct Life(Pin<Box<dyn Future<Output = Option<Life>> + Send>>);

impl Life {
    /// With a handshake before it. Then the connection is a WebSocket, if it becomes one.
    pub(crate) fn begin(
        arriving: impl Future<Output = Option<Box<Line>>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(async {
            arriving.await.map(|line| Self::open(*line))
        }))
    }

    /// For as long as it is open.
    fn open(mut line: Line) -> Self {
        Self(Box::pin(async move {
            let mut timer = pin!(tokio::time::sleep_until(line.due_at().into()));
            let ending = poll_fn(|context| line.poll(context, timer.as_mut())).await;
            Some(Self::ending(line, ending))
        }))
    }

    /// Closing it.
    fn ending(line: Line, ending: Ending) -> Self {
        Self(Box::pin(async move {
            super::end(line, ending).await;
            None
        }))
    }
}

impl Future for Life {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        while let Some(next) = ready!(self.0.as_mut().poll(context)) {
            *self = next;
        }
        Poll::Ready(())
    }
}
