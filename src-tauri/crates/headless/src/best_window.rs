//! The best few seconds of the received pictures.
//!
//! The report's frame rate is that of the whole call, start and hiccups of a busy machine included.
//! This one tells what the connection and the decoder are able to do.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Length of the window.
pub(crate) const WINDOW: Duration = Duration::from_secs(3);

/// Counts pictures; clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct BestWindow(Arc<Mutex<Pictures>>);

#[derive(Debug, Default)]
struct Pictures {
    /// Those of the last [`WINDOW`].
    recent: VecDeque<Instant>,
    first: Option<Instant>,
    most: usize,
}

impl BestWindow {
    /// Notes a picture shown now.
    pub(crate) fn note(&self, now: Instant) {
        self.0.lock().note(now);
    }

    /// Pictures a second in the best window so far; `None` before a whole one has passed.
    pub(crate) fn fps(&self) -> Option<f64> {
        let most = self.0.lock().most;
        (most > 0).then(|| most as f64 / WINDOW.as_secs_f64())
    }
}

impl Pictures {
    fn note(&mut self, now: Instant) {
        let age = |then: Instant| now.saturating_duration_since(then);
        self.recent.push_back(now);
        while self.recent.front().is_some_and(|then| age(*then) >= WINDOW) {
            self.recent.pop_front();
        }
        if age(*self.first.get_or_insert(now)) >= WINDOW {
            self.most = self.most.max(self.recent.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(pictures: &BestWindow, start: Instant, times_ms: impl Iterator<Item = u64>) {
        times_ms.for_each(|ms| pictures.note(start + Duration::from_millis(ms)));
    }

    #[test]
    fn the_best_window_counts_and_slow_ones_do_not() {
        let (start, pictures) = (Instant::now(), BestWindow::default());
        at(&pictures, start, (0..4_000).step_by(200));
        at(&pictures, start, (4_000..8_000).step_by(40));
        at(&pictures, start, (8_000..12_000).step_by(200));
        assert_eq!(pictures.fps(), Some(25.0));
    }

    #[test]
    fn a_burst_shorter_than_a_window_is_no_rate() {
        let (start, pictures) = (Instant::now(), BestWindow::default());
        at(&pictures, start, 0..100);
        assert_eq!(pictures.fps(), None);
    }
}
