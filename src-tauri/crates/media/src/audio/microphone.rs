//! The thread behind a microphone: from the device's ring to blocks.
//!
//! The device's callback wakes it, so a block leaves as soon as its last sample is there. The
//! microphone's clock is not bent to the system's: a sender's sound is counted in samples, and the
//! receiver's jitter buffer follows it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::resample::MonoResampler;
use super::source::AudioBlockSink;
use super::stream::Port;
use super::supervisor::PortSlot;
use super::timeline::BlockTimeline;
use crate::frame::AudioBlock;
use crate::stop::StopSignal;

/// How often the thread looks without being woken: for its end, and for another device.
const LOOK: Duration = Duration::from_millis(20);

/// Collects blocks until the signal is raised.
pub(super) fn run(slot: &PortSlot, sink: &mut AudioBlockSink, stop: &StopSignal) {
    let mut timeline = BlockTimeline::new();
    let mut source: Option<Source> = None;
    while !stop.is_stopped() {
        let port = slot.lock().clone();
        if source.as_ref().map(|source| Arc::as_ptr(&source.port)) != port.as_ref().map(Arc::as_ptr)
        {
            source = port.and_then(Source::new);
        }
        if let Some(source) = &mut source {
            source.collect(&mut timeline, sink);
        }
        thread::park_timeout(LOOK);
    }
}

/// The device that is open at the moment.
struct Source {
    port: Arc<Port>,
    resampler: Option<MonoResampler>,
    samples: Vec<f32>,
}

impl Source {
    fn new(port: Arc<Port>) -> Option<Source> {
        let _ = port.waker.set(thread::current());
        let resampler = if port.rate_hz == AudioBlock::RATE_HZ {
            None
        } else {
            Some(MonoResampler::new(port.rate_hz, AudioBlock::RATE_HZ).ok()?)
        };
        Some(Source {
            port,
            resampler,
            samples: Vec::with_capacity(1 << 15),
        })
    }

    fn collect(&mut self, timeline: &mut BlockTimeline, sink: &mut AudioBlockSink) {
        self.samples.clear();
        let samples = &mut self.samples;
        self.port
            .ring
            .read(usize::MAX, |sample| samples.push(sample));
        let end_us = self.port.last_callback_us.load(Ordering::Relaxed);
        match &mut self.resampler {
            None => timeline.push(samples, end_us, |block| sink(block)),
            Some(resampler) => resampler.push(samples, |made| {
                timeline.push(made, end_us, |block| sink(block));
            }),
        }
    }
}
