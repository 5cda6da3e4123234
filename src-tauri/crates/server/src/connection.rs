//! One WebSocket, from its upgrade to its close, in one task.
//!
//! Reading and writing are two loops side by side in that task: a client that does not read must not
//! keep us from noticing that it sends, and the other way round. Whichever loop ends first says how
//! the connection ends.

pub(crate) mod close;
mod read;
mod write;

use duet_protocol::CloseReason;
use duet_protocol::limits::{MAX_MESSAGE_BYTES, MAX_OUTGOING_BYTES};
use futures_util::StreamExt;
pub(crate) use read::ending_for;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tracing::debug;

use crate::http::Upgraded;
use crate::hub::Registration;
use crate::shared::Shared;
use crate::stream::Stream;

type Socket = WebSocketStream<Stream>;

/// tungstenite's read buffer, zero-filled at every read: small.
const READ_BUFFER_BYTES: usize = 4 * 1024;

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

/// Carries one connection until it ends. The place in the room is given up or kept before the close
/// handshake, which a client may draw out.
pub(crate) async fn run(upgraded: Upgraded, registration: Registration, shared: &Shared) {
    shared.metrics.opened.inc();
    let socket = open(upgraded, Limits::PROTOCOL).await;
    let (mut sink, mut stream) = socket.split();
    let ending = tokio::select! {
        biased;
        () = shared.draining.cancelled() => Ending::Close(CloseReason::Draining),
        ending = read::run(&mut stream, &registration, shared) => ending,
        ending = write::run(&mut sink, registration.outgoing(), shared) => ending,
    };
    debug!(connection = registration.id(), ?ending, "connection ends");
    drop(registration);
    if let Some(code) = ending.code() {
        shared.metrics.note_close(code);
    }
    if let Ok(socket) = stream.reunite(sink) {
        close::run(socket, ending).await;
    }
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

pub(crate) async fn open(upgraded: Upgraded, limits: Limits) -> Socket {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(limits.outgoing_bytes)
        .max_message_size(Some(limits.message_bytes))
        .max_frame_size(Some(limits.message_bytes));
    let read_ahead = upgraded.read_ahead.to_vec();
    WebSocketStream::from_partially_read(upgraded.stream, read_ahead, Role::Server, Some(config))
        .await
}
