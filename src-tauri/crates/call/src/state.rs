//! The states of a call, each with what the UI needs to show it: a word, one action, its data.
//!
//! Every state has an exit that does not depend on the person or on the other side, or is a place
//! where waiting is what the person asked for (`WaitingForPeer`, `PeerLeft`) or the end.

use std::time::{Duration, Instant};

use duet_protocol::{ErrorCode, LeaveReason};

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
    /// Asking the server for a place.
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
    /// We left.
    Left {
        /// The room.
        room_id: String,
        /// When.
        since: Instant,
        /// How long the call had lasted, if it had connected.
        lasted: Option<Duration>,
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

impl CallState {
    /// The key of the word that names this state in the UI.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Joining { .. } | Self::Negotiating { .. } => "connecting",
            Self::WaitingForPeer { .. } => "waiting-for-peer",
            Self::Connected { .. } => "connected",
            Self::Reconnecting { .. } => "reconnecting",
            Self::PeerLeft { .. } => "peer-left",
            Self::Full { .. } => "room-full",
            Self::Failed { .. } => "call-failed",
            Self::Left { .. } => "call-ended",
        }
    }

    /// The one action this state offers.
    #[must_use]
    pub const fn action(&self) -> Action {
        match self {
            Self::Idle => Action::Join,
            Self::Joining { .. } | Self::Negotiating { .. } => Action::Cancel,
            Self::WaitingForPeer { .. } => Action::CopyInvite,
            Self::Connected { .. } => Action::Leave,
            Self::Reconnecting { .. } => Action::RetryNow,
            Self::PeerLeft { .. } => Action::Wait,
            Self::Full { .. } => Action::Retry,
            Self::Failed { cause, .. } => match cause {
                FailureCause::ConnectionLost => Action::Rejoin,
                FailureCause::ServerUnreachable(_)
                | FailureCause::Server(_)
                | FailureCause::Refused(_)
                | FailureCause::NegotiationTimeout
                | FailureCause::WrongCertificate
                | FailureCause::NoRelay => Action::Retry,
            },
            Self::Left { .. } => Action::Rejoin,
        }
    }

    /// When this state ends by itself, if nothing else happens.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Joining { deadline, .. }
            | Self::Negotiating { deadline, .. }
            | Self::Reconnecting { deadline, .. } => Some(*deadline),
            Self::Idle
            | Self::WaitingForPeer { .. }
            | Self::Connected { .. }
            | Self::PeerLeft { .. }
            | Self::Full { .. }
            | Self::Failed { .. }
            | Self::Left { .. } => None,
        }
    }

    /// Whether a room is held or asked for; devices may be open only then (or for a preview).
    #[must_use]
    pub const fn is_active(&self) -> bool {
        match self {
            Self::Joining { .. }
            | Self::WaitingForPeer { .. }
            | Self::Negotiating { .. }
            | Self::Connected { .. }
            | Self::Reconnecting { .. }
            | Self::PeerLeft { .. } => true,
            Self::Idle | Self::Full { .. } | Self::Failed { .. } | Self::Left { .. } => false,
        }
    }

    /// The other person, where this state has one.
    #[must_use]
    pub const fn peer(&self) -> Option<&RemotePeer> {
        match self {
            Self::Negotiating { peer, .. }
            | Self::Connected { peer, .. }
            | Self::PeerLeft { peer, .. } => Some(peer),
            Self::Reconnecting { peer, .. } => peer.as_ref(),
            Self::Idle
            | Self::Joining { .. }
            | Self::WaitingForPeer { .. }
            | Self::Full { .. }
            | Self::Failed { .. }
            | Self::Left { .. } => None,
        }
    }

    /// When this call first connected, if it is still going on.
    #[must_use]
    pub const fn connected_since(&self) -> Option<Instant> {
        match self {
            Self::Connected { since, .. } => Some(*since),
            Self::Reconnecting {
                connected_since, ..
            } => *connected_since,
            Self::Idle
            | Self::Joining { .. }
            | Self::WaitingForPeer { .. }
            | Self::Negotiating { .. }
            | Self::PeerLeft { .. }
            | Self::Full { .. }
            | Self::Failed { .. }
            | Self::Left { .. } => None,
        }
    }
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

impl From<LeaveReason> for LeaveCause {
    fn from(reason: LeaveReason) -> Self {
        match reason {
            LeaveReason::Left => Self::Left,
            LeaveReason::Lost => Self::Lost,
        }
    }
}
