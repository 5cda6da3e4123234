//! What the interceptors, the senders and the peer share.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::clock_reference::ClockReferences;
use crate::codec::StreamKind;
use crate::driver_rounds::DriverRounds;
use crate::event::{ConnectionState, EventSender, PeerEvent};
use crate::liveness::Liveness;
use crate::negotiated::Negotiated;
use crate::rate_control::START_BITRATE_BPS;
use crate::relay_tunnel::Tunnels;
use crate::source_filter::SourceFilter;
use crate::stats::Counters;

/// Before the first connectivity check was answered.
const ROUND_TRIP_GUESS: Duration = Duration::from_millis(100);

/// SSRCs of the streams we send, random for each peer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalStreams {
    pub(crate) audio: u32,
    pub(crate) video: u32,
    pub(crate) video_repair: u32,
    pub(crate) tile: u32,
    pub(crate) tile_repair: u32,
}

impl LocalStreams {
    pub(crate) fn random() -> Self {
        let mut bytes = [0_u8; 20];
        // Without entropy the certificate could not be made either; SSRCs need no secrecy.
        if getrandom::fill(&mut bytes).is_err() {
            bytes = std::array::from_fn(|index| index as u8 + 1);
        }
        let word = |at: usize| {
            let word = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
            u32::from_be_bytes(word) & !7
        };
        Self {
            audio: word(0) | 1,
            video: word(4) | 2,
            video_repair: word(8) | 3,
            tile: word(12) | 4,
            tile_repair: word(16) | 5,
        }
    }

    /// Which stream of ours it is, repairs included.
    pub(crate) fn kind(&self, ssrc: u32) -> Option<StreamKind> {
        if ssrc == self.audio {
            Some(StreamKind::Audio)
        } else if ssrc == self.video || ssrc == self.video_repair {
            Some(StreamKind::Video)
        } else if ssrc == self.tile || ssrc == self.tile_repair {
            Some(StreamKind::Tile)
        } else {
            None
        }
    }

    /// Which stream of ours it is, repairs left out.
    pub(crate) fn original(&self, ssrc: u32) -> Option<StreamKind> {
        let is_repair = ssrc == self.video_repair || ssrc == self.tile_repair;
        self.kind(ssrc).filter(|_| !is_repair)
    }
}

/// One for each peer.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) events: EventSender,
    pub(crate) negotiated: Negotiated,
    pub(crate) counters: Counters,
    pub(crate) clocks: ClockReferences,
    pub(crate) streams: LocalStreams,
    pub(crate) filter: Arc<SourceFilter>,
    /// When ICE found a path for the first time.
    pub(crate) path_found: OnceLock<Instant>,
    /// Packets that passed SRTP's authentication.
    pub(crate) packets_heard: AtomicU64,
    pub(crate) liveness: Mutex<Liveness>,
    /// DTLS is up and the peer is not closed.
    pub(crate) connected: AtomicBool,
    /// A relay may be had.
    pub(crate) has_relay: AtomicBool,
    /// See [`crate::peer`]'s `relays`.
    pub(crate) names_relay_twice: AtomicBool,
    pub(crate) rounds: Arc<DriverRounds>,
    pub(crate) tunnels: Arc<Tunnels>,
    /// The streams key frames are asked of; 0 before the first packet.
    pub(crate) remote_video: AtomicU32,
    pub(crate) remote_tile: AtomicU32,
    pub(crate) target_bitrate_bps: AtomicU64,
}

impl Shared {
    pub(crate) fn new(
        events: EventSender,
        filter: Arc<SourceFilter>,
        tunnels: Arc<Tunnels>,
    ) -> Self {
        Self {
            events,
            negotiated: Negotiated::default(),
            counters: Counters::default(),
            clocks: ClockReferences::default(),
            streams: LocalStreams::random(),
            filter,
            path_found: OnceLock::new(),
            packets_heard: AtomicU64::new(0),
            liveness: Mutex::default(),
            connected: AtomicBool::new(false),
            has_relay: AtomicBool::new(false),
            names_relay_twice: AtomicBool::new(false),
            rounds: Arc::default(),
            tunnels,
            remote_video: AtomicU32::new(0),
            remote_tile: AtomicU32::new(0),
            target_bitrate_bps: AtomicU64::new(START_BITRATE_BPS),
        }
    }

    /// For spacing repairs.
    pub(crate) fn round_trip(&self) -> Duration {
        self.filter.round_trip().unwrap_or(ROUND_TRIP_GUESS)
    }

    /// A path is sought, for the first time or anew.
    pub(crate) fn seeks_path(&self) {
        self.rounds.want(self.has_relay.load(Relaxed));
        self.tunnels.connected(false);
    }

    /// The connection as the library sees it; the owner is told unless they know.
    pub(crate) fn library_state(&self, state: ConnectionState) {
        let news = self.liveness.lock().library(state);
        self.tell(news);
    }

    /// Looks whether anything authentic came since the last look: media, reports, or answers to
    /// our consent checks (RFC 7675).
    pub(crate) fn look_for_silence(&self, now: Instant) {
        let heard = self.packets_heard.load(Relaxed) + self.filter.checks_answered();
        let news = self.liveness.lock().look(now, heard);
        self.tell(news);
    }

    /// There was a connection, and nothing is heard of it any more.
    pub(crate) fn is_silent(&self) -> bool {
        self.path_found.get().is_some() && !self.liveness.lock().is_told_connected()
    }

    fn tell(&self, news: Option<ConnectionState>) {
        if let Some(state) = news {
            self.events.control(PeerEvent::State(state));
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connected.load(Relaxed)
    }
}
