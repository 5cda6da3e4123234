//! The times at which frames are due: multiples of the frame period from one start, so that
//! rounding and late wake-ups never add up.

use std::time::{Duration, Instant};

/// Counts the ticks of a fixed rate. `now` is a parameter; the caller does the waiting.
#[derive(Debug, Clone)]
pub(crate) struct Pacer {
    start: Instant,
    ticks: u64,
    per_second: u32,
}

impl Pacer {
    pub(crate) fn new(start: Instant, per_second: u32) -> Pacer {
        Pacer {
            start,
            ticks: 0,
            per_second: per_second.max(1),
        }
    }

    /// When the next tick is due.
    pub(crate) fn due(&self) -> Instant {
        self.start + self.offset(self.ticks)
    }

    /// Ends the current tick at `now`. A pacer that fell behind by more than one period leaves out
    /// the ticks in between; returns how many ticks went by, one at least.
    pub(crate) fn advance(&mut self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.start);
        let current = (elapsed.as_nanos() * u128::from(self.per_second) / 1_000_000_000) as u64;
        let next = (self.ticks + 1).max(current);
        let passed = next - self.ticks;
        self.ticks = next;
        passed
    }

    fn offset(&self, ticks: u64) -> Duration {
        let nanos = u128::from(ticks) * 1_000_000_000 / u128::from(self.per_second);
        Duration::from_nanos(nanos as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_rate_without_drift() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start, 30);
        for _ in 0..30 * 3600 {
            let due = pacer.due();
            assert_eq!(pacer.advance(due + Duration::from_millis(3)), 1);
        }
        assert_eq!(pacer.due() - start, Duration::from_secs(3600));
    }

    #[test]
    fn leaves_out_what_it_missed() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start, 10);
        assert_eq!(pacer.advance(start), 1);
        assert_eq!(pacer.advance(start + Duration::from_millis(1050)), 9);
        assert_eq!(pacer.due() - start, Duration::from_secs(1));
    }
}
