//! How late audio packets come, and the delay that catches nearly all of them.
//!
//! A packet's lateness is its arrival against its time stamp, less the least of that over the
//! last eight seconds; the least follows the drift of the sender's clock by itself. The target is
//! a high percentile of the lateness. Eight seconds, because a burst of jitter shall be forgotten
//! ten seconds after it ended.

use std::collections::VecDeque;

/// How long a packet's lateness counts.
const WINDOW_US: i64 = 8_000_000;
/// Packets remembered at most (10 ms packets).
const MAX_PACKETS: usize = 800;
/// This share of the packets, in per mille, shall come in time.
const IN_TIME_PER_MILLE: usize = 980;
/// For the grain of playout: blocks are asked for every 10 ms, and not exactly.
const MARGIN_US: i64 = 10_000;
/// Before anything is known.
const FIRST_TARGET_US: i64 = 30_000;
/// Packets after which the estimate is believed alone.
const LEARNING_PACKETS: usize = 50;
/// Largest target.
pub const MAX_TARGET_US: i64 = 280_000;

/// See the module.
#[derive(Debug, Default)]
pub struct AudioDelay {
    /// Arrival and transit of the packets in the window.
    transits: VecDeque<(i64, i64)>,
    base_us: Option<i64>,
    target_us: i64,
    sorted: Vec<i64>,
}

impl AudioDelay {
    /// Takes a packet of this time stamp that came at `arrival_us`.
    pub fn observe(&mut self, timestamp_us: i64, arrival_us: i64) {
        let transit = arrival_us - timestamp_us;
        while self.transits.len() >= MAX_PACKETS
            || self
                .transits
                .front()
                .is_some_and(|(at, _)| arrival_us - at > WINDOW_US)
        {
            self.transits.pop_front();
        }
        self.transits.push_back((arrival_us, transit));
        self.sorted.clear();
        self.sorted
            .extend(self.transits.iter().map(|(_, transit)| transit));
        let index = self.sorted.len() * IN_TIME_PER_MILLE / 1_000;
        let index = index.min(self.sorted.len() - 1);
        let (earlier, &mut late, _) = self.sorted.select_nth_unstable(index);
        let base = earlier.iter().copied().min().unwrap_or(late).min(late);
        self.base_us = Some(base);
        self.target_us = (late - base + MARGIN_US).min(MAX_TARGET_US);
    }

    /// The delay aimed at, above the least transit.
    pub fn target_us(&self) -> i64 {
        if self.transits.len() < LEARNING_PACKETS {
            self.target_us.max(FIRST_TARGET_US)
        } else {
            self.target_us
        }
    }

    /// How much later than on a path without jitter a sample plays that plays at `now_us`.
    pub fn delay_us(&self, timestamp_us: i64, now_us: i64) -> i64 {
        now_us - timestamp_us - self.base_us.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_jitter_and_forgets_it() {
        let mut delay = AudioDelay::default();
        let at = |packet: i64| packet * 20_000;
        for packet in 0..500 {
            delay.observe(at(packet), at(packet) + 40_000 + packet % 10 * 20_000);
        }
        assert_eq!(delay.target_us(), 190_000);
        for packet in 500..1_000 {
            delay.observe(at(packet), at(packet) + 40_000);
        }
        assert_eq!(delay.target_us(), MARGIN_US);
    }
}
