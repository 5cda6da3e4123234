//! The other's sound on its way to the speaker.
//!
//! It is decoded on the speaker's thread, which belongs to the device and must outlive a fault in
//! here: a panic is caught, silence is played, and the owner puts a new decoder in.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use duet_media::codec::CodecError;
use duet_media::frame::AudioBlock;
use duet_media::pipeline::AudioReceive;
use parking_lot::Mutex;

/// See the module.
pub(super) struct Playing {
    audio: Mutex<Arc<AudioReceive>>,
    broken: AtomicBool,
}

impl Playing {
    pub(super) fn new() -> Result<Self, CodecError> {
        Ok(Self {
            audio: Mutex::new(Arc::new(AudioReceive::new()?)),
            broken: AtomicBool::new(false),
        })
    }

    /// The pipeline of the moment.
    pub(super) fn audio(&self) -> Arc<AudioReceive> {
        Arc::clone(&self.audio.lock())
    }

    /// Fills the block with the next 10 ms.
    pub(super) fn pull(&self, block: &mut AudioBlock) {
        let audio = self.audio();
        let pulled =
            !self.is_broken() && catch_unwind(AssertUnwindSafe(|| audio.pull(&mut *block))).is_ok();
        if !pulled {
            self.broken.store(true, Relaxed);
            block.samples.fill(0.0);
        }
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Relaxed)
    }

    /// Begins anew.
    pub(super) fn rebuild(&self) -> Result<(), CodecError> {
        *self.audio.lock() = Arc::new(AudioReceive::new()?);
        self.broken.store(false, Relaxed);
        Ok(())
    }
}
