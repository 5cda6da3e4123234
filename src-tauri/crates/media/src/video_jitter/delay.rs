//! How late frames come, and how long to hold them.
//!
//! A frame's lateness is its arrival against its time stamp, less the least of that over the last
//! seconds. The target is a high percentile of the lateness less a dead zone of half a frame: a
//! picture that is shown 15 ms late is not seen to be late, but 15 ms of delay are felt in every
//! sentence, and the time an encoder takes differs by that much already. So on a clean path the
//! target is 0 and a frame leaves when it is complete.
//!
//! Frames with repaired packets do not count: their lateness is the round trip's, and holding
//! every frame for it would cost more than a rare short pause.

use std::collections::VecDeque;

/// Largest target, in microseconds.
pub const MAX_TARGET_US: i64 = 500_000;
/// Lateness that is not smoothed.
const DEAD_ZONE_US: i64 = 15_000;
/// Frames whose lateness counts: four seconds at 30 a second.
const WINDOW: usize = 120;
/// Of which this share, in per cent, shall come in time.
const PERCENTILE: usize = 95;

/// See the module.
#[derive(Debug, Default)]
pub struct DelayEstimate {
    /// Arrival less time stamp of the frames in the window.
    transits_us: VecDeque<i64>,
    base_us: Option<i64>,
    target_us: i64,
}

impl DelayEstimate {
    /// Takes a frame that became complete at `complete_us`.
    pub fn observe(&mut self, timestamp_us: i64, complete_us: i64, repaired: bool) {
        let transit = complete_us - timestamp_us;
        // A transit far outside means a new clock: begin anew rather than wait a window long.
        if self
            .base_us
            .is_some_and(|base| (transit - base).abs() > 10_000_000)
        {
            *self = Self::default();
        }
        if repaired && self.base_us.is_some() {
            return;
        }
        if self.transits_us.len() == WINDOW {
            self.transits_us.pop_front();
        }
        self.transits_us.push_back(transit);
        let mut sorted: Vec<i64> = self.transits_us.iter().copied().collect();
        sorted.sort_unstable();
        let base = sorted[0];
        let late = sorted[(sorted.len() * PERCENTILE / 100).min(sorted.len() - 1)] - base;
        self.base_us = Some(base);
        self.target_us = (late - DEAD_ZONE_US).clamp(0, MAX_TARGET_US);
    }

    /// The delay aimed at.
    pub fn target_us(&self) -> i64 {
        self.target_us
    }

    /// When the frame of this time stamp shall leave, never far from `now_us`.
    pub fn due_us(&self, timestamp_us: i64, now_us: i64) -> i64 {
        (self.sent_us(timestamp_us) + self.target_us).min(now_us + super::MAX_HOLD_US)
    }

    /// The time stamp moved to our clock by the least transit seen.
    pub fn sent_us(&self, timestamp_us: i64) -> i64 {
        timestamp_us + self.base_us.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_with_jitter_and_returns() {
        let mut estimate = DelayEstimate::default();
        for frame in 0..200 {
            estimate.observe(
                frame * 33_333,
                frame * 33_333 + 50_000 + frame % 3 * 4_000,
                false,
            );
        }
        assert_eq!(estimate.target_us(), 0, "a clean path");
        for frame in 200..400 {
            estimate.observe(
                frame * 33_333,
                frame * 33_333 + 50_000 + frame % 5 * 20_000,
                false,
            );
        }
        assert_eq!(estimate.target_us(), 65_000);
        for frame in 400..600 {
            estimate.observe(frame * 33_333, frame * 33_333 + 50_000, frame % 7 == 0);
        }
        assert_eq!(estimate.target_us(), 0, "clean again");
    }
}
