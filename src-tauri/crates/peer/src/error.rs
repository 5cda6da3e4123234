//! What can go wrong, for the engine to act on.

use crate::sdp::{CandidateRefused, DescriptionRefused};

/// A negotiation step failed.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The message is not the JSON of a session description or candidate.
    #[error("not a session description or candidate")]
    NotJson,
    /// The description asks for something unsafe or out of bounds; nothing was changed.
    #[error("session description refused: {0}")]
    Description(#[from] DescriptionRefused),
    /// The candidate is malformed or one too many; nothing was changed.
    #[error("candidate refused: {0}")]
    Candidate(#[from] CandidateRefused),
    /// No codec list was given.
    #[error("no video codec configured")]
    NoCodec,
    /// The peer was closed.
    #[error("the peer is closed")]
    Closed,
    /// The library refused. Its words are for DEBUG logs only: they may quote what it was given.
    #[error("webrtc refused the step")]
    Library(String),
}

impl PeerError {
    /// Keeps the first part of the library's words; they can be as long as a packet.
    pub(crate) fn library(error: impl std::fmt::Display) -> Self {
        let mut text = error.to_string();
        let end = text
            .char_indices()
            .map(|(index, _)| index)
            .nth(200)
            .unwrap_or(text.len());
        text.truncate(end);
        PeerError::Library(text)
    }
}

/// A packet could not be handed to the connection: it is gone, rebuild it. The library's text is
/// dropped on purpose, since it contains the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection no longer takes packets")]
pub struct SendError;
