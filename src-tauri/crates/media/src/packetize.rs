//! Coded frames to RTP payloads and back: the payload formats alone, no buffering.
//!
//! Pure. Sending: [`VideoPacketizer`] in the encoder thread. Receiving: [`vp8::Descriptor`] and
//! [`h264`] tell [`crate::video_jitter`] where frames begin and how to put them together.
//!
//! Written here although `rtc-rtp` has both formats: its H.264 depacketizer reads past the end of
//! a STAP-A with one byte too many, keeps fragments of lost units for the next ones and drops
//! parameter sets larger than a packet, and its VP8 picture id changes length at 128.

pub mod h264;
pub mod vp8;

use bytes::Bytes;

use crate::codec::{EncodedFrame, VideoCodec};
use crate::rtp::OutgoingPacket;

/// Largest payload made, in bytes: fits 1200 bytes of UDP with RTP, its extensions, RTX and SRTP.
pub const MAX_PAYLOAD: usize = 1_100;

/// Ticks of the RTP clock of every video payload format, per second.
pub const VIDEO_CLOCK_HZ: i64 = 90_000;

/// The RTP time stamp of a moment of the media clock. Wraps every 13 hours.
pub const fn video_timestamp(capture_ts_us: i64) -> u32 {
    // Kept modulo 2^32 on purpose (RFC 3550, section 5.1).
    (capture_ts_us.wrapping_mul(9) / 100) as u32
}

/// Cuts coded frames into packets.
#[derive(Debug)]
pub enum VideoPacketizer {
    /// RFC 7741.
    Vp8(vp8::Packetizer),
    /// RFC 6184, packetization mode 1.
    H264,
}

impl VideoPacketizer {
    /// For one stream of `codec`.
    pub fn new(codec: VideoCodec) -> Self {
        match codec {
            VideoCodec::Vp8 => Self::Vp8(vp8::Packetizer::default()),
            VideoCodec::H264 => Self::H264,
        }
    }

    /// The packets of one frame, none larger than [`MAX_PAYLOAD`]; the last has the marker.
    pub fn packetize(&mut self, frame: &EncodedFrame) -> Vec<OutgoingPacket> {
        let payloads = match self {
            Self::Vp8(packetizer) => packetizer.packetize(&frame.data),
            Self::H264 => h264::packetize(&frame.data),
        };
        let timestamp = video_timestamp(frame.capture_ts_us);
        let last = payloads.len().saturating_sub(1);
        let packet = |(index, payload): (usize, Bytes)| OutgoingPacket {
            timestamp,
            marker: index == last,
            payload,
        };
        payloads.into_iter().enumerate().map(packet).collect()
    }
}

/// Lengths of the pieces into which `total` bytes are cut, none above `max`, all nearly equal: a
/// small last packet costs as much header and as much risk of loss as a full one.
fn even_pieces(total: usize, max: usize) -> impl Iterator<Item = usize> {
    let count = total.div_ceil(max.max(1)).max(1);
    let (length, longer) = (total / count, total % count);
    (0..count).map(move |index| length + usize::from(index < longer))
}
