//! A stop signal that a pacing thread can sleep on.
//!
//! Every thread of this crate that paces itself waits here instead of in `thread::sleep`, so that
//! dropping the handle of a source or a sink ends its thread at once and not one period later.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// Shared by the handle, which raises it once, and by the thread, which sleeps on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct StopSignal(Arc<(Mutex<bool>, Condvar)>);

impl StopSignal {
    /// Raises the signal for good.
    pub(crate) fn stop(&self) {
        *self.0.0.lock() = true;
        self.0.1.notify_all();
    }

    /// Whether the signal was raised.
    pub(crate) fn is_stopped(&self) -> bool {
        *self.0.0.lock()
    }

    /// Sleeps until `deadline`; returns true if the signal was raised before or meanwhile.
    pub(crate) fn wait_until(&self, deadline: Instant) -> bool {
        let mut stopped = self.0.0.lock();
        while !*stopped {
            if self.0.1.wait_until(&mut stopped, deadline).timed_out() {
                return *stopped;
            }
        }
        true
    }

    /// Sleeps for `time`; returns true if the signal was raised before or meanwhile.
    pub(crate) fn wait_for(&self, time: Duration) -> bool {
        self.wait_until(Instant::now() + time)
    }
}
