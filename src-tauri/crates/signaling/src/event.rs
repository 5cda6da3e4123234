//! What the client reports.

use std::time::Duration;

use duet_protocol::ServerMessage;

use crate::error::SignalingError;

/// Something happened on the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignalingEvent {
    /// A try begins.
    Connecting,
    /// The WebSocket is open; a remembered `login` and `join` are the first things sent on it.
    Opened,
    /// There is no connection; it is tried again by itself.
    Lost {
        /// When.
        retry_in: Duration,
        /// What went wrong.
        error: SignalingError,
    },
    /// There is no connection, and trying again would not help: nothing happens until
    /// [`crate::SignalingHandle::try_now`], [`crate::SignalingHandle::trust`] a `login` or a `join`.
    Failed(SignalingError),
    /// The server sent a message (answers to keepalive are not reported).
    Message(ServerMessage),
}
