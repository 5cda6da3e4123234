//! Sending one stream: header, sequence numbers, and the gate.
//!
//! The library sends whatever it is given, negotiated or not, and gaps in sequence numbers draw
//! requests for packets that never were. So a packet gets its number only when it will be sent.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use parking_lot::Mutex;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;

use crate::clock_reference::Reference;
use crate::codec::{Codec, StreamKind};
use crate::error::SendError;
use crate::interceptors::Shared;
use crate::negotiated::SendCodec;

/// A packet to send.
#[derive(Debug, Clone)]
pub struct OutgoingRtp {
    /// What the payload was encoded with; it decides the payload type.
    pub codec: Codec,
    /// Ticks of the codec's RTP clock.
    pub timestamp: u32,
    /// Last packet of a frame (video). For audio it is set here.
    pub marker: bool,
    /// The codec's payload, at most 1,100 bytes to stay under every path's MTU.
    pub payload: Bytes,
    /// When what `timestamp` stands for was captured; corrects the sender reports.
    pub captured: Option<Instant>,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendOutcome {
    /// Handed to the connection.
    Sent,
    /// Not connected, or the other side does not receive this stream now. Dropped.
    Paused,
    /// Another codec was negotiated meanwhile: ask [`RtpSender::codec`]. Dropped.
    OtherCodec,
}

#[derive(Debug)]
struct Numbers {
    next: u16,
    running: bool,
}

/// Sends one stream of a peer. Cheap to clone; the clones share sequence numbers.
#[derive(Clone)]
pub struct RtpSender {
    kind: StreamKind,
    ssrc: u32,
    track: Arc<TrackLocalStaticRTP>,
    shared: Arc<Shared>,
    numbers: Arc<Mutex<Numbers>>,
}

impl RtpSender {
    pub(crate) fn new(
        kind: StreamKind,
        ssrc: u32,
        track: Arc<TrackLocalStaticRTP>,
        shared: Arc<Shared>,
    ) -> Self {
        let numbers = Numbers {
            // RFC 3550 wants it random; the upper half is left so that the first wrap is not at
            // once, which some receivers count as loss.
            next: (ssrc.rotate_left(7) as u16) & 0x7fff,
            running: false,
        };
        Self {
            kind,
            ssrc,
            track,
            shared,
            numbers: Arc::new(Mutex::new(numbers)),
        }
    }

    /// What to encode with; `None` while nothing may be sent.
    pub fn codec(&self) -> Option<SendCodec> {
        self.shared.negotiated.send_codec(self.kind)
    }

    /// Sends one packet. Waits only while the connection's queue is full.
    pub async fn send(&self, packet: OutgoingRtp) -> Result<SendOutcome, SendError> {
        let Some(negotiated) = self.codec().filter(|_| self.shared.is_connected()) else {
            self.numbers.lock().running = false;
            return Ok(SendOutcome::Paused);
        };
        if negotiated.codec != packet.codec {
            return Ok(SendOutcome::OtherCodec);
        }
        if let Some(captured) = packet.captured {
            let reference = Reference {
                rtp_timestamp: packet.timestamp,
                captured,
                clock_rate_hz: packet.codec.clock_rate_hz(),
            };
            self.shared.clocks.set(self.kind, reference);
        }
        let rtp = self.number(negotiated, packet);
        if self.track.write_rtp(rtp).await.is_err() {
            return Err(SendError);
        }
        Ok(SendOutcome::Sent)
    }

    fn number(&self, negotiated: SendCodec, packet: OutgoingRtp) -> rtc::rtp::Packet {
        let mut numbers = self.numbers.lock();
        let first = !std::mem::replace(&mut numbers.running, true);
        let mut rtp = rtc::rtp::Packet::default();
        rtp.header.version = 2;
        rtp.header.ssrc = self.ssrc;
        rtp.header.payload_type = negotiated.payload_type;
        rtp.header.sequence_number = numbers.next;
        rtp.header.timestamp = packet.timestamp;
        rtp.header.marker = match self.kind {
            // RFC 3551, section 4.1: the first packet after a silence.
            StreamKind::Audio => first || packet.marker,
            StreamKind::Video | StreamKind::Tile => packet.marker,
        };
        rtp.payload = packet.payload;
        numbers.next = numbers.next.wrapping_add(1);
        rtp
    }
}
