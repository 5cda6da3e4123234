//! The thread that feeds a speaker: one block every 10 ms on the system's clock, resampled to the
//! device's rate and clock, into the device's ring.
//!
//! It pulls in real time even while no device is open, so that the jitter buffer behind it sees a
//! steady consumer whatever happens to the hardware. The ring is kept at a target of one callback
//! and one and a half blocks; far above it, after a pause of the device, the excess is left out.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use super::drift::DriftCorrector;
use super::resample::MonoResampler;
use super::sink::AudioPull;
use super::stream::Port;
use super::supervisor::PortSlot;
use super::tone::SpeakerTest;
use crate::clock;
use crate::frame::AudioBlock;
use crate::source::pacer::Pacer;
use crate::stop::StopSignal;

/// Blocks per second.
const BLOCKS_PER_S: u32 = 100;
/// Blocks that are made up for after a late wake-up; what is older is skipped.
const MAX_LATE_BLOCKS: u64 = 10;
/// Excess over the target at which a block is left out, in seconds.
const MAX_EXCESS_S: f64 = 0.06;

/// Shared between a sink's handle and its thread.
#[derive(Debug, Default)]
pub(super) struct SinkState {
    /// The lobby's test sound while it plays.
    pub(super) test: Mutex<Option<SpeakerTest>>,
    /// From the pull to the loudspeaker, in microseconds.
    pub(super) delay_us: AtomicI64,
}

/// Pulls blocks until the signal is raised; `None` as the slot means that nobody listens.
pub(super) fn run(
    slot: Option<&PortSlot>,
    pull: &mut AudioPull,
    mut also: impl FnMut(&AudioBlock),
    state: &SinkState,
    stop: &StopSignal,
) {
    let mut block = AudioBlock {
        samples: [0.0; AudioBlock::LEN],
        capture_ts_us: 0,
    };
    let mut pacer = Pacer::new(Instant::now(), BLOCKS_PER_S);
    let mut feed: Option<Feed> = None;
    while !stop.wait_until(pacer.due()) {
        let passed = pacer.advance(Instant::now());
        let port = slot.and_then(|slot| slot.lock().clone());
        if feed.as_ref().map(|feed| Arc::as_ptr(&feed.port)) != port.as_ref().map(Arc::as_ptr) {
            feed = port.and_then(Feed::new);
        }
        for _ in 0..passed.min(MAX_LATE_BLOCKS) {
            block.samples.fill(0.0);
            pull(&mut block);
            mix_test(state, &mut block);
            also(&block);
            if let Some(feed) = &mut feed {
                feed.push(&block);
            }
        }
        let delay_us = feed.as_ref().map_or(0, Feed::delay_us);
        state.delay_us.store(delay_us, Ordering::Relaxed);
    }
    state.delay_us.store(0, Ordering::Relaxed);
}

fn mix_test(state: &SinkState, block: &mut AudioBlock) {
    let mut test = state.test.lock();
    if let Some(sound) = test.as_mut()
        && !sound.mix_into(&mut block.samples)
    {
        *test = None;
    }
}

/// The device that is open at the moment.
struct Feed {
    port: Arc<Port>,
    resampler: MonoResampler,
    drift: DriftCorrector,
}

impl Feed {
    fn new(port: Arc<Port>) -> Option<Feed> {
        let resampler = MonoResampler::new(AudioBlock::RATE_HZ, port.rate_hz).ok()?;
        Some(Feed {
            port,
            resampler,
            drift: DriftCorrector::new(),
        })
    }

    fn push(&mut self, block: &AudioBlock) {
        let rate = f64::from(self.port.rate_hz);
        let per_block = self.port.rate_hz as usize / BLOCKS_PER_S as usize;
        let largest = self
            .port
            .largest_callback
            .load(Ordering::Relaxed)
            .min(per_block * 10);
        // Measured just before a block is added: half a block below the mean.
        let target = largest + per_block * 3 / 2;
        self.port.prime_level.store(target, Ordering::Relaxed);
        let error_s = (self.port.ring.len() as f64 - target as f64) / rate;
        if !self.port.is_primed.load(Ordering::Relaxed) {
            self.drift.restart();
        } else if error_s > MAX_EXCESS_S {
            return;
        } else {
            let factor = self.drift.update(error_s, 1.0 / f64::from(BLOCKS_PER_S));
            self.resampler.bend(factor);
        }
        let ring = &self.port.ring;
        // Nobody reads before the first callback: what waits must not grow beyond the target.
        if ring.len() > target + per_block * 4 && !self.port.is_primed.load(Ordering::Relaxed) {
            return;
        }
        self.resampler.push(&block.samples, |samples| {
            ring.write(samples.iter().copied());
        });
    }

    /// What waits in the ring, and what the device had still to play at its last callback, less the
    /// time since. (The device says so itself: sound servers hold more or less than the two callbacks
    /// that one would guess, and a callback that was late once says nothing about the next.)
    fn delay_us(&self) -> i64 {
        let ring_us = self.port.ring.len() as i64 * 1_000_000 / i64::from(self.port.rate_hz.max(1));
        let until_us = self.port.played_until_us.load(Ordering::Relaxed);
        ring_us + (until_us - clock::now_us()).max(0)
    }
}
