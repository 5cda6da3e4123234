//! H.264, constrained baseline, by OpenH264: cheapest of all codecs here and hardware in many
//! other endpoints.
//!
//! Owned by the codec thread of a pipeline. Parameter sets precede every IDR picture, so that a
//! receiver can start at any of them.

use openh264::decoder::{DecodeOptions, Decoder, DecoderConfig, Flush};
use openh264::encoder::{
    BitRate, Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, Profile,
    QpRange, RateControlMode, SpsPpsStrategy, UsageType, VuiConfig,
};
use openh264::formats::YUVSource;
use openh264::{OpenH264API, Timestamp};

use super::frame_interval::FrameInterval;
use super::h264_ffi;
use super::{
    CodecError, EncodedFrame, Plane, VideoCodec, VideoContent, VideoDecoder, VideoEncoder,
    VideoEncoderSettings, check_size, copy_i420,
};
use crate::frame::VideoFrame;

/// Below this OpenH264 refuses to work.
const MIN_BITRATE_BPS: u32 = 30_000;

/// Encodes H.264.
pub(super) struct H264Encoder {
    settings: VideoEncoderSettings,
    interval: FrameInterval,
    running: Option<Running>,
}

struct Running {
    encoder: Encoder,
    width: u32,
    height: u32,
    bitrate_bps: u32,
    /// The library starts with a ceiling at the target, which keeps the rate below it.
    ceiling_moved: bool,
    frame_rate_hz: f32,
    started: bool,
}

impl H264Encoder {
    pub(super) fn new(settings: VideoEncoderSettings) -> Self {
        Self {
            settings,
            interval: FrameInterval::new(settings.frame_rate_hz),
            running: None,
        }
    }

    fn running_for(&mut self, frame: &VideoFrame) -> Result<&mut Running, CodecError> {
        let (width, height) = (frame.width, frame.height);
        let same_size = |running: &Running| (running.width, running.height) == (width, height);
        if !self.running.as_ref().is_some_and(same_size) {
            check_size(width, height)?;
            let config = encoder_config(self.settings);
            let encoder = Encoder::with_api_config(OpenH264API::from_source(), config)
                .map_err(not_started)?;
            self.running = Some(Running {
                encoder,
                width,
                height,
                bitrate_bps: self.settings.bitrate_bps.max(MIN_BITRATE_BPS),
                ceiling_moved: false,
                frame_rate_hz: self.settings.frame_rate_hz as f32,
                started: false,
            });
        }
        self.running
            .as_mut()
            .ok_or_else(|| CodecError::Encode("no encoder".into()))
    }
}

impl VideoEncoder for H264Encoder {
    fn codec(&self) -> VideoCodec {
        VideoCodec::H264
    }

    fn encode(
        &mut self,
        frame: &VideoFrame,
        force_key_frame: bool,
    ) -> Result<Option<EncodedFrame>, CodecError> {
        let interval_us = self.interval.observe(frame.capture_ts_us);
        let target_bps = self.settings.bitrate_bps.max(MIN_BITRATE_BPS);
        let running = self.running_for(frame)?;
        running.follow(target_bps, 1_000_000.0 / interval_us as f32)?;
        if force_key_frame && running.started {
            running.encoder.force_intra_frame();
        }
        let time = Timestamp::from_millis(u64::try_from(frame.capture_ts_us / 1_000).unwrap_or(0));
        let stream = running
            .encoder
            .encode_at(&Picture(frame), time)
            .map_err(|error| CodecError::Encode(error.to_string()))?;
        let kind = stream.frame_type();
        let data = stream.to_vec();
        running.started = true;
        if data.is_empty() {
            return Ok(None);
        }
        Ok(Some(EncodedFrame {
            data: data.into(),
            key_frame: kind == FrameType::IDR,
            width: frame.width,
            height: frame.height,
            capture_ts_us: frame.capture_ts_us,
        }))
    }

    fn set_bitrate_bps(&mut self, bitrate_bps: u32) {
        self.settings.bitrate_bps = bitrate_bps;
    }
}

impl Running {
    /// Hands over a new rate, or a frame rate that differs by more than a tenth. Before the first
    /// picture the library is not initialised and takes neither.
    fn follow(&mut self, bitrate_bps: u32, frame_rate_hz: f32) -> Result<(), CodecError> {
        if !self.started {
            return Ok(());
        }
        if self.bitrate_bps != bitrate_bps || !self.ceiling_moved {
            h264_ffi::set_bitrate(&mut self.encoder, self.bitrate_bps, bitrate_bps)?;
            self.bitrate_bps = bitrate_bps;
            self.ceiling_moved = true;
        }
        if (frame_rate_hz - self.frame_rate_hz).abs() > self.frame_rate_hz / 10.0 {
            h264_ffi::set_frame_rate(&mut self.encoder, frame_rate_hz.clamp(1.0, 60.0))?;
            self.frame_rate_hz = frame_rate_hz;
        }
        Ok(())
    }
}

/// Decodes H.264.
pub(super) struct H264Decoder {
    decoder: Decoder,
}

impl H264Decoder {
    pub(super) fn new() -> Result<Self, CodecError> {
        // No flushing: constrained baseline has no reordering, so a frame comes out at once.
        let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
        let decoder =
            Decoder::with_api_config(OpenH264API::from_source(), config).map_err(not_started)?;
        Ok(Self { decoder })
    }
}

impl VideoDecoder for H264Decoder {
    fn codec(&self) -> VideoCodec {
        VideoCodec::H264
    }

    fn decode(&mut self, data: &[u8]) -> Result<Option<VideoFrame>, CodecError> {
        let options = DecodeOptions::new();
        let picture = self
            .decoder
            .decode_with_options(data, options)
            .map_err(|error| CodecError::Decode(error.to_string()))?;
        let Some(picture) = picture else {
            return Ok(None);
        };
        let (width, height) = picture.dimensions();
        let (stride_y, stride_u, stride_v) = picture.strides();
        let size = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let plane = |data, stride| Plane { data, stride };
        copy_i420(
            size(width),
            size(height),
            [
                plane(picture.y(), stride_y),
                plane(picture.u(), stride_u),
                plane(picture.v(), stride_v),
            ],
        )
        .map(Some)
    }
}

/// Rate control by bitrate with frame skipping as libwebrtc sets it. One slice, so that the
/// packetizer decides where to cut. Key frames come on request only; the library wants scene detection for screens.
fn encoder_config(settings: VideoEncoderSettings) -> EncoderConfig {
    // Beyond 36, small text cannot be read; pictures are left out instead.
    let (usage, finest, coarsest) = match settings.content {
        VideoContent::Camera => (UsageType::CameraVideoRealTime, 10, 51),
        VideoContent::Screen => (UsageType::ScreenContentRealTime, 18, 36),
    };
    EncoderConfig::new()
        .usage_type(usage)
        .profile(Profile::Baseline)
        .rate_control_mode(RateControlMode::Bitrate)
        .bitrate(BitRate::from_bps(settings.bitrate_bps.max(MIN_BITRATE_BPS)))
        .max_frame_rate(FrameRate::from_hz(settings.frame_rate_hz as f32))
        .skip_frames(true)
        .complexity(Complexity::Low)
        .qp(QpRange::new(finest, coarsest))
        .num_threads(1)
        .sps_pps_strategy(SpsPpsStrategy::ConstantId)
        .intra_frame_period(IntraFramePeriod::from_num_frames(0))
        .scene_change_detect(settings.content == VideoContent::Screen)
        .background_detection(settings.content == VideoContent::Camera)
        .adaptive_quantization(settings.content == VideoContent::Camera)
        .vui(VuiConfig::bt601())
}

fn not_started(error: openh264::Error) -> CodecError {
    CodecError::Start {
        codec: "H264",
        detail: error.to_string(),
    }
}

/// Shows our picture to the library without a copy.
struct Picture<'a>(&'a VideoFrame);

impl YUVSource for Picture<'_> {
    fn dimensions(&self) -> (usize, usize) {
        (self.0.width as usize, self.0.height as usize)
    }

    fn strides(&self) -> (usize, usize, usize) {
        let width = self.0.width as usize;
        (width, width / 2, width / 2)
    }

    fn y(&self) -> &[u8] {
        self.0.y()
    }

    fn u(&self) -> &[u8] {
        self.0.u()
    }

    fn v(&self) -> &[u8] {
        self.0.v()
    }
}
