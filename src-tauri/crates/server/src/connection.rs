//! One WebSocket, from its upgrade to its close, in one task.
//!
//! Reading and writing take turns in that task and neither waits: a client that does not read must not keep
//! us from noticing that it sends, and the other way round. Thousands of connections are silent at any time; so
//! what is needed only while something is on its way is there only then.

pub(crate) mod close;
mod inbox;
mod life;
mod line;
mod pace;
mod socket;

use std::sync::Arc;

use duet_protocol::CloseReason;
use duet_protocol::limits::{MAX_MESSAGE_BYTES, MAX_OUTGOING_BYTES};
pub(crate) use socket::Socket;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tracing::debug;

use crate::door::Slot;
use crate::http::Upgraded;
use crate::hub::Registration;
use crate::shared::Shared;
pub(crate) use life::Life;
pub(crate) use line::Line;

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The client is gone, or silent; there is nobody to tell.
    Gone,
    /// The client closed; its close frame is still to be answered.
    ClosedByClient,
    /// The client broke the WebSocket protocol: 1002.
    ProtocolError,
    /// We end it.
    Close(CloseReason),
}

impl Ending {
    /// The close code that we say of our own accord.
    fn code(self) -> Option<u16> {
        match self {
            Self::Gone | Self::ClosedByClient => None,
            Self::ProtocolError => Some(u16::from(CloseCode::Protocol)),
            Self::Close(reason) => Some(reason.code()),
        }
    }
}

/// How a connection ends after an error of reading.
pub(crate) fn ending_for(error: &Error) -> Ending {
    match error {
        Error::Capacity(_) => Ending::Close(CloseReason::TooLarge),
        Error::Utf8(_) => Ending::Close(CloseReason::NotUtf8),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ending::Gone,
        Error::Protocol(_) => Ending::ProtocolError,
        // Everything else is the connection itself failing, or errors of opening one.
        _ => Ending::Gone,
    }
}

/// A connection that became a WebSocket.
pub(crate) fn begin(
    upgraded: Upgraded,
    registration: Registration,
    slot: Slot,
    shared: &Arc<Shared>,
) -> Box<Line> {
    shared.metrics.opened.inc();
    let socket = open(upgraded, &Limits::PROTOCOL);
    Box::new(Line::new(socket, registration, slot, Arc::clone(shared)))
}

/// Ends it. The place in the room is given up or kept before the close handshake, which a client may
/// draw out.
async fn end(line: Line, ending: Ending) {
    let (socket, registration, _slot, shared) = line.into_parts();
    debug!(connection = registration.id(), ?ending, "connection ends");
    drop(registration);
    if let Some(code) = ending.code() {
        shared.metrics.note_close(code);
    }
    close::run(socket, ending).await;
}

/// What a connection holds at most, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// A message that comes.
    pub(crate) message_bytes: usize,
    /// What waits to be written.
    pub(crate) outgoing_bytes: usize,
}

impl Limits {
    const PROTOCOL: Self = Self {
        message_bytes: MAX_MESSAGE_BYTES,
        outgoing_bytes: MAX_OUTGOING_BYTES,
    };
}

/// A connection behind its upgrade.
pub(crate) fn open(upgraded: Upgraded, limits: &'static Limits) -> Socket {
    Socket::new(upgraded.stream, &upgraded.read_ahead, limits)
}
