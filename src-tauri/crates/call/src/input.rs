//! What goes into a call: the person's commands, the signaling client, the PeerConnections, time.

use std::time::Duration;

use duet_protocol::{AudioState, CallMedia, ServerMessage, VideoState};

use crate::directory::Listed;
use crate::state::ServerProblem;
use crate::text::TextTarget;

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
    /// Be a display: show a code by which somebody may show a screen here. Ignored while in a room.
    OpenCast {
        /// The name the presenter sees.
        name: Option<String>,
    },
    /// Show a screen on the display that shows this code. Ignored while in a room.
    JoinCast {
        /// As a person typed it.
        code: String,
        /// The name the display shows.
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
    /// Be listed, or no longer.
    Directory {
        /// As whom.
        listed: Option<Listed>,
        /// The signaling client of the moment is for that server.
        is_home: bool,
    },
    /// Call somebody who is online. Ignored while in a room or a call.
    CallSomebody {
        /// Their uid.
        uid: String,
        /// What we want to send.
        media: CallMedia,
    },
    /// Take the call that rings here; a room or call of ours is left for it.
    AcceptCall {
        /// The call.
        call_id: String,
    },
    /// Refuse the call that rings here.
    DeclineCall {
        /// The call.
        call_id: String,
    },
    /// Send a text; answered by exactly one [`crate::TextEvent`] with its id.
    SendText {
        /// For whom.
        to: TextTarget,
        /// Our name for it.
        id: String,
        /// The text.
        content: String,
    },
    /// What we send; told to the other now and whenever one appears.
    MediaState {
        /// The microphone.
        audio: AudioState,
        /// The camera.
        video: VideoState,
    },
    /// The computer's network changed: do not wait for ICE to notice.
    NetworkChanged,

    /// Another signaling client takes the place of the one before; it knows nothing yet.
    SignalingStarted {
        /// It is for the server where we are listed.
        is_home: bool,
        /// It is for the same server as the one before.
        is_same_server: bool,
    },
    /// The connection to the server is open. The signaling client repeats the last `login` and
    /// `join` on it.
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
    /// Nothing comes any more, and it came through a relay, which may have ended: that heals less often.
    RelaySilent,
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
