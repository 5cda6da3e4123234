//! The units that travel through the pipelines: raw video frames and raw audio blocks.
//!
//! A [`VideoFrame`] is I420 in one shared allocation, so that the encoder, the preview and a dump
//! can hold the same picture without a copy. Time is one monotonic clock, in microseconds of
//! [`crate::clock`], so that values compare across threads.

use std::sync::Arc;

/// A picture in I420 (planar YUV 4:2:0, BT.601 limited range as cameras and WebRTC use it).
#[derive(Debug, Clone)]
pub struct VideoFrame {
    /// Width in pixels, even.
    pub width: u32,
    /// Height in pixels, even.
    pub height: u32,
    /// Y, U and V planes one after the other without padding: `width * height * 3 / 2` bytes.
    pub data: Arc<[u8]>,
    /// When the picture was handed over by the source, in microseconds of the media clock.
    pub capture_ts_us: i64,
}

impl VideoFrame {
    /// Bytes of an I420 picture of this size.
    pub const fn i420_len(width: u32, height: u32) -> usize {
        (width as usize * height as usize) * 3 / 2
    }

    /// The luma plane, stride `width`.
    pub fn y(&self) -> &[u8] {
        &self.data[..self.luma_len()]
    }

    /// The first chroma plane, stride `width / 2`.
    pub fn u(&self) -> &[u8] {
        let luma = self.luma_len();
        &self.data[luma..luma + luma / 4]
    }

    /// The second chroma plane, stride `width / 2`.
    pub fn v(&self) -> &[u8] {
        let luma = self.luma_len();
        &self.data[luma + luma / 4..]
    }

    const fn luma_len(&self) -> usize {
        self.width as usize * self.height as usize
    }
}

/// Ten milliseconds of mono sound at 48 kHz: the unit of capture, processing and playout.
#[derive(Debug, Clone)]
pub struct AudioBlock {
    /// 480 samples in −1.0 … 1.0.
    pub samples: [f32; AudioBlock::LEN],
    /// When the first sample was captured, in microseconds of the media clock.
    pub capture_ts_us: i64,
}

impl AudioBlock {
    /// Samples in a block.
    pub const LEN: usize = 480;
    /// Samples per second.
    pub const RATE_HZ: u32 = 48_000;
}
