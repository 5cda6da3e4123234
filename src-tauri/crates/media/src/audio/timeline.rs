//! Cuts a stream of samples into blocks and says when each was captured.
//!
//! Devices deliver in bursts, so the time at which samples arrive jumps to and fro. The timeline
//! follows it slowly and steps only after a gap.

use crate::frame::AudioBlock;

/// Length of a block in microseconds.
const BLOCK_US: i64 = 10_000;
/// Farther off than this is a gap, not jitter.
const STEP_US: i64 = 60_000;

/// Collects samples at 48 kHz into blocks.
#[derive(Debug)]
pub(crate) struct BlockTimeline {
    block: AudioBlock,
    filled: usize,
    /// When the next block should begin if the device kept time.
    expected_us: Option<i64>,
}

impl BlockTimeline {
    pub(crate) fn new() -> BlockTimeline {
        BlockTimeline {
            block: AudioBlock {
                samples: [0.0; AudioBlock::LEN],
                capture_ts_us: 0,
            },
            filled: 0,
            expected_us: None,
        }
    }

    /// Takes samples, the last of which was captured at `end_us`, and passes full blocks on.
    pub(crate) fn push(&mut self, samples: &[f32], end_us: i64, mut take: impl FnMut(&AudioBlock)) {
        let mut left = samples;
        while !left.is_empty() {
            let (now, later) = left.split_at(left.len().min(AudioBlock::LEN - self.filled));
            self.block.samples[self.filled..][..now.len()].copy_from_slice(now);
            self.filled += now.len();
            left = later;
            if self.filled == AudioBlock::LEN {
                self.filled = 0;
                let after_us = left.len() as i64 * 1_000_000 / i64::from(AudioBlock::RATE_HZ);
                self.block.capture_ts_us = self.begin_of_block(end_us - after_us - BLOCK_US);
                take(&self.block);
            }
        }
    }

    fn begin_of_block(&mut self, measured_us: i64) -> i64 {
        let expected_us = self.expected_us.unwrap_or(measured_us);
        let off_us = measured_us - expected_us;
        let begin_us = if off_us.abs() > STEP_US {
            measured_us
        } else {
            expected_us + off_us / 32
        };
        self.expected_us = Some(begin_us + BLOCK_US);
        begin_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamps(pieces: impl Iterator<Item = (usize, i64)>) -> Vec<i64> {
        let mut timeline = BlockTimeline::new();
        let mut stamps = Vec::new();
        for (samples, end_us) in pieces {
            timeline.push(&vec![0.5; samples], end_us, |block| {
                stamps.push(block.capture_ts_us)
            });
        }
        stamps
    }

    #[test]
    fn jitter_is_smoothed() {
        // 20 ms at a time, arriving up to 8 ms late.
        let stamps = stamps((1..500).map(|i| (960, i * 20_000 + (i * 7919 % 9) * 1000)));
        assert_eq!(stamps.len(), 998);
        for pair in stamps[100..].windows(2) {
            let step = pair[1] - pair[0];
            assert!((9_600..=10_400).contains(&step), "{step}");
        }
    }

    #[test]
    fn a_gap_is_a_step() {
        let times = (1..50).map(|i| {
            if i < 25 {
                i * 10_000
            } else {
                i * 10_000 + 700_000
            }
        });
        let stamps = stamps(times.map(|end| (480, end)));
        assert_eq!(stamps[0], 0);
        assert_eq!(stamps[48], 48 * 10_000 + 700_000);
        assert!(stamps.windows(2).all(|pair| pair[1] > pair[0]));
    }
}
