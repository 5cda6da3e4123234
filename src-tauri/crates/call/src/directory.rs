//! Being online by name, as the owner asks for it and is told of it.

use duet_protocol::User;

/// Under which name one is listed, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name, unique in the lobby.
    pub name: String,
    /// The lobby; the server's default if none.
    pub lobby: Option<String>,
}

/// Where being online is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectoryStatus {
    /// Not asked for.
    Off,
    /// On the way, or on the way back.
    Connecting,
    /// Listed.
    Online {
        /// The others, by name.
        users: Vec<User>,
    },
    /// The server does not list us.
    Refused {
        /// Why: `name-taken`, `lobby-full`, `name-invalid`, `not-allowed`, `not-offered`, `refused`.
        code: &'static str,
        /// It is tried again by itself.
        retries: bool,
    },
    /// Logged out for the time of a call on another server.
    Paused,
}
