//! How often key frames may be asked for and granted. Sans-IO.
//!
//! A key frame costs several times an ordinary frame, so a peer that asks for one with every
//! packet must not get it, and we must not do that to others. One period serves both directions.

use std::time::{Duration, Instant};

/// Lets one request through in each period.
#[derive(Debug, Clone)]
pub struct KeyFrameLimit {
    period: Duration,
    last: Option<Instant>,
}

impl KeyFrameLimit {
    /// At most one request in each `period`.
    pub fn new(period: Duration) -> Self {
        Self { period, last: None }
    }

    /// Whether this request may pass.
    pub fn allow(&mut self, now: Instant) -> bool {
        let passes = self
            .last
            .is_none_or(|last| now.saturating_duration_since(last) >= self.period);
        if passes {
            self.last = Some(now);
        }
        passes
    }
}

impl Default for KeyFrameLimit {
    fn default() -> Self {
        Self::new(Duration::from_millis(300))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_requests_passes_once_a_period() {
        let start = Instant::now();
        let mut limit = KeyFrameLimit::default();
        let passed = (0..1_000)
            .filter(|ms| limit.allow(start + Duration::from_millis(*ms)))
            .count();
        assert_eq!(passed, 4);
    }
}
