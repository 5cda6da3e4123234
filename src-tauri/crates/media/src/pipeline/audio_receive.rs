//! Packets to sound: the audio jitter buffer behind a lock.
//!
//! No thread of its own: the playout thread pulls 10 ms every 10 ms and decodes as it pulls, so
//! that FEC and concealment are decided at the last moment. The network's task only inserts.

use parking_lot::Mutex;

use super::PlayoutPoint;
use crate::audio_jitter::{AudioJitterBuffer, AudioJitterStats};
use crate::clock;
use crate::codec::{CodecError, OpusDecoder};
use crate::frame::AudioBlock;
use crate::rtp::ReceivedPacket;

/// What was received so far.
pub type AudioReceiveStats = AudioJitterStats;

/// The receiving pipeline, shared by the network and the playout thread.
pub struct AudioReceive {
    buffer: Mutex<AudioJitterBuffer>,
}

impl AudioReceive {
    /// With a fresh decoder.
    pub fn new() -> Result<Self, CodecError> {
        let decoder = OpusDecoder::new()?;
        Ok(Self {
            buffer: Mutex::new(AudioJitterBuffer::new(Box::new(decoder))),
        })
    }

    /// Hands a packet over. Returns at once.
    pub fn push(&self, packet: &ReceivedPacket) {
        self.buffer.lock().push(packet);
    }

    /// Fills the block with the next 10 ms. Silence before the first packet.
    pub fn pull(&self, block: &mut AudioBlock) {
        let now_us = clock::now_us();
        self.buffer.lock().pull(now_us, &mut block.samples);
        block.capture_ts_us = now_us;
    }

    /// Holds sound longer, for lip-sync.
    pub fn set_extra_delay_us(&self, extra_delay_us: i64) {
        self.buffer.lock().set_extra_delay_us(extra_delay_us);
    }

    /// The sample played last.
    pub fn playout_point(&self) -> Option<PlayoutPoint> {
        self.buffer.lock().playout_point()
    }

    /// Counters and levels.
    pub fn stats(&self) -> AudioReceiveStats {
        self.buffer.lock().stats()
    }
}

impl std::fmt::Debug for AudioReceive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AudioReceive").finish_non_exhaustive()
    }
}
