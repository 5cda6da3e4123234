//! How fast and how wrong a client may be: a token bucket for messages and a window for faults.
//! No clock in here; `now` comes from the caller.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use duet_protocol::limits::{FAULT_WINDOW, MAX_FAULTS};

/// Lets `burst` things pass at once and `per_second` in the long run.
#[derive(Debug, Clone)]
pub(crate) struct TokenBucket {
    per_second: f64,
    burst: f64,
    tokens: f64,
    counted_at: Instant,
}

impl TokenBucket {
    /// A full bucket.
    pub(crate) fn new(per_second: f64, burst: f64, now: Instant) -> Self {
        Self {
            per_second,
            burst,
            tokens: burst,
            counted_at: now,
        }
    }

    /// Takes a token, or says how long to wait for one.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        self.refill(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        // A microsecond on top, so that rounding never wakes the waiter too early.
        let missing_s = (1.0 - self.tokens) / self.per_second;
        Err(Duration::from_secs_f64(missing_s) + Duration::from_micros(1))
    }

    /// Whether a token is there, without taking it.
    pub(crate) fn has_token(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.tokens >= 1.0
    }

    /// Whether it is full again, so that forgetting it changes nothing.
    pub(crate) fn is_full(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.tokens >= self.burst
    }

    fn refill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.counted_at);
        self.tokens = (self.tokens + elapsed.as_secs_f64() * self.per_second).min(self.burst);
        self.counted_at = self.counted_at.max(now);
    }
}

/// The malformed messages of the last minute.
#[derive(Debug, Default)]
pub(crate) struct FaultWindow(VecDeque<Instant>);

impl FaultWindow {
    /// Notes one; true when it was one too many.
    pub(crate) fn note(&mut self, now: Instant) -> bool {
        while let Some(oldest) = self.0.front() {
            if now.saturating_duration_since(*oldest) < FAULT_WINDOW {
                break;
            }
            self.0.pop_front();
        }
        self.0.push_back(now);
        self.0.len() >= MAX_FAULTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_the_burst_then_the_rate() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(20.0, 120.0, start);
        assert_eq!((0..200).filter(|_| bucket.take(start).is_ok()).count(), 120);
        let wait = bucket.take(start).expect_err("empty");
        assert!(bucket.take(start + wait).is_ok());
        let later = start + wait + Duration::from_secs(1);
        assert_eq!((0..200).filter(|_| bucket.take(later).is_ok()).count(), 20);
        assert!(bucket.is_full(later + Duration::from_secs(7)));
    }

    #[test]
    fn nine_faults_a_minute_are_forgiven_for_ever() {
        let mut window = FaultWindow::default();
        let mut now = Instant::now();
        for _ in 0..10 {
            assert!((0..9).all(|_| !window.note(now)));
            now += FAULT_WINDOW;
        }
    }

    #[test]
    fn the_tenth_fault_within_a_minute_is_one_too_many() {
        let mut window = FaultWindow::default();
        let start = Instant::now();
        let times = (0..10).map(|second| start + Duration::from_secs(second * 6));
        let verdicts: Vec<bool> = times.map(|at| window.note(at)).collect();
        assert_eq!(verdicts.iter().filter(|over| **over).count(), 1);
        assert!(verdicts[9]);
    }
}
