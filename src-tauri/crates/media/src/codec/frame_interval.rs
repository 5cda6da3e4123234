//! How far apart pictures are, smoothed, in microseconds.
//!
//! Rate control divides the bits of a second among pictures. Capture times jitter, and a rate
//! control fed with raw ones jumps, so it gets this instead.

/// Shortest interval believed: 120 frames a second.
const MIN_INTERVAL_US: i64 = 1_000_000 / 120;
/// Longest interval believed. Anything longer is a pause, not a frame rate.
const MAX_INTERVAL_US: i64 = 500_000;
/// Weight of a new interval is one in this many.
const SMOOTHING: i64 = 8;

/// The smoothed interval between pictures.
#[derive(Debug)]
pub(super) struct FrameInterval {
    interval_us: i64,
    last_capture_us: Option<i64>,
}

impl FrameInterval {
    /// Starts at the frame rate to expect.
    pub(super) fn new(frame_rate_hz: u32) -> Self {
        let interval_us = 1_000_000 / i64::from(frame_rate_hz.max(1));
        Self {
            interval_us: interval_us.clamp(MIN_INTERVAL_US, MAX_INTERVAL_US),
            last_capture_us: None,
        }
    }

    /// Takes the next picture's capture time; returns the smoothed interval in microseconds.
    pub(super) fn observe(&mut self, capture_ts_us: i64) -> i64 {
        if let Some(last) = self.last_capture_us.replace(capture_ts_us) {
            let seen = capture_ts_us.saturating_sub(last);
            if (1..=MAX_INTERVAL_US).contains(&seen) {
                self.interval_us += (seen.max(MIN_INTERVAL_US) - self.interval_us) / SMOOTHING;
            }
        }
        self.interval_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_a_change_of_rate_and_ignores_pauses() {
        let mut interval = FrameInterval::new(30);
        let mut now = 0;
        for _ in 0..60 {
            now += 66_667;
            interval.observe(now);
        }
        let settled = interval.observe(now + 66_667);
        assert!((60_000..70_000).contains(&settled), "{settled}");
        let after_pause = interval.observe(now + 10_000_000);
        assert_eq!(after_pause, settled);
        assert_eq!(interval.observe(0), settled, "time that runs backwards");
    }
}
