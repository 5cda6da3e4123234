//! The task of a connection: handshake, work, end.
//!
//! Each in a box of its own. An `async` block over the three would hold the space of the largest for as long
//! as the connection is open, and what is handed from one to the next twice.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::Sleep;

use super::Line;

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// From the first byte to the last.
pub(crate) enum Life {
    /// Until it is a WebSocket, if it becomes one.
    Arriving(Boxed<Option<Box<Line>>>),
    /// For as long as it is open. Nothing stands in the place of the line while it is handed on.
    Open(Option<Box<Line>>, Pin<Box<Sleep>>),
    /// Closing it.
    Ending(Boxed<()>),
    /// Nothing is left.
    Over,
}

impl Life {
    /// With a handshake before it.
    pub(crate) fn begin(
        arriving: impl Future<Output = Option<Box<Line>>> + Send + 'static,
    ) -> Self {
        Self::Arriving(Box::pin(arriving))
    }
}

impl Future for Life {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let life = &mut *self;
        loop {
            let next = match life {
                Self::Arriving(arriving) => match ready!(arriving.as_mut().poll(context)) {
                    None => Self::Over,
                    Some(line) => {
                        let timer = Box::pin(tokio::time::sleep_until(line.due_at().into()));
                        Self::Open(Some(line), timer)
                    }
                },
                Self::Open(line, timer) => {
                    let Some(open) = line else {
                        return Poll::Ready(());
                    };
                    let ending = ready!(open.poll(context, timer.as_mut()));
                    match line.take() {
                        Some(line) => Self::Ending(Box::pin(super::end(*line, ending))),
                        None => Self::Over,
                    }
                }
                Self::Ending(ending) => {
                    ready!(ending.as_mut().poll(context));
                    Self::Over
                }
                Self::Over => return Poll::Ready(()),
            };
            *life = next;
        }
    }
}
