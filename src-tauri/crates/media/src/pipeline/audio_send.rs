//! Sound to packets: one OS thread that joins two blocks of 10 ms and encodes them.
//!
//! The capture callback queues blocks and never waits. The queue holds 100 ms; when the encoder
//! is later than that, the oldest sound goes: late sound is worth less than new sound.
//! Muted means silence is encoded, not that nothing is sent: the receiver's buffer stays in step,
//! and unmuting is heard at once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};

use super::{PipelineError, is_running, join, spawn};
use crate::codec::{AudioEncoder, OpusEncoder, OpusSettings};
use crate::frame::AudioBlock;
use crate::rtp::OutgoingPacket;

/// Blocks queued: 100 ms.
const MAX_QUEUED: usize = 10;
/// Samples in a packet: 20 ms.
const PACKET_SAMPLES: usize = 2 * AudioBlock::LEN;
/// A gap in capture longer than this moves the time stamps on, so that lip-sync holds.
const RESYNC_GAP_US: i64 = 60_000;

/// What was sent so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct AudioSendStats {
    /// Packets handed to the network.
    pub packets: u64,
    /// Bytes of coded data.
    pub bytes: u64,
    /// Blocks dropped because the encoder was late.
    pub dropped_blocks: u64,
}

/// Where sound goes in. Cheap to clone; outlives the pipeline harmlessly.
#[derive(Debug, Clone)]
pub struct AudioInput(Arc<Shared>);

impl AudioInput {
    /// Offers 10 ms. Returns at once.
    pub fn put(&self, block: AudioBlock) {
        let mut queue = self.0.queue.lock();
        if queue.stop {
            return;
        }
        if queue.blocks.len() == MAX_QUEUED {
            queue.blocks.pop_front();
            queue.dropped_blocks += 1;
        }
        queue.blocks.push_back(block);
        drop(queue);
        self.0.changed.notify_one();
    }
}

/// The sending pipeline. Dropping it stops and joins the encoder thread.
#[derive(Debug)]
pub struct AudioSend {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
    stats: Mutex<AudioSendStats>,
}

#[derive(Debug, Default)]
struct Queue {
    blocks: VecDeque<AudioBlock>,
    dropped_blocks: u64,
    muted: bool,
    bitrate_bps: Option<u32>,
    expected_loss_percent: Option<u8>,
    stop: bool,
}

impl AudioSend {
    /// Starts the encoder thread. `on_packet` runs on it.
    pub fn start(
        settings: OpusSettings,
        on_packet: impl FnMut(OutgoingPacket) + Send + 'static,
    ) -> Result<Self, PipelineError> {
        let encoder = OpusEncoder::new(settings)?;
        let shared = Arc::new(Shared::default());
        let encoding = EncodeLoop {
            shared: Arc::clone(&shared),
            encoder,
            samples: Vec::with_capacity(PACKET_SAMPLES),
            clock: None,
            on_packet,
        };
        let thread = spawn("audio-encode", move || encoding.run())?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Where sound goes in.
    pub fn input(&self) -> AudioInput {
        AudioInput(Arc::clone(&self.shared))
    }

    /// Sends silence instead of sound.
    pub fn set_muted(&self, muted: bool) {
        self.shared.queue.lock().muted = muted;
    }

    /// Changes the target rate, in bits per second.
    pub fn set_bitrate_bps(&self, bitrate_bps: u32) {
        self.shared.queue.lock().bitrate_bps = Some(bitrate_bps);
    }

    /// Tells the loss that the receiver reports, in per cent: it decides how much FEC is sent.
    pub fn set_expected_loss_percent(&self, percent: u8) {
        self.shared.queue.lock().expected_loss_percent = Some(percent);
    }

    /// False after a panic on the pipeline's thread: build another one.
    pub fn is_running(&self) -> bool {
        is_running(self.thread.as_ref())
    }

    /// Counters so far.
    pub fn stats(&self) -> AudioSendStats {
        let mut stats = *self.shared.stats.lock();
        stats.dropped_blocks = self.shared.queue.lock().dropped_blocks;
        stats
    }
}

impl Drop for AudioSend {
    fn drop(&mut self) {
        self.shared.queue.lock().stop = true;
        self.shared.changed.notify_one();
        join(&mut self.thread);
    }
}

struct EncodeLoop<F> {
    shared: Arc<Shared>,
    encoder: OpusEncoder,
    samples: Vec<f32>,
    clock: Option<SampleClock>,
    on_packet: F,
}

/// RTP time counts samples; capture time only corrects it after a gap.
#[derive(Debug, Clone, Copy)]
struct SampleClock {
    timestamp: u32,
    next_capture_us: i64,
    after_gap: bool,
}

impl<F: FnMut(OutgoingPacket)> EncodeLoop<F> {
    fn run(mut self) {
        while let Some((block, muted)) = self.next_block() {
            if self.samples.is_empty() {
                self.follow_capture(block.capture_ts_us);
            }
            if muted {
                self.samples.extend([0.0; AudioBlock::LEN]);
            } else {
                self.samples.extend_from_slice(&block.samples);
            }
            if self.samples.len() >= PACKET_SAMPLES {
                self.encode();
                self.samples.clear();
            }
        }
    }

    /// Waits for a block. `None`: stop.
    fn next_block(&mut self) -> Option<(AudioBlock, bool)> {
        let shared = Arc::clone(&self.shared);
        let mut queue = shared.queue.lock();
        loop {
            if queue.stop {
                return None;
            }
            if let Some(bitrate_bps) = queue.bitrate_bps.take() {
                self.encoder.set_bitrate_bps(bitrate_bps);
            }
            if let Some(percent) = queue.expected_loss_percent.take() {
                self.encoder.set_expected_loss_percent(percent);
            }
            if let Some(block) = queue.blocks.pop_front() {
                return Some((block, queue.muted));
            }
            shared.changed.wait(&mut queue);
        }
    }

    fn follow_capture(&mut self, capture_ts_us: i64) {
        let ticks = |us: i64| (us.wrapping_mul(48) / 1_000) as u32;
        let clock = self.clock.get_or_insert(SampleClock {
            timestamp: ticks(capture_ts_us),
            next_capture_us: capture_ts_us,
            after_gap: true,
        });
        let gap_us = capture_ts_us - clock.next_capture_us;
        if gap_us > RESYNC_GAP_US {
            clock.timestamp = clock.timestamp.wrapping_add(ticks(gap_us));
            clock.next_capture_us = capture_ts_us;
            clock.after_gap = true;
        } else {
            // Capture times jitter by a callback's length; a slow pull keeps the two together.
            clock.next_capture_us += gap_us / 16;
        }
    }

    fn encode(&mut self) {
        let Some(clock) = &mut self.clock else {
            return;
        };
        let (timestamp, marker) = (clock.timestamp, clock.after_gap);
        clock.timestamp = timestamp.wrapping_add(PACKET_SAMPLES as u32);
        clock.next_capture_us += 20_000;
        clock.after_gap = false;
        let payload = match self.encoder.encode(&self.samples) {
            Ok(payload) => payload,
            Err(error) => {
                tracing::warn!(%error, "sound could not be encoded");
                return;
            }
        };
        let mut stats = self.shared.stats.lock();
        stats.packets += 1;
        stats.bytes += payload.len() as u64;
        drop(stats);
        (self.on_packet)(OutgoingPacket {
            timestamp,
            marker,
            payload,
        });
    }
}
