//! Texts, as the owner sends and gets them. Nothing of them is kept here.

use crate::state::RemotePeer;

/// For whom a text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTarget {
    /// The other in the room.
    Peer,
    /// Somebody of the lobby, or the other in the room, by uid.
    User(String),
}

/// A text from somebody; whoever shows it as markup is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedText {
    /// Who sent it, as the server says.
    pub from: RemotePeer,
    /// The text, at most 4 KiB.
    pub content: String,
    /// The sender's name for it.
    pub id: String,
    /// The server's time, RFC 3339 in UTC.
    pub time: String,
}

/// Something about a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextEvent {
    /// One came.
    Received(ReceivedText),
    /// Ours was handed to the other's connection.
    Delivered {
        /// Which.
        id: String,
        /// The server's time, RFC 3339 in UTC; none from a server that does not say it.
        time: Option<String>,
    },
    /// Ours was not delivered, or nobody knows.
    Undelivered {
        /// Which.
        id: String,
        /// Why.
        reason: Undelivered,
    },
}

/// Why a text was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Undelivered {
    /// The other cannot be reached.
    Unavailable,
    /// We have no connection to the server.
    Offline,
    /// Empty, or with an id that is none or still waits for an answer.
    Invalid,
    /// Over 4 KiB.
    TooLarge,
    /// Too many in too short a time.
    TooFast,
    /// The connection broke or no answer came: nobody knows whether it arrived.
    Unknown,
}

impl Undelivered {
    /// A stable key for the UI.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Offline => "offline",
            Self::Invalid => "invalid",
            Self::TooLarge => "too-large",
            Self::TooFast => "too-fast",
            Self::Unknown => "unknown",
        }
    }
}
