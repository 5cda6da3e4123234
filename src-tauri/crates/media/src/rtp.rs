//! RTP as the media crate sees it: what the peer connection hands over and takes.
//!
//! Sequence numbers, SSRCs and payload types of outgoing packets belong to the peer crate, which
//! knows what was negotiated; this crate knows payloads, timestamps and markers.

use bytes::Bytes;

/// A packet received, after decryption and after RTX was unwrapped. It may be late, out of order
/// or there twice.
#[derive(Debug, Clone)]
pub struct ReceivedPacket {
    /// As on the wire.
    pub sequence_number: u16,
    /// Media clock of the sender: 90 kHz for video, 48 kHz for Opus.
    pub timestamp: u32,
    /// Last packet of a frame (video), first after a silence (audio).
    pub marker: bool,
    /// The codec's payload, RTP header and padding removed. Empty for padding-only packets.
    pub payload: Bytes,
    /// When it arrived, in microseconds of the media clock.
    pub arrival_us: i64,
}

/// A packet to send; the peer crate adds the header.
#[derive(Debug, Clone)]
pub struct OutgoingPacket {
    /// Media clock: 90 kHz for video, 48 kHz for Opus.
    pub timestamp: u32,
    /// Last packet of a frame (video), first after a silence (audio).
    pub marker: bool,
    /// The codec's payload.
    pub payload: Bytes,
}

/// One sender report (RFC 3550, section 6.4.1): ties the RTP clock of a stream to the sender's
/// wall clock, for lip-sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReport {
    /// NTP time, 32.32 fixed point.
    pub ntp: u64,
    /// The same instant on the stream's RTP clock.
    pub rtp_timestamp: u32,
}
