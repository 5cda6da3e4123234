//! What a state means: its word, its action, its time, who is there.

use std::time::Instant;

use super::{Action, CallState, FailureCause, RemotePeer};

impl CallState {
    /// The key of the word that names this state in the UI.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Calling { ringing: true, .. } => "ringing",
            Self::Calling { ringing: false, .. }
            | Self::Joining { .. }
            | Self::Negotiating { .. } => "connecting",
            Self::WaitingForPeer { .. } => "waiting-for-peer",
            Self::Connected { .. } => "connected",
            Self::Reconnecting { .. } => "reconnecting",
            Self::PeerLeft { .. } => "peer-left",
            Self::Full { .. } => "room-full",
            Self::Failed { .. } => "call-failed",
            Self::Unanswered { .. } | Self::Left { .. } => "call-ended",
        }
    }

    /// The one action this state offers.
    #[must_use]
    pub const fn action(&self) -> Action {
        match self {
            Self::Idle => Action::Join,
            Self::Calling { .. } | Self::Joining { .. } | Self::Negotiating { .. } => {
                Action::Cancel
            }
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
            Self::Unanswered { .. } | Self::Left { named: Some(_), .. } => Action::CallAgain,
            Self::Left { named: None, .. } => Action::Rejoin,
        }
    }

    /// When this state ends by itself, if nothing else happens.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Calling { deadline, .. }
            | Self::Joining { deadline, .. }
            | Self::Negotiating { deadline, .. }
            | Self::Reconnecting { deadline, .. } => Some(*deadline),
            Self::Idle
            | Self::WaitingForPeer { .. }
            | Self::Connected { .. }
            | Self::PeerLeft { .. }
            | Self::Full { .. }
            | Self::Failed { .. }
            | Self::Unanswered { .. }
            | Self::Left { .. } => None,
        }
    }

    /// Whether a room is held or asked for, or somebody is called.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        match self {
            Self::Calling { .. }
            | Self::Joining { .. }
            | Self::WaitingForPeer { .. }
            | Self::Negotiating { .. }
            | Self::Connected { .. }
            | Self::Reconnecting { .. }
            | Self::PeerLeft { .. } => true,
            Self::Idle
            | Self::Unanswered { .. }
            | Self::Full { .. }
            | Self::Failed { .. }
            | Self::Left { .. } => false,
        }
    }

    /// Whether devices may be open (a preview is the owner's own business): in a room, and not
    /// before the other has accepted.
    #[must_use]
    pub const fn opens_devices(&self) -> bool {
        self.is_active() && !matches!(self, Self::Calling { .. })
    }

    /// The other person, where this state has one.
    #[must_use]
    pub const fn peer(&self) -> Option<&RemotePeer> {
        match self {
            Self::Calling { peer, .. }
            | Self::Unanswered { peer, .. }
            | Self::Negotiating { peer, .. }
            | Self::Connected { peer, .. }
            | Self::PeerLeft { peer, .. } => Some(peer),
            Self::Left {
                named: Some(call), ..
            } => Some(&call.peer),
            Self::Reconnecting { peer, .. } => peer.as_ref(),
            Self::Idle
            | Self::Joining { .. }
            | Self::WaitingForPeer { .. }
            | Self::Full { .. }
            | Self::Failed { .. }
            | Self::Left { named: None, .. } => None,
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
            | Self::Calling { .. }
            | Self::Unanswered { .. }
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
