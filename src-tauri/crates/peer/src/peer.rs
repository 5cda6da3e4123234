//! One connection to one other person.
//!
//! A [`Peer`] lives from the first offer to the end of the call or to `Failed`, whichever comes
//! first; after `Failed` the engine builds a new one. Its methods may be called from any task and
//! run one at a time. It owns: the library's connection with its driver task, and one task of its
//! own ([`watch`]). [`Peer::close`] ends both and waits for it; dropping the peer ends both
//! without waiting.

mod build;
mod description;
mod handler;
mod negotiation;
mod path;
mod relays;
mod server_url;
mod servers;
mod tile;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use duet_protocol::IceServer;
use parking_lot::Mutex;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use tokio::sync::mpsc;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::PeerConnection;

use self::negotiation::Negotiation;
use self::watch::Watch;
use crate::codec::{Codec, MediaKind, StreamKind};
use crate::config::{Direction, IcePolicy, PeerConfig};
use crate::error::PeerError;
use crate::event::{ConnectionState, EventSender, PeerEvent};
use crate::interceptors::Shared;
use crate::key_frame::KeyFrameLimit;
use crate::relay_tunnel::Tunnels;
use crate::sender::RtpSender;
use crate::source_filter::SourceFilter;
use crate::stats::PeerStats;

/// A connection, its tracks and its negotiation.
pub struct Peer {
    connection: Arc<dyn PeerConnection>,
    shared: Arc<Shared>,
    audio: RtpSender,
    video: RtpSender,
    tile: RtpSender,
    video_track: Arc<TrackLocalStaticRTP>,
    negotiation: tokio::sync::Mutex<Negotiation>,
    video_key_frames: Mutex<KeyFrameLimit>,
    tile_key_frames: Mutex<KeyFrameLimit>,
    watch: Mutex<Option<Watch>>,
    config: PeerConfig,
    /// Those in force; `config` has the first.
    ice_servers: Mutex<Vec<IceServer>>,
    closed: AtomicBool,
}

impl Peer {
    /// Builds a peer and binds its sockets; nothing is sent before a description is applied.
    /// Events come through the receiver, which should be emptied steadily.
    pub async fn new(config: PeerConfig) -> Result<(Self, mpsc::Receiver<PeerEvent>), PeerError> {
        if config.video_codecs.is_empty() {
            return Err(PeerError::NoCodec);
        }
        let (events, receiver) = EventSender::new();
        let filter = Arc::new(SourceFilter::default());
        let tunnels = Tunnels::new(config.relay_tls.clone());
        let shared = Arc::new(Shared::new(events, filter, tunnels));
        let built = build::build(&config, &shared).await?;
        let watch = Watch::spawn(&built, &shared);
        let sender = |kind, ssrc, track: &Arc<TrackLocalStaticRTP>| {
            RtpSender::new(kind, ssrc, track.clone(), shared.clone())
        };
        let peer = Self {
            audio: sender(StreamKind::Audio, shared.streams.audio, &built.audio),
            video: sender(StreamKind::Video, shared.streams.video, &built.video),
            tile: sender(StreamKind::Tile, shared.streams.tile, &built.tile),
            video_track: built.video,
            connection: built.connection,
            negotiation: tokio::sync::Mutex::new(Negotiation::new(&config, built.tile)),
            video_key_frames: Mutex::default(),
            tile_key_frames: Mutex::default(),
            watch: Mutex::new(Some(watch)),
            closed: AtomicBool::new(false),
            ice_servers: Mutex::new(config.ice_servers.clone()),
            config,
            shared,
        };
        Ok((peer, receiver))
    }

    /// An offer as JSON; `ice_restart` asks for a new path, which costs a few hundred
    /// milliseconds of media.
    pub async fn create_offer(&self, ice_restart: bool) -> Result<String, PeerError> {
        let mut negotiation = self.negotiation().await?;
        if ice_restart {
            self.ask_relays_anew().await;
        }
        negotiation
            .create_offer(&*self.connection, &self.shared, ice_restart)
            .await
    }

    /// Takes an offer and gives the answer, both JSON.
    pub async fn apply_offer(&self, message: &str) -> Result<String, PeerError> {
        let mut negotiation = self.negotiation().await?;
        self.ask_relays_anew().await;
        negotiation
            .apply_offer(&*self.connection, &self.shared, message)
            .await
    }

    /// Takes the answer to our offer.
    pub async fn apply_answer(&self, message: &str) -> Result<(), PeerError> {
        let mut negotiation = self.negotiation().await?;
        negotiation
            .apply_answer(&*self.connection, &self.shared, message)
            .await
    }

    /// Takes our own offer back, to apply theirs (RFC 9429, section 4.1.10.2).
    pub async fn rollback(&self) -> Result<(), PeerError> {
        let mut negotiation = self.negotiation().await?;
        negotiation.rollback(&*self.connection).await
    }

    /// Takes a candidate of the other side, JSON; `None` ends their list. Those that come before
    /// their description wait for it.
    pub async fn add_candidate(&self, candidate: Option<String>) -> Result<(), PeerError> {
        let Some(message) = candidate else {
            return Ok(());
        };
        let mut negotiation = self.negotiation().await?;
        negotiation.add_candidate(&*self.connection, &message).await
    }

    /// Changes what we want to do with a medium, from the next offer or answer on.
    pub async fn set_direction(
        &self,
        kind: MediaKind,
        direction: Direction,
    ) -> Result<(), PeerError> {
        let mut negotiation = self.negotiation().await?;
        let changed = negotiation
            .set_direction(&*self.connection, kind, direction)
            .await?;
        if changed {
            self.shared.events.control(PeerEvent::NegotiationNeeded);
        }
        Ok(())
    }

    /// Whether our camera goes beside our screen, for the other to show as a tile. Nothing happens
    /// while the other is not known to show one; else the owner is told that an offer is due.
    pub async fn set_tile(&self, wanted: bool) -> Result<(), PeerError> {
        let mut negotiation = self.negotiation().await?;
        if negotiation.want_tile(wanted) {
            self.shared.events.control(PeerEvent::NegotiationNeeded);
        }
        Ok(())
    }

    /// For the packets of the camera's tile.
    pub fn tile_sender(&self) -> RtpSender {
        self.tile.clone()
    }

    /// For the packets of the camera, or of the screen in its place.
    pub fn video_sender(&self) -> RtpSender {
        self.video.clone()
    }

    /// For the microphone's packets.
    pub fn audio_sender(&self) -> RtpSender {
        self.audio.clone()
    }

    /// Asks the other side for a key frame of a stream; at most one request in 300 ms leaves.
    pub async fn request_key_frame(&self, stream: StreamKind) {
        let (remote, limit) = match stream {
            StreamKind::Audio => return,
            StreamKind::Video => (&self.shared.remote_video, &self.video_key_frames),
            StreamKind::Tile => (&self.shared.remote_tile, &self.tile_key_frames),
        };
        let media_ssrc = remote.load(Relaxed);
        if media_ssrc == 0 || !limit.lock().allow(Instant::now()) {
            return;
        }
        let request = PictureLossIndication {
            sender_ssrc: self.shared.streams.video,
            media_ssrc,
        };
        let _ = self.video_track.write_rtcp(vec![Box::new(request)]).await;
    }

    /// The rate all pictures together should be encoded at now, in bits a second.
    pub fn target_bitrate_bps(&self) -> u64 {
        self.shared.target_bitrate_bps.load(Relaxed)
    }

    /// A snapshot of the counters and of the path.
    pub async fn stats(&self) -> PeerStats {
        PeerStats {
            path: path::selected(&*self.connection, &self.shared).await,
            audio: self.shared.counters.of(StreamKind::Audio).snapshot(),
            video: self.shared.counters.of(StreamKind::Video).snapshot(),
            tile: self.shared.counters.of(StreamKind::Tile).snapshot(),
            target_bitrate_bps: self.target_bitrate_bps(),
            packets_dropped_in_queue: self.shared.events.dropped_packets(),
            datagrams_refused: self.shared.filter.refused(),
        }
    }

    /// Ends the connection: when this returns the sockets are closed and the tasks have ended.
    pub async fn close(&self) {
        if self.closed.swap(true, Relaxed) {
            return;
        }
        self.shared.connected.store(false, Relaxed);
        let watch = self.watch.lock().take();
        if let Some(watch) = watch {
            watch.stop().await;
        }
        if let Err(error) = self.connection.close().await {
            tracing::debug!(error = %PeerError::library(error), "close");
        }
        self.shared.tunnels.close().await;
        let closed = PeerEvent::State(ConnectionState::Closed);
        self.shared.events.control(closed);
    }

    async fn negotiation(&self) -> Result<tokio::sync::MutexGuard<'_, Negotiation>, PeerError> {
        let guard = self.negotiation.lock().await;
        if self.closed.load(Relaxed) {
            return Err(PeerError::Closed);
        }
        Ok(guard)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if self.closed.swap(true, Relaxed) {
            return;
        }
        self.shared.connected.store(false, Relaxed);
        self.watch.lock().take();
        // The library's driver outlives its handle: it must be told.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let connection = self.connection.clone();
            runtime.spawn(async move {
                let _ = connection.close().await;
            });
        }
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Peer")
            .field("connected", &self.shared.is_connected())
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

/// Our order of preference as codecs, Opus included.
fn wanted_codecs(config: &PeerConfig) -> Vec<Codec> {
    let video = config.video_codecs.iter().map(|codec| Codec::from(*codec));
    video.chain([Codec::Opus]).collect()
}

/// Whether only relayed candidates may be shown.
fn relay_only(policy: IcePolicy) -> bool {
    match policy {
        IcePolicy::All => false,
        IcePolicy::Relay => true,
    }
}
