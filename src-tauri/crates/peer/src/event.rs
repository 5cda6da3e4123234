//! What a peer reports, and the bounded queue it reports through.
//!
//! Handlers of the library run on its driver task, so nothing here waits. Packets may be lost
//! when the receiver is slow (they are counted); the last [`RESERVED_FOR_CONTROL`] places of the
//! queue are kept for everything else, which is rare and bounded by the negotiation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::codec::{Codec, StreamKind};

/// Places in the queue: about a second of 4 Mbit/s video.
const CAPACITY: usize = 1_024;
/// Places packets may not take.
const RESERVED_FOR_CONTROL: usize = 256;

/// The state of the connection as a whole (ICE and DTLS).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionState {
    /// Negotiation has begun.
    Connecting,
    /// Media flows.
    Connected,
    /// Nothing was heard for 2.5 s, or there is no path; it may come back, an ICE restart helps.
    Disconnected,
    /// It will not come back: build a new peer.
    Failed,
    /// Closed by us, or by the other side's DTLS.
    Closed,
}

/// A packet received, decrypted, RTX unwrapped. It may be late and out of order; the same
/// sequence number is not delivered twice within the last 2,048.
#[derive(Debug, Clone)]
pub struct ReceivedRtp {
    /// Which stream.
    pub stream: StreamKind,
    /// From the payload type of this packet.
    pub codec: Codec,
    /// The stream; a change means a new source whose sequence numbers start afresh.
    pub ssrc: u32,
    /// As on the wire (of the original, if this is a repair).
    pub sequence_number: u16,
    /// Media clock of the sender.
    pub timestamp: u32,
    /// Last packet of a frame (video), first after a silence (audio).
    pub marker: bool,
    /// Codec payload; empty for padding.
    pub payload: Bytes,
    /// When it arrived.
    pub arrival: Instant,
    /// It came as a retransmission.
    pub repaired: bool,
}

/// What a peer reports.
#[derive(Debug, Clone)]
pub enum PeerEvent {
    /// A candidate for the other side, as the JSON of an `RTCIceCandidateInit`; `None` ends the
    /// list.
    LocalCandidate(Option<String>),
    /// The connection changed.
    State(ConnectionState),
    /// Who answers has another certificate than the description names; [`ConnectionState::Failed`]
    /// follows.
    WrongCertificate,
    /// An offer should be made.
    NegotiationNeeded,
    /// A packet arrived.
    Packet(ReceivedRtp),
    /// The sender tied its RTP clock to its wall clock (RFC 3550, section 6.4.1).
    SenderReport {
        /// Which stream.
        stream: StreamKind,
        /// NTP time, 32.32 fixed point.
        ntp: u64,
        /// The same instant on the stream's RTP clock.
        rtp_timestamp: u32,
    },
    /// The other side cannot decode this stream: encode a key frame. Already rate limited.
    KeyFrameRequested(StreamKind),
    /// From now on the other's camera comes beside their screen, or no longer.
    RemoteTile(bool),
    /// Encode all pictures together at this rate from now on.
    TargetBitrate {
        /// Bits a second.
        bps: u64,
    },
}

/// The sending end; cheap to clone, never waits.
#[derive(Debug, Clone)]
pub(crate) struct EventSender {
    tx: mpsc::Sender<PeerEvent>,
    dropped_packets: Arc<AtomicU64>,
}

impl EventSender {
    pub(crate) fn new() -> (Self, mpsc::Receiver<PeerEvent>) {
        let (tx, rx) = mpsc::channel(CAPACITY);
        let sender = Self {
            tx,
            dropped_packets: Arc::default(),
        };
        (sender, rx)
    }

    /// A packet, dropped when the receiver is behind.
    pub(crate) fn packet(&self, packet: ReceivedRtp) {
        let room = self.tx.capacity() > RESERVED_FOR_CONTROL;
        if !room || self.tx.try_send(PeerEvent::Packet(packet)).is_err() {
            self.dropped_packets.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Everything else.
    pub(crate) fn control(&self, event: PeerEvent) {
        if self.tx.try_send(event).is_err() {
            tracing::debug!("nobody takes the peer's events");
        }
    }

    pub(crate) fn dropped_packets(&self) -> u64 {
        self.dropped_packets.load(Ordering::Relaxed)
    }
}
