//! One WebSocket, from its upgrade to its close, in one task.
//!
//! Reading and writing are two loops side by side in that task: a client that does not read must not
//! keep us from noticing that it sends, and the other way round. Whichever loop ends first says how
//! the connection ends.

mod close;
mod read;
mod write;

use std::sync::Arc;

use duet_protocol::CloseReason;
use duet_protocol::limits::{MAX_MESSAGE_BYTES, MAX_OUTGOING_BYTES};
use futures_util::StreamExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::config::ServerConfig;
use crate::http::Upgraded;
use crate::hub::Registration;
use crate::stream::Stream;

type Socket = WebSocketStream<Stream>;

/// tungstenite's read buffer, zero-filled at every read: small.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The client is gone, or silent; there is nobody to tell.
    Gone,
    /// The client closed; its close frame is still to be answered.
    ClosedByClient,
    /// The client broke the WebSocket protocol: 1002.
    ProtocolError,
    /// We end it.
    Close(CloseReason),
}

/// Carries one connection until it ends. The place in the room is given up or kept before the close
/// handshake, which a client may draw out.
pub(crate) async fn run(
    upgraded: Upgraded,
    registration: Registration,
    config: Arc<ServerConfig>,
    draining: CancellationToken,
) {
    let socket = open(upgraded).await;
    let (mut sink, mut stream) = socket.split();
    let ending = tokio::select! {
        biased;
        () = draining.cancelled() => Ending::Close(CloseReason::Draining),
        ending = read::run(&mut stream, &registration, &config.timing) => ending,
        ending = write::run(&mut sink, registration.outgoing(), &config.timing) => ending,
    };
    debug!(connection = registration.id(), ?ending, "connection ends");
    drop(registration);
    if let Ok(socket) = stream.reunite(sink) {
        close::run(socket, ending).await;
    }
}

async fn open(upgraded: Upgraded) -> Socket {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_OUTGOING_BYTES)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    let read_ahead = upgraded.read_ahead.to_vec();
    WebSocketStream::from_partially_read(upgraded.stream, read_ahead, Role::Server, Some(config))
        .await
}
