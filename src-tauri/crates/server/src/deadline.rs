//! How long a connection may take until it is a WebSocket. One that asks for pages instead may go on a little longer,
//! once: a browser fetches thirty files over a slow line, and over the same connection where it can.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// The end of a connection that is no WebSocket yet.
#[derive(Debug)]
pub(crate) struct Deadline {
    opened_at: Instant,
    ends_at: Mutex<Instant>,
}

/// The time is over.
#[derive(Debug)]
pub(crate) struct Elapsed;

impl Deadline {
    /// A connection that was opened now.
    pub(crate) fn new(after: Duration) -> Self {
        let opened_at = Instant::now();
        Self {
            opened_at,
            ends_at: Mutex::new(opened_at + after),
        }
    }

    /// It may last this long, counted from its opening, however often this is said.
    pub(crate) fn extend_to(&self, whole: Duration) {
        let mut ends_at = self.ends_at.lock();
        *ends_at = (*ends_at).max(self.opened_at + whole);
    }

    /// Runs a future until the deadline, wherever it is by then.
    pub(crate) async fn limit<F: Future>(&self, future: F) -> Result<F::Output, Elapsed> {
        tokio::pin!(future);
        loop {
            let ends_at = *self.ends_at.lock();
            tokio::select! {
                output = &mut future => return Ok(output),
                () = tokio::time::sleep_until(ends_at) => {}
            }
            if *self.ends_at.lock() <= ends_at {
                return Err(Elapsed);
            }
        }
    }
}
