//! Freezes as the W3C counts them (webrtc-stats, `freezeCount` and `totalFreezesDuration`): a gap
//! between two frames is a freeze if it is at least three times the average gap of the last 30
//! frames and at least 150 ms longer than it.

use std::collections::VecDeque;

const WINDOW: usize = 30;
const MARGIN_US: i64 = 150_000;

/// Counts freezes. Pure; times in microseconds.
#[derive(Debug, Default)]
pub struct FreezeCount {
    gaps_us: VecDeque<i64>,
    last_us: Option<i64>,
    count: u64,
    total_us: i64,
}

impl FreezeCount {
    /// A frame is shown.
    pub fn frame(&mut self, now_us: i64) {
        let Some(last) = self.last_us.replace(now_us) else {
            return;
        };
        let gap = (now_us - last).max(0);
        if !self.gaps_us.is_empty() {
            let average = self.gaps_us.iter().sum::<i64>() / self.gaps_us.len() as i64;
            if gap >= (3 * average).max(average + MARGIN_US) {
                self.count += 1;
                self.total_us += gap;
            }
        }
        if self.gaps_us.len() == WINDOW {
            self.gaps_us.pop_front();
        }
        self.gaps_us.push_back(gap);
    }

    /// The sender stopped on purpose: the next gap is no freeze.
    pub fn pause(&mut self) {
        self.last_us = None;
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How long together, in milliseconds.
    pub fn total_ms(&self) -> u64 {
        (self.total_us / 1_000).unsigned_abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_the_formula() {
        let mut freezes = FreezeCount::default();
        let mut now = 0;
        for gap in [33, 33, 33, 33, 182, 33, 250, 33] {
            freezes.frame(now);
            now += gap * 1_000;
        }
        freezes.frame(now);
        // 182 is less than 33 + 150; the average before 250 is (33 * 5 + 182) / 6 = 57.
        assert_eq!((freezes.count(), freezes.total_ms()), (1, 250));
        freezes.pause();
        freezes.frame(now + 5_000_000);
        assert_eq!(freezes.count(), 1);
    }
}
