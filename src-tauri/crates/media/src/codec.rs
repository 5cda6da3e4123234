//! Codecs behind four small traits, so that pipelines know no library.
//!
//! An encoder or decoder belongs to one OS thread at a time (`Send`, not `Sync`): the pipelines
//! create it in the thread that uses it. None of them starts threads of its own: with two threads
//! VP8 was seen to spike to 262 ms on a loaded two-core machine.
//!
//! Rejected: a codec per crate feature with `dyn Any` configuration; one trait for both directions
//! (the two ends are created, fail and are rebuilt at different times).

mod frame_interval;
#[cfg(feature = "h264")]
mod h264;
#[cfg(feature = "h264")]
mod h264_ffi;
mod opus;
mod vp8;
mod vp8_ffi;

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

use crate::frame::VideoFrame;

pub use self::opus::{OpusDecoder, OpusEncoder, OpusSettings, packet_has_fec, packet_samples};

/// Largest width and height that is decoded or encoded, in pixels. A hostile header must not make
/// us allocate more.
pub const MAX_DIMENSION: u32 = 4096;

/// A video codec that can be negotiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VideoCodec {
    /// RFC 6386; every browser speaks it.
    Vp8,
    /// Constrained baseline, level-asymmetric, packetization mode 1.
    H264,
}

impl VideoCodec {
    /// The codecs this build can encode and decode, the preferred one first.
    pub const fn supported() -> &'static [Self] {
        #[cfg(feature = "h264")]
        return &[Self::Vp8, Self::H264];
        #[cfg(not(feature = "h264"))]
        return &[Self::Vp8];
    }

    /// The media type as SDP and RTP parameters name it.
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Vp8 => "video/VP8",
            Self::H264 => "video/H264",
        }
    }

    /// The codec of a media type, if we know it. Case does not matter (RFC 4855).
    pub fn from_mime(mime: &str) -> Option<Self> {
        [Self::Vp8, Self::H264]
            .into_iter()
            .find(|codec| codec.mime().eq_ignore_ascii_case(mime))
    }
}

impl fmt::Display for VideoCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vp8 => "VP8",
            Self::H264 => "H264",
        })
    }
}

impl FromStr for VideoCodec {
    type Err = CodecError;

    fn from_str(name: &str) -> Result<Self, CodecError> {
        match name.to_ascii_lowercase().as_str() {
            "vp8" => Ok(Self::Vp8),
            "h264" => Ok(Self::H264),
            _ => Err(CodecError::Unknown(name.chars().take(32).collect())),
        }
    }
}

/// What a codec can answer instead of a frame.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// No codec of this name.
    #[error("unknown codec {0:?}")]
    Unknown(String),
    /// The codec is not part of this build.
    #[error("{0} is not part of this build")]
    NotBuilt(VideoCodec),
    /// The library would not start.
    #[error("{codec} could not be started: {detail}")]
    Start {
        /// The codec's name.
        codec: &'static str,
        /// What the library said.
        detail: String,
    },
    /// A picture of a size that cannot be coded: odd, empty or larger than [`MAX_DIMENSION`].
    #[error("a picture of {width}x{height} cannot be coded")]
    Size {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The library refused to encode.
    #[error("encoding failed: {0}")]
    Encode(String),
    /// The data is damaged or hostile.
    #[error("decoding failed: {0}")]
    Decode(String),
}

/// One coded picture.
#[derive(Debug, Clone)]
pub struct EncodedFrame {
    /// A VP8 frame, or an H.264 access unit with start codes (Annex B).
    pub data: Bytes,
    /// Decodable without any earlier frame.
    pub key_frame: bool,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Copied from the picture, in microseconds of the media clock.
    pub capture_ts_us: i64,
}

/// Turns pictures into coded frames.
pub trait VideoEncoder: Send {
    /// Which codec this is.
    fn codec(&self) -> VideoCodec;

    /// Encodes one picture. A change of size starts a new sequence with a key frame. `None`: the
    /// rate control left this picture out.
    fn encode(
        &mut self,
        frame: &VideoFrame,
        force_key_frame: bool,
    ) -> Result<Option<EncodedFrame>, CodecError>;

    /// Changes the target rate from the next picture on, in bits per second.
    fn set_bitrate_bps(&mut self, bitrate_bps: u32);
}

/// Turns coded frames into pictures.
pub trait VideoDecoder: Send {
    /// Which codec this is.
    fn codec(&self) -> VideoCodec;

    /// Decodes one frame, complete and in order. The picture's `capture_ts_us` is 0: the caller
    /// knows it. After an error the decoder needs a key frame.
    fn decode(&mut self, data: &[u8]) -> Result<Option<VideoFrame>, CodecError>;
}

/// Turns sound into packets.
pub trait AudioEncoder: Send {
    /// Encodes 20 ms of 48 kHz mono: exactly 960 samples.
    fn encode(&mut self, samples: &[f32]) -> Result<Bytes, CodecError>;

    /// Changes the target rate, in bits per second.
    fn set_bitrate_bps(&mut self, bitrate_bps: u32);

    /// Tells how much loss to prepare for, in per cent: it decides how much goes into FEC.
    fn set_expected_loss_percent(&mut self, percent: u8);
}

/// Turns packets into sound, 48 kHz mono.
pub trait AudioDecoder: Send {
    /// Decodes a packet into `out`; returns the number of samples.
    fn decode(&mut self, packet: &[u8], out: &mut [f32]) -> Result<usize, CodecError>;

    /// Decodes what `next_packet` carries about the packet before it. Fills `out` whole; its
    /// length is that of the missing sound, a multiple of 2.5 ms.
    fn decode_fec(&mut self, next_packet: &[u8], out: &mut [f32]) -> Result<(), CodecError>;

    /// Makes up sound for a packet that is lost. Fills `out` whole; a multiple of 2.5 ms.
    fn conceal(&mut self, out: &mut [f32]) -> Result<(), CodecError>;
}

/// What pictures show, which decides what an encoder gives up first when bits are few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VideoContent {
    /// People: motion counts, so pictures get coarser before they get fewer.
    #[default]
    Camera,
    /// Text: sharpness counts, so pictures get fewer before they get coarser.
    Screen,
}

/// How a video encoder starts.
#[derive(Debug, Clone, Copy)]
pub struct VideoEncoderSettings {
    /// Target rate in bits per second.
    pub bitrate_bps: u32,
    /// Frame rate to expect until the pictures' own times tell better.
    pub frame_rate_hz: u32,
    /// What the pictures show.
    pub content: VideoContent,
}

/// A new encoder for `codec`.
pub fn video_encoder(
    codec: VideoCodec,
    settings: VideoEncoderSettings,
) -> Result<Box<dyn VideoEncoder>, CodecError> {
    match codec {
        VideoCodec::Vp8 => Ok(Box::new(vp8::Vp8Encoder::new(settings))),
        #[cfg(feature = "h264")]
        VideoCodec::H264 => Ok(Box::new(h264::H264Encoder::new(settings))),
        #[cfg(not(feature = "h264"))]
        VideoCodec::H264 => Err(CodecError::NotBuilt(codec)),
    }
}

/// A new decoder for `codec`.
pub fn video_decoder(codec: VideoCodec) -> Result<Box<dyn VideoDecoder>, CodecError> {
    match codec {
        VideoCodec::Vp8 => Ok(Box::new(vp8::Vp8Decoder::new()?)),
        #[cfg(feature = "h264")]
        VideoCodec::H264 => Ok(Box::new(h264::H264Decoder::new()?)),
        #[cfg(not(feature = "h264"))]
        VideoCodec::H264 => Err(CodecError::NotBuilt(codec)),
    }
}

/// Refuses sizes that must not reach a library.
fn check_size(width: u32, height: u32) -> Result<(), CodecError> {
    let fits = |length: u32| (2..=MAX_DIMENSION).contains(&length) && length.is_multiple_of(2);
    if fits(width) && fits(height) {
        Ok(())
    } else {
        Err(CodecError::Size { width, height })
    }
}

/// A decoded plane as a library shows it: rows of `stride` bytes.
struct Plane<'a> {
    data: &'a [u8],
    stride: usize,
}

/// Copies three planes into one allocation. An odd size loses its last column or row, because a
/// [`VideoFrame`] is even.
fn copy_i420(width: u32, height: u32, planes: [Plane<'_>; 3]) -> Result<VideoFrame, CodecError> {
    let (width, height) = (width & !1, height & !1);
    check_size(width, height)?;
    let mut data: std::sync::Arc<[u8]> =
        std::iter::repeat_n(0, VideoFrame::i420_len(width, height)).collect();
    let mut rest = std::sync::Arc::get_mut(&mut data)
        .ok_or_else(|| CodecError::Decode("a new picture is shared".into()))?;
    for (index, plane) in planes.iter().enumerate() {
        let halved = usize::from(index > 0);
        let (columns, rows) = (width as usize >> halved, height as usize >> halved);
        let (target, tail) = rest.split_at_mut(columns * rows);
        rest = tail;
        let lines = target.chunks_exact_mut(columns);
        for (line, source) in lines.zip(plane.data.chunks(plane.stride.max(1))) {
            let source = source
                .get(..columns)
                .ok_or_else(|| CodecError::Decode("a row is too short".into()))?;
            line.copy_from_slice(source);
        }
    }
    Ok(VideoFrame {
        width,
        height,
        data,
        capture_ts_us: 0,
    })
}
