//! The second picture: whether it is wanted, whether the other shows one, and when to offer it.
//!
//! Its transceiver is added when a tile is wanted for the first time, and stays: from then on only
//! directions change. We are always ready to receive one, so the section of a tile that has ended is
//! inactive and serves for the next, whoever sends it.

use std::sync::Arc;

use rtc::rtp_transceiver::rtp_sender::RTCRtpCodecParameters;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::PeerConnection;

use crate::codec::video_preferences;
use crate::config::{Direction, PeerConfig};
use crate::error::PeerError;

/// Tells our two tracks of pictures apart.
pub(super) const TILE_TRACK_ID: &str = "tile";

/// See the module.
pub(super) struct Tile {
    /// We show one.
    ours: bool,
    /// The other shows one, as far as their descriptions have said.
    theirs: bool,
    wanted: bool,
    track: Arc<TrackLocalStaticRTP>,
    preferences: Vec<RTCRtpCodecParameters>,
    is_added: bool,
}

impl Tile {
    pub(super) fn new(config: &PeerConfig, track: Arc<TrackLocalStaticRTP>) -> Self {
        Self {
            ours: config.tile,
            theirs: false,
            wanted: false,
            track,
            preferences: video_preferences(&config.video_codecs),
            is_added: false,
        }
    }

    /// Whether we show one.
    pub(super) fn is_shown_here(&self) -> bool {
        self.ours
    }

    /// Whether one goes out as soon as it is negotiated.
    pub(super) fn is_due(&self) -> bool {
        self.wanted && self.ours && self.theirs
    }

    /// Wanted from now on, or no longer. Whether an offer must say so.
    pub(super) fn want(&mut self, wanted: bool) -> bool {
        let was_due = self.is_due();
        self.wanted = wanted;
        self.is_due() != was_due
    }

    /// The other's description said so.
    pub(super) fn other_shows(&mut self, shows: bool) {
        self.theirs = shows;
    }

    /// What our section of it is for.
    pub(super) fn direction(&self) -> Direction {
        Direction::new(self.is_due(), true)
    }

    /// Makes it part of the connection when it is due for the first time. If the other has opened a
    /// section for theirs, the library takes that.
    ///
    /// Formats are preferred before the first exchange only. Behind it the library knows those that both
    /// have, by the other's numbers, and refuses ours.
    pub(super) async fn add(
        &mut self,
        connection: &dyn PeerConnection,
        has_exchanged: bool,
    ) -> Result<(), PeerError> {
        if self.is_added || !self.is_due() {
            return Ok(());
        }
        let track = Arc::clone(&self.track) as Arc<dyn TrackLocal>;
        let sender = connection.add_track(track).await;
        let sender = sender.map_err(PeerError::library)?;
        self.is_added = true;
        if has_exchanged {
            return Ok(());
        }
        for transceiver in connection.get_transceivers().await {
            let own = transceiver.sender().await.map_err(PeerError::library)?;
            let is_new = transceiver
                .mid()
                .await
                .map_err(PeerError::library)?
                .is_none();
            if is_new && own.is_some_and(|own| own.id() == sender.id()) {
                let preferences = self.preferences.clone();
                let set = transceiver.set_codec_preferences(preferences).await;
                set.map_err(PeerError::library)?;
            }
        }
        Ok(())
    }
}
