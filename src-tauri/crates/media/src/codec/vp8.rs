//! VP8: what to ask of libvpx, and which frames may reach it.
//!
//! Owned by the codec thread of a pipeline. A change of size makes a new encoder, because libvpx
//! cannot grow one beyond its first size.

use super::frame_interval::FrameInterval;
use super::vp8_ffi;
use super::{
    CodecError, EncodedFrame, VideoCodec, VideoContent, VideoDecoder, VideoEncoder,
    VideoEncoderSettings, check_size,
};
use crate::frame::VideoFrame;

/// VP8 has 90 kHz time stamps here, as in RTP.
const TICKS_PER_SECOND: i64 = 90_000;

/// Encodes VP8.
pub(super) struct Vp8Encoder {
    settings: VideoEncoderSettings,
    interval: FrameInterval,
    pts: i64,
    running: Option<Running>,
}

struct Running {
    encoder: vp8_ffi::Encoder,
    width: u32,
    height: u32,
    bitrate_kbps: u32,
}

impl Vp8Encoder {
    pub(super) fn new(settings: VideoEncoderSettings) -> Self {
        Self {
            settings,
            interval: FrameInterval::new(settings.frame_rate_hz),
            pts: 0,
            running: None,
        }
    }

    fn running_for(&mut self, frame: &VideoFrame) -> Result<&mut Running, CodecError> {
        let (width, height) = (frame.width, frame.height);
        let same_size = |running: &Running| (running.width, running.height) == (width, height);
        if !self.running.as_ref().is_some_and(same_size) {
            check_size(width, height)?;
            let bitrate_kbps = kbps(self.settings.bitrate_bps);
            let content = self.settings.content;
            let encoder = vp8_ffi::Encoder::new(vp8_ffi::EncoderConfig {
                width,
                height,
                bitrate_kbps,
                cpu_used: cpu_used(width, height),
                max_intra_percent: key_frame_budget_ms(content) * self.settings.frame_rate_hz / 10,
                is_screen: content == VideoContent::Screen,
            })?;
            self.running = Some(Running {
                encoder,
                width,
                height,
                bitrate_kbps,
            });
        }
        self.running
            .as_mut()
            .ok_or_else(|| CodecError::Encode("no encoder".into()))
    }
}

impl VideoEncoder for Vp8Encoder {
    fn codec(&self) -> VideoCodec {
        VideoCodec::Vp8
    }

    fn encode(
        &mut self,
        frame: &VideoFrame,
        force_key_frame: bool,
    ) -> Result<Option<EncodedFrame>, CodecError> {
        let interval_us = self.interval.observe(frame.capture_ts_us);
        let duration = (interval_us * TICKS_PER_SECOND / 1_000_000).max(1);
        let pts = self.pts;
        self.pts += duration;
        let target_kbps = kbps(self.settings.bitrate_bps);
        let running = self.running_for(frame)?;
        if running.bitrate_kbps != target_kbps {
            running.encoder.set_bitrate_kbps(target_kbps)?;
            running.bitrate_kbps = target_kbps;
        }
        let duration = u32::try_from(duration).unwrap_or(u32::MAX);
        let packet = running
            .encoder
            .encode(frame, pts, duration, force_key_frame)?;
        Ok(packet.map(|packet| EncodedFrame {
            data: packet.data.into(),
            key_frame: packet.key_frame,
            width: frame.width,
            height: frame.height,
            capture_ts_us: frame.capture_ts_us,
        }))
    }

    fn set_bitrate_bps(&mut self, bitrate_bps: u32) {
        self.settings.bitrate_bps = bitrate_bps;
    }
}

/// Decodes VP8.
pub(super) struct Vp8Decoder {
    decoder: vp8_ffi::Decoder,
}

impl Vp8Decoder {
    pub(super) fn new() -> Result<Self, CodecError> {
        Ok(Self {
            decoder: vp8_ffi::Decoder::new()?,
        })
    }
}

impl VideoDecoder for Vp8Decoder {
    fn codec(&self) -> VideoCodec {
        VideoCodec::Vp8
    }

    fn decode(&mut self, data: &[u8]) -> Result<Option<VideoFrame>, CodecError> {
        // libvpx takes a short buffer for "frame lost, repeat the last one".
        if data.len() < 3 {
            return Err(CodecError::Decode("frame too short".into()));
        }
        if let Some((width, height)) = key_frame_size(data)? {
            check_size(width.next_multiple_of(2), height.next_multiple_of(2))?;
        }
        self.decoder.decode(data)
    }
}

/// Width and height if this is a key frame (RFC 6386, section 9.1).
fn key_frame_size(data: &[u8]) -> Result<Option<(u32, u32)>, CodecError> {
    if data[0] & 1 != 0 {
        return Ok(None);
    }
    let header = data
        .get(3..10)
        .ok_or_else(|| CodecError::Decode("key frame too short".into()))?;
    if header[..3] != [0x9d, 0x01, 0x2a] {
        return Err(CodecError::Decode("no start code".into()));
    }
    let size = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
    Ok(Some((
        size(header[3], header[4]),
        size(header[5], header[6]),
    )))
}

/// Key frames may take as long as this many milliseconds of the target rate. That of a screen is its
/// text, and may take longer than one that somebody's face waits for.
fn key_frame_budget_ms(content: VideoContent) -> u32 {
    match content {
        VideoContent::Camera => 300,
        VideoContent::Screen => 1_000,
    }
}

/// Faster for larger pictures, so that a 720p frame stays near 6 ms of one core.
fn cpu_used(width: u32, height: u32) -> i32 {
    match width * height {
        0..=230_400 => -8,
        230_401..=600_000 => -10,
        _ => -12,
    }
}

fn kbps(bitrate_bps: u32) -> u32 {
    (bitrate_bps / 1_000).max(30)
}
