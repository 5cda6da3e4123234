//! Calls by name: what rings here, and how calls end without becoming one.

use duet_protocol::CallMedia;

use crate::state::RemotePeer;

/// A call by name, whoever began it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCall {
    /// The other.
    pub peer: RemotePeer,
    /// What the caller wanted to send.
    pub media: CallMedia,
}

/// A call that rings here. Nothing is opened and nothing is sent before it is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingCall {
    /// The call.
    pub call_id: String,
    /// Who calls.
    pub from: RemotePeer,
    /// What they want to send.
    pub media: CallMedia,
}

/// How ringing here ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RingEnd {
    /// We accepted.
    Answered,
    /// We declined.
    Declined,
    /// The caller gave up, or is gone.
    Cancelled,
    /// Nobody answered in time.
    Missed,
    /// Our connection broke, or the server knows nothing of it any more.
    Lost,
}

/// Why a call by name came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnansweredCause {
    /// The other declined.
    Declined,
    /// The other is in a call or a room.
    Busy,
    /// It rang, and nobody answered.
    NoAnswer,
    /// The other is not there (any more), or our word came too late.
    Unavailable,
    /// We are not online ourselves.
    NotOnline,
    /// Too many calls in too short a time.
    RateLimited,
    /// The server was lost, or did not answer.
    ServerLost,
}

impl UnansweredCause {
    /// A stable key for the UI.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Unavailable => "unavailable",
            Self::NotOnline => "not-online",
            Self::RateLimited => "rate-limited",
            Self::ServerLost => "server-lost",
        }
    }
}

/// Who ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndedBy {
    /// We left.
    Us,
    /// The other left.
    Peer,
    /// The other's connection broke and did not come back.
    PeerLost,
}
