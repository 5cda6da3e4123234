//! What is counted, and the report made of it.
//!
//! Counters are ours and not the library's, whose inbound figures stop at its own track queues;
//! from the library come the candidate pair and its round trip.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::codec::StreamKind;

/// How a relay is reached; what it sends to the other side is UDP in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RelayTransport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
}

impl std::fmt::Display for RelayTransport {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        })
    }
}

/// The path media takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathStats {
    /// `host`, `srflx`, `prflx` or `relay`.
    pub local_candidate: String,
    /// The same of the other side.
    pub remote_candidate: String,
    /// `udp` or `tcp`.
    pub protocol: String,
    /// Whether both ends are in one network, as far as their addresses show it.
    pub is_one_network: bool,
    /// How our relay is reached, if there is one on the path.
    pub relay_transport: Option<RelayTransport>,
    /// Of the last connectivity check; `None` before the first.
    pub round_trip: Option<Duration>,
}

/// One stream, both ways. "Sent" counts first transmissions only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamStats {
    /// RTP packets sent for the first time.
    pub packets_sent: u64,
    /// Their payload bytes.
    pub bytes_sent: u64,
    /// Repairs sent.
    pub retransmissions_sent: u64,
    /// RTP packets delivered, repairs included, repeats not.
    pub packets_received: u64,
    /// Their payload bytes.
    pub bytes_received: u64,
    /// Of these, the ones that came as repairs.
    pub packets_repaired: u64,
    /// Lost on the way to us before repair (our receiver reports).
    pub packets_lost: u64,
    /// Lost on the way to the other side before repair (their receiver reports).
    pub remote_packets_lost: u64,
    /// Receiver reports of the other side about this stream of ours.
    pub remote_reports: u64,
    /// Share of our packets that was lost between the last two of them, in 1/256 (RFC 3550,
    /// section 6.4.1).
    pub remote_fraction_lost: u8,
    /// Interarrival jitter towards us, in ticks of the RTP clock (RFC 3550, section 6.4.1).
    pub jitter_ticks: u32,
    /// Packets we asked for again.
    pub nacks_sent: u64,
    /// Packets the other side asked for again.
    pub nacks_received: u64,
    /// Key frames we asked for.
    pub plis_sent: u64,
    /// Key frames the other side asked for (PLI and FIR).
    pub plis_received: u64,
}

/// A snapshot of the peer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeerStats {
    /// `None` before a pair was selected.
    pub path: Option<PathStats>,
    /// The microphones.
    pub audio: StreamStats,
    /// The cameras, or the screens in their place.
    pub video: StreamStats,
    /// The cameras beside the screens.
    pub tile: StreamStats,
    /// The rate all pictures together should be encoded at.
    pub target_bitrate_bps: u64,
    /// Packets dropped because the engine did not take them in time.
    pub packets_dropped_in_queue: u64,
    /// Datagrams the source filter refused.
    pub datagrams_refused: u64,
}

/// Counters of one stream.
#[derive(Debug, Default)]
pub(crate) struct StreamCounters {
    pub(crate) packets_sent: AtomicU64,
    pub(crate) bytes_sent: AtomicU64,
    pub(crate) retransmissions_sent: AtomicU64,
    pub(crate) packets_received: AtomicU64,
    pub(crate) bytes_received: AtomicU64,
    pub(crate) packets_repaired: AtomicU64,
    pub(crate) packets_lost: AtomicU64,
    pub(crate) remote_packets_lost: AtomicU64,
    pub(crate) remote_reports: AtomicU64,
    pub(crate) remote_fraction_lost: AtomicU8,
    pub(crate) jitter_ticks: AtomicU32,
    pub(crate) nacks_sent: AtomicU64,
    pub(crate) nacks_received: AtomicU64,
    pub(crate) plis_sent: AtomicU64,
    pub(crate) plis_received: AtomicU64,
}

impl StreamCounters {
    pub(crate) fn snapshot(&self) -> StreamStats {
        StreamStats {
            packets_sent: self.packets_sent.load(Relaxed),
            bytes_sent: self.bytes_sent.load(Relaxed),
            retransmissions_sent: self.retransmissions_sent.load(Relaxed),
            packets_received: self.packets_received.load(Relaxed),
            bytes_received: self.bytes_received.load(Relaxed),
            packets_repaired: self.packets_repaired.load(Relaxed),
            packets_lost: self.packets_lost.load(Relaxed),
            remote_packets_lost: self.remote_packets_lost.load(Relaxed),
            remote_reports: self.remote_reports.load(Relaxed),
            remote_fraction_lost: self.remote_fraction_lost.load(Relaxed),
            jitter_ticks: self.jitter_ticks.load(Relaxed),
            nacks_sent: self.nacks_sent.load(Relaxed),
            nacks_received: self.nacks_received.load(Relaxed),
            plis_sent: self.plis_sent.load(Relaxed),
            plis_received: self.plis_received.load(Relaxed),
        }
    }
}

/// Counters of a peer.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    audio: StreamCounters,
    video: StreamCounters,
    tile: StreamCounters,
}

impl Counters {
    pub(crate) fn of(&self, kind: StreamKind) -> &StreamCounters {
        match kind {
            StreamKind::Audio => &self.audio,
            StreamKind::Video => &self.video,
            StreamKind::Tile => &self.tile,
        }
    }
}

/// Adds one.
pub(crate) fn count(counter: &AtomicU64) {
    add(counter, 1);
}

/// Adds some.
pub(crate) fn add(counter: &AtomicU64, amount: usize) {
    counter.fetch_add(amount as u64, Relaxed);
}
