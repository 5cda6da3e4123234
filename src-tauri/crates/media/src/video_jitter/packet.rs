//! One stored packet with what frame assembly must know of its payload.

use bytes::Bytes;

use crate::codec::VideoCodec;
use crate::packetize::{h264, vp8};
use crate::rtp::ReceivedPacket;

/// A packet in the buffer.
#[derive(Debug, Clone)]
pub(super) struct StoredPacket {
    pub(super) codec: VideoCodec,
    pub(super) timestamp: u32,
    pub(super) marker: bool,
    pub(super) arrival_us: i64,
    /// Came after a packet with a higher sequence number: a repair, or reordered.
    pub(super) out_of_order: bool,
    pub(super) payload: Bytes,
    pub(super) kind: Kind,
}

/// What a payload is to frame assembly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// No payload: padding sent to probe the path.
    Padding,
    /// VP8, with its descriptor.
    Vp8 {
        descriptor: vp8::Descriptor,
        key_frame: bool,
    },
    /// H.264, with what it holds.
    H264(h264::Contents),
}

impl StoredPacket {
    /// `None` if the payload is none of its codec.
    pub(super) fn read(
        codec: VideoCodec,
        packet: &ReceivedPacket,
        out_of_order: bool,
    ) -> Option<Self> {
        let payload = &packet.payload;
        let kind = match codec {
            _ if payload.is_empty() => Kind::Padding,
            VideoCodec::Vp8 => {
                let descriptor = vp8::Descriptor::parse(payload)?;
                let data = &payload[descriptor.len..];
                Kind::Vp8 {
                    descriptor,
                    key_frame: descriptor.starts_frame && vp8::is_key_frame(data),
                }
            }
            VideoCodec::H264 => Kind::H264(h264::inspect(payload)?),
        };
        Some(Self {
            codec,
            timestamp: packet.timestamp,
            marker: packet.marker,
            arrival_us: packet.arrival_us,
            out_of_order,
            payload: payload.clone(),
            kind,
        })
    }

    /// A decoder that knows nothing can begin with this packet.
    pub(super) fn starts_key_frame(&self) -> bool {
        match self.kind {
            Kind::Padding => false,
            Kind::Vp8 { key_frame, .. } => key_frame,
            Kind::H264(contents) => contents.has_sps,
        }
    }

    /// Can be the first packet of a frame. H.264 cannot tell.
    pub(super) fn may_start_frame(&self) -> bool {
        match self.kind {
            Kind::Padding => false,
            Kind::Vp8 { descriptor, .. } => descriptor.starts_frame,
            Kind::H264(_) => true,
        }
    }
}
