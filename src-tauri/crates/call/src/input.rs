//! What goes into a call: the person's commands, the signaling client, the PeerConnections, time.

use std::time::Duration;

use duet_protocol::{AudioState, ServerMessage, VideoState};

use crate::state::ServerProblem;

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Enter a room. Ignored while in one.
    Join {
        /// The room.
        room_id: String,
        /// The name the other sees.
        name: Option<String>,
    },
    /// Stop joining or waiting; dismiss an end. Back to idle.
    Cancel,
    /// Hang up.
    Leave,
    /// Try (again) now: the join, or what a reconnect is waiting for.
    Retry,
    /// Enter the same room again after an end.
    Rejoin,
    /// After "peer left": go on waiting in the room.
    Wait,
    /// What we send; told to the other now and whenever one appears.
    MediaState {
        /// The microphone.
        audio: AudioState,
        /// The camera.
        video: VideoState,
    },
    /// The computer's network changed: do not wait for ICE to notice.
    NetworkChanged,

    /// The connection to the server is open. The signaling client repeats the last `join` on it.
    SignalingOpened,
    /// The connection broke or could not be made; it is tried again by itself.
    SignalingLost {
        /// When it is tried again.
        retry_in: Duration,
        /// What went wrong.
        problem: ServerProblem,
    },
    /// The connection cannot be made, or ended for good, until somebody does something.
    SignalingFailed {
        /// What went wrong.
        problem: ServerProblem,
    },
    /// The server sent a message.
    Message(ServerMessage),

    /// A PeerConnection reports.
    Peer {
        /// Which.
        session: String,
        /// What.
        event: PeerInput,
    },

    /// The time of [`crate::Call::poll_timeout`] has come.
    Tick,
}

/// What a PeerConnection reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerInput {
    /// A description was made and set; the result of `CreateOffer` or `ApplyOffer`.
    LocalDescription {
        /// Offer or answer.
        kind: DescriptionKind,
        /// Its JSON.
        msg: String,
    },
    /// A candidate for the other side, as JSON; `None` ends the list.
    LocalCandidate(Option<String>),
    /// Media can flow.
    Connected,
    /// Nothing comes any more; it may heal.
    Disconnected,
    /// It will not heal.
    Failed,
    /// Only relays may be used, and none is known.
    NoRelay,
    /// Who answers has another certificate than their description names: somebody stands between,
    /// or the description was changed on its way. Nothing was sent to them.
    WrongCertificate,
    /// It was closed, by the other's DTLS or by a fault of ours; not in answer to `ClosePeer`.
    Closed,
    /// Tracks changed; an offer is due.
    NegotiationNeeded,
    /// An operation did not work.
    Error {
        /// Which.
        operation: Operation,
    },
}

/// Which of the two descriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DescriptionKind {
    /// Offer.
    Offer,
    /// Answer.
    Answer,
}

/// What a PeerConnection was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `CreatePeer`.
    Create,
    /// `CreateOffer`.
    CreateOffer,
    /// `ApplyOffer`.
    ApplyOffer,
    /// `ApplyAnswer`.
    ApplyAnswer,
    /// `Rollback`.
    Rollback,
    /// `AddCandidate`.
    AddCandidate,
}
