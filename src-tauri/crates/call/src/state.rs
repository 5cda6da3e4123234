//! The states of a call, each with what the UI needs to show it: a word, one action, its data.
//!
//! Every state has an exit that does not depend on the person or on the other side, or is a place
//! where waiting is what the person asked for (`WaitingForPeer`, `PeerLeft`) or the end.

use std::time::{Duration, Instant};

use duet_protocol::{CallMedia, ErrorCode, LeaveReason};

use crate::named::{EndedBy, NamedCall, UnansweredCause};

mod queries;

/// The other person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemotePeer {
    /// Their id in this session.
    pub uid: String,
    /// The name they gave, if any.
    pub name: Option<String>,
}

/// Where the call is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallState {
    /// No room.
    Idle,
    /// Calling somebody by name; they have not answered.
    Calling {
        /// Who is called.
        peer: RemotePeer,
        /// What we want to send.
        media: CallMedia,
        /// When it began.
        since: Instant,
        /// It rings there; before that, the server has not answered yet.
        ringing: bool,
        /// When it is given up.
        deadline: Instant,
    },
    /// A call by name came to nothing.
    Unanswered {
        /// Who was called, or had called and is not there any more.
        peer: RemotePeer,
        /// What the call was to be.
        media: CallMedia,
        /// Why.
        cause: UnansweredCause,
        /// When.
        since: Instant,
    },
    /// Asking the server for a place; in a call by name also waiting for the other to come.
    Joining {
        /// The room.
        room_id: String,
        /// When it began.
        since: Instant,
        /// When it is given up.
        deadline: Instant,
        /// Why the server could not be reached so far; it is tried again meanwhile.
        problem: Option<ServerProblem>,
    },
    /// In the room, alone.
    WaitingForPeer {
        /// The room.
        room_id: String,
        /// When it began.
        since: Instant,
    },
    /// Both are there; the first connection is being made.
    Negotiating {
        /// The other.
        peer: RemotePeer,
        /// When it began.
        since: Instant,
        /// When it is given up.
        deadline: Instant,
    },
    /// Media flows.
    Connected {
        /// The other.
        peer: RemotePeer,
        /// When this call first connected; the call timer.
        since: Instant,
    },
    /// Interrupted; everything is tried to go on.
    Reconnecting {
        /// The other; none when we were alone in the room.
        peer: Option<RemotePeer>,
        /// When it began.
        since: Instant,
        /// When it is given up.
        deadline: Instant,
        /// When the call first connected, if it did.
        connected_since: Option<Instant>,
        /// What broke.
        cause: ReconnectCause,
    },
    /// The other is gone. The room is still ours, and the next one to come is called.
    PeerLeft {
        /// Who left.
        peer: RemotePeer,
        /// How.
        cause: LeaveCause,
        /// When.
        since: Instant,
        /// How long the call had lasted.
        lasted: Duration,
    },
    /// Two others are in the room.
    Full {
        /// The room.
        room_id: String,
        /// When we were told.
        since: Instant,
    },
    /// It did not work, or was lost for good.
    Failed {
        /// The room.
        room_id: String,
        /// Why.
        cause: FailureCause,
        /// When.
        since: Instant,
        /// How long the call had lasted, if it had connected.
        lasted: Option<Duration>,
    },
    /// It is over: we left, or the other ended a call by name.
    Left {
        /// The room.
        room_id: String,
        /// When.
        since: Instant,
        /// How long the call had lasted, if it had connected.
        lasted: Option<Duration>,
        /// The call by name that this was, if it was one.
        named: Option<NamedCall>,
        /// Who ended it.
        by: EndedBy,
    },
}

/// What the UI offers as the one thing to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Enter a room.
    Join,
    /// Stop ([`crate::Input::Cancel`]).
    Cancel,
    /// Send the other person the invite.
    CopyInvite,
    /// Hang up ([`crate::Input::Leave`]).
    Leave,
    /// Try at once instead of waiting ([`crate::Input::Retry`]).
    RetryNow,
    /// Go on waiting in the room ([`crate::Input::Wait`]).
    Wait,
    /// Try the same again ([`crate::Input::Retry`]).
    Retry,
    /// Enter the same room again ([`crate::Input::Rejoin`]).
    Rejoin,
    /// Call the same person again ([`crate::Input::Retry`]).
    CallAgain,
}

/// What was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReconnectCause {
    /// The path of the media.
    Media,
    /// The server, while we had nobody to talk to.
    Server,
}

/// How the other went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LeaveCause {
    /// They left.
    Left,
    /// Their connection broke and did not come back.
    Lost,
}

/// A problem with the server, as a stable key chosen by the signaling client (`dns`, `refused`…).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServerProblem(pub &'static str);

impl ServerProblem {
    /// The same session came back on another connection (close code 4003).
    pub const REPLACED: Self = Self("replaced");
}

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureCause {
    /// The server did not answer in time; the last problem, if one was seen.
    ServerUnreachable(Option<ServerProblem>),
    /// The connection to the server ended in a way that trying again does not help.
    Server(ServerProblem),
    /// The server refused us.
    Refused(ErrorCode),
    /// Both were there, but no path was found in time.
    NegotiationTimeout,
    /// The call was interrupted for too long.
    ConnectionLost,
    /// The other's certificate is not the one that their description names.
    WrongCertificate,
    /// Only relays may be used, and neither the server nor the settings name one.
    NoRelay,
}

impl FailureCause {
    /// A stable key for the UI.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ServerUnreachable(_) => "server-unreachable",
            Self::Server(problem) => problem.0,
            Self::Refused(_) => "refused",
            Self::NegotiationTimeout => "no-path",
            Self::ConnectionLost => "connection-lost",
            Self::WrongCertificate => "wrong-certificate",
            Self::NoRelay => "no-relay",
        }
    }
}

impl From<LeaveCause> for EndedBy {
    fn from(cause: LeaveCause) -> Self {
        match cause {
            LeaveCause::Left => Self::Peer,
            LeaveCause::Lost => Self::PeerLost,
        }
    }
}

impl From<LeaveReason> for LeaveCause {
    fn from(reason: LeaveReason) -> Self {
        match reason {
            LeaveReason::Left => Self::Left,
            LeaveReason::Lost => Self::Lost,
        }
    }
}
