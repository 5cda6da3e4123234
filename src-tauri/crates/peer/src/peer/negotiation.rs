//! Offers, answers and candidates, with the corrections of [`crate::sdp`] applied on the way.

use std::sync::Arc;

use rtc::peer_connection::configuration::RTCOfferOptions;
use rtc::peer_connection::transport::RTCIceCandidateInit;
use rtc::rtp_transceiver::RTCRtpTransceiverDirection;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::PeerConnection;
use webrtc::rtp_transceiver::RtpSender;

use super::tile::{TILE_TRACK_ID, Tile};
use super::{description, relay_only, wanted_codecs};
use crate::codec::{Codec, MediaKind, StreamKind};
use crate::config::{Direction, PeerConfig};
use crate::error::PeerError;
use crate::event::PeerEvent;
use crate::interceptors::Shared;
use crate::sdp::{
    CandidateRefused, DescriptionKind, DtlsRole, MAX_CANDIDATES, answerer_role, candidate_type,
    check_candidate, clamp_directions, hide_related, ice_credentials, keep_role, prefer_formats,
    strip_rejected,
};

/// What the negotiation remembers from step to step.
pub(super) struct Negotiation {
    wanted: Vec<Codec>,
    audio: Direction,
    video: Direction,
    tile: Tile,
    relay_only: bool,
    /// Ours; fixed by the first answer of either side.
    role: Option<DtlsRole>,
    /// Our offer waiting for its answer.
    offered: Option<String>,
    /// Candidates that came before the description they belong to.
    early: Vec<RTCIceCandidateInit>,
    have_remote: bool,
    /// Taken since the other side's credentials changed.
    candidates: usize,
    remote_user_fragment: String,
}

impl Negotiation {
    pub(super) fn new(config: &PeerConfig, tile: Arc<TrackLocalStaticRTP>) -> Self {
        Self {
            wanted: wanted_codecs(config),
            audio: config.audio,
            video: config.video,
            tile: Tile::new(config, tile),
            relay_only: relay_only(config.ice_policy),
            role: None,
            offered: None,
            early: Vec::new(),
            have_remote: false,
            candidates: 0,
            remote_user_fragment: String::new(),
        }
    }

    pub(super) async fn create_offer(
        &mut self,
        connection: &dyn PeerConnection,
        shared: &Shared,
        ice_restart: bool,
    ) -> Result<String, PeerError> {
        self.tile.add(connection, self.have_remote).await?;
        self.want_directions(connection).await?;
        let options = RTCOfferOptions { ice_restart };
        let offer = connection.create_offer(Some(options)).await;
        let offer = offer.map_err(PeerError::library)?;
        set_local_credentials(shared, &offer.sdp);
        if ice_restart {
            shared.seeks_path();
        }
        let made = offer.sdp.clone();
        let applied = connection.set_local_description(offer).await;
        applied.map_err(PeerError::library)?;
        let sdp = prefer_formats(&made, &self.wanted);
        let sdp = self.hide_candidates(sdp);
        self.offered = Some(sdp.clone());
        description::write(sdp, DescriptionKind::Offer, self.tile.is_shown_here())
    }

    pub(super) async fn apply_offer(
        &mut self,
        connection: &dyn PeerConnection,
        shared: &Shared,
        message: &str,
    ) -> Result<String, PeerError> {
        let read = description::read(message, DescriptionKind::Offer)?;
        let offer = read.sdp;
        self.set_remote(connection, shared, &offer, DescriptionKind::Offer)
            .await?;
        self.tile.other_shows(read.shows_tile);
        self.tile.add(connection, self.have_remote).await?;
        self.want_directions(connection).await?;
        let answer = connection.create_answer(None).await;
        let answer = answer.map_err(PeerError::library)?;
        set_local_credentials(shared, &answer.sdp);
        let made = answer.sdp.clone();
        let applied = connection.set_local_description(answer).await;
        applied.map_err(PeerError::library)?;
        let sdp = self.correct_answer(made, &offer);
        self.agreed(shared, &sdp, &offer);
        // The offer may have had no place for our tile.
        if self.tile.is_due() && shared.negotiated.send_codec(StreamKind::Tile).is_none() {
            shared.events.control(PeerEvent::NegotiationNeeded);
        }
        description::write(sdp, DescriptionKind::Answer, self.tile.is_shown_here())
    }

    pub(super) async fn apply_answer(
        &mut self,
        connection: &dyn PeerConnection,
        shared: &Shared,
        message: &str,
    ) -> Result<(), PeerError> {
        let read = description::read(message, DescriptionKind::Answer)?;
        let answer = read.sdp;
        self.set_remote(connection, shared, &answer, DescriptionKind::Answer)
            .await?;
        let theirs = answerer_role(&answer).map(DtlsRole::opposite);
        self.role = self.role.or(theirs);
        if let Some(offer) = self.offered.take() {
            self.agreed(shared, &offer, &answer);
        }
        let was_due = self.tile.is_due();
        self.tile.other_shows(read.shows_tile);
        // Wanted before the other was known to show one.
        if self.tile.is_due() && !was_due {
            shared.events.control(PeerEvent::NegotiationNeeded);
        }
        Ok(())
    }

    /// Whether our camera goes beside our screen; true if an offer must say so.
    pub(super) fn want_tile(&mut self, wanted: bool) -> bool {
        self.tile.want(wanted)
    }

    pub(super) async fn rollback(
        &mut self,
        connection: &dyn PeerConnection,
    ) -> Result<(), PeerError> {
        let rolled_back = connection
            .set_local_description(description::rollback()?)
            .await;
        self.offered = None;
        rolled_back.map_err(PeerError::library)
    }

    pub(super) async fn add_candidate(
        &mut self,
        connection: &dyn PeerConnection,
        message: &str,
    ) -> Result<(), PeerError> {
        let Some(json) = check_candidate(message)? else {
            return Ok(());
        };
        if self.candidates >= MAX_CANDIDATES {
            return Err(CandidateRefused::TooMany.into());
        }
        let candidate: RTCIceCandidateInit =
            serde_json::from_str(json).map_err(|_| PeerError::NotJson)?;
        self.candidates += 1;
        if !self.have_remote {
            self.early.push(candidate);
            return Ok(());
        }
        let added = connection.add_ice_candidate(candidate).await;
        added.map_err(PeerError::library)
    }

    /// Whether that is a change, for an offer to say.
    pub(super) async fn set_direction(
        &mut self,
        connection: &dyn PeerConnection,
        kind: MediaKind,
        direction: Direction,
    ) -> Result<bool, PeerError> {
        let wanted = match kind {
            MediaKind::Audio => &mut self.audio,
            MediaKind::Video => &mut self.video,
        };
        let changed = std::mem::replace(wanted, direction) != direction;
        self.want_directions(connection).await?;
        Ok(changed)
    }

    /// An exchange is complete.
    fn agreed(&self, shared: &Shared, local: &str, remote: &str) {
        let arrived = shared.negotiated.tile_arrives();
        shared.negotiated.update(local, remote, &self.wanted);
        let arrives = shared.negotiated.tile_arrives();
        if arrives != arrived {
            shared.events.control(PeerEvent::RemoteTile(arrives));
        }
    }

    async fn set_remote(
        &mut self,
        connection: &dyn PeerConnection,
        shared: &Shared,
        sdp: &str,
        kind: DescriptionKind,
    ) -> Result<(), PeerError> {
        let stripped = strip_rejected(sdp);
        if let Some(credentials) = ice_credentials(&stripped) {
            if credentials.user_fragment != self.remote_user_fragment {
                self.remote_user_fragment = credentials.user_fragment.clone();
                self.candidates = self.early.len();
                shared.seeks_path();
            }
            shared.filter.set_remote_credentials(credentials);
        }
        let for_library = description::for_library(stripped, kind)?;
        let applied = connection.set_remote_description(for_library).await;
        applied.map_err(PeerError::library)?;
        self.have_remote = true;
        for candidate in std::mem::take(&mut self.early) {
            if let Err(error) = connection.add_ice_candidate(candidate).await {
                tracing::debug!(error = ?PeerError::library(error), "early candidate");
            }
        }
        Ok(())
    }

    /// The library keeps a narrowed direction for ever: say again what we want.
    async fn want_directions(&self, connection: &dyn PeerConnection) -> Result<(), PeerError> {
        for transceiver in connection.get_transceivers().await {
            let direction = match transceiver.sender().await {
                Ok(Some(sender)) => self.direction_of(&*sender).await,
                // Opened by the other. The library would leave it inactive for ever.
                Ok(None) => Direction::RecvOnly,
                Err(_) => continue,
            };
            let set = transceiver
                .set_direction(library_direction(direction))
                .await;
            set.map_err(PeerError::library)?;
        }
        Ok(())
    }

    async fn direction_of(&self, sender: &dyn RtpSender) -> Direction {
        let track = sender.track();
        if track.track_id().await == TILE_TRACK_ID {
            return self.tile.direction();
        }
        match track.kind().await {
            RtpCodecKind::Video => self.video,
            _ => self.audio,
        }
    }

    fn correct_answer(&mut self, answer: String, offer: &str) -> String {
        let role = self.role.or_else(|| answerer_role(&answer));
        self.role = role;
        let answer = match role {
            Some(role) => keep_role(&answer, role),
            None => answer,
        };
        let answer = clamp_directions(&answer, offer);
        let answer = prefer_formats(&answer, &self.wanted);
        self.hide_candidates(answer)
    }

    /// Candidates of a description that the policy forbids to show.
    fn hide_candidates(&self, sdp: String) -> String {
        if !self.relay_only {
            return sdp;
        }
        let shown = sdp.lines().filter_map(|line| {
            let line = line.trim_end();
            match line.strip_prefix("a=candidate:") {
                Some(candidate) if candidate_type(candidate) != Some("relay") => None,
                Some(_) => Some(hide_related(line)),
                None => Some(line.to_owned()),
            }
        });
        shown.flat_map(|line| [line, "\r\n".to_owned()]).collect()
    }
}

/// In the library's words.
pub(super) fn library_direction(direction: Direction) -> RTCRtpTransceiverDirection {
    match direction {
        Direction::SendRecv => RTCRtpTransceiverDirection::Sendrecv,
        Direction::SendOnly => RTCRtpTransceiverDirection::Sendonly,
        Direction::RecvOnly => RTCRtpTransceiverDirection::Recvonly,
        Direction::Inactive => RTCRtpTransceiverDirection::Inactive,
    }
}

/// Before the library can answer checks with them.
fn set_local_credentials(shared: &Shared, sdp: &str) {
    if let Some(credentials) = ice_credentials(sdp) {
        shared.filter.set_local_credentials(credentials);
    }
}
