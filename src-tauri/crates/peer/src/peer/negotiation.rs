//! Offers, answers and candidates, with the corrections of [`crate::sdp`] applied on the way.

use rtc::peer_connection::configuration::RTCOfferOptions;
use rtc::peer_connection::transport::RTCIceCandidateInit;
use rtc::rtp_transceiver::RTCRtpTransceiverDirection;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use webrtc::peer_connection::PeerConnection;

use super::{description, relay_only, wanted_codecs};
use crate::codec::{Codec, MediaKind};
use crate::config::{Direction, PeerConfig};
use crate::error::PeerError;
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
    pub(super) fn new(config: &PeerConfig) -> Self {
        Self {
            wanted: wanted_codecs(config),
            audio: config.audio,
            video: config.video,
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
        description::write(sdp, DescriptionKind::Offer)
    }

    pub(super) async fn apply_offer(
        &mut self,
        connection: &dyn PeerConnection,
        shared: &Shared,
        message: &str,
    ) -> Result<String, PeerError> {
        let offer = description::read(message, DescriptionKind::Offer)?;
        self.set_remote(connection, shared, &offer, DescriptionKind::Offer)
            .await?;
        self.want_directions(connection).await?;
        let answer = connection.create_answer(None).await;
        let answer = answer.map_err(PeerError::library)?;
        set_local_credentials(shared, &answer.sdp);
        let made = answer.sdp.clone();
        let applied = connection.set_local_description(answer).await;
        applied.map_err(PeerError::library)?;
        let sdp = self.correct_answer(made, &offer);
        shared.negotiated.update(&sdp, &offer, &self.wanted);
        description::write(sdp, DescriptionKind::Answer)
    }

    pub(super) async fn apply_answer(
        &mut self,
        connection: &dyn PeerConnection,
        shared: &Shared,
        message: &str,
    ) -> Result<(), PeerError> {
        let answer = description::read(message, DescriptionKind::Answer)?;
        self.set_remote(connection, shared, &answer, DescriptionKind::Answer)
            .await?;
        let theirs = answerer_role(&answer).map(DtlsRole::opposite);
        self.role = self.role.or(theirs);
        if let Some(offer) = self.offered.take() {
            shared.negotiated.update(&offer, &answer, &self.wanted);
        }
        Ok(())
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

    pub(super) async fn set_direction(
        &mut self,
        connection: &dyn PeerConnection,
        kind: MediaKind,
        direction: Direction,
    ) -> Result<(), PeerError> {
        match kind {
            MediaKind::Audio => self.audio = direction,
            MediaKind::Video => self.video = direction,
        }
        self.want_directions(connection).await
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
            let Ok(Some(sender)) = transceiver.sender().await else {
                continue;
            };
            let direction = match sender.track().kind().await {
                RtpCodecKind::Video => self.video,
                _ => self.audio,
            };
            let set = transceiver
                .set_direction(library_direction(direction))
                .await;
            set.map_err(PeerError::library)?;
        }
        Ok(())
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
