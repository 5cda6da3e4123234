//! Closing so that the client can read why.
//!
//! Closing a socket with unread input makes the kernel send a reset, which throws away the close
//! frame on its way. So: send the frame, say that we send no more, and read the rest into nothing
//! for a moment.

use std::future::poll_fn;
use std::time::Duration;

use duet_protocol::CloseReason;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::Ending;
use super::socket::{Socket, poll_discard};
use crate::stream::Stream;

/// For the close frame to leave; a slow reader gets as long as it took to notice it.
const FRAME_TIMEOUT: Duration = Duration::from_secs(5);
/// For the client to answer by closing its side.
const LINGER_TIMEOUT: Duration = Duration::from_secs(2);
/// What is read into nothing meanwhile.
const LINGER_BYTES: usize = 1024 * 1024;
/// Between two reads of it. Whoever floods us until the end is slowed down by TCP, and its place counts for its
/// address meanwhile; an honest client has its close frame after the first.
const LINGER_PAUSE: Duration = Duration::from_millis(10);

/// Ends a connection.
pub(crate) async fn run(mut socket: Socket, ending: Ending) {
    let frame = match ending {
        Ending::Gone => return,
        Ending::ClosedByClient => None,
        Ending::ProtocolError => Some(CloseFrame {
            code: CloseCode::Protocol,
            reason: Utf8Bytes::from_static("not the WebSocket protocol"),
        }),
        Ending::Close(reason) => Some(frame_of(reason)),
    };
    // The answer to the client's close frame is queued already.
    if let Some(frame) = frame {
        socket.queue_close(frame);
    }
    let told = tokio::time::timeout(FRAME_TIMEOUT, poll_fn(|context| socket.poll_write(context)));
    if matches!(told.await, Ok(Ok(()))) {
        let linger = linger(socket.into_stream());
        // Over time: dropping the stream ends it.
        let _ = tokio::time::timeout(LINGER_TIMEOUT, linger).await;
    }
}

fn frame_of(reason: CloseReason) -> CloseFrame {
    CloseFrame {
        code: CloseCode::from(reason.code()),
        reason: Utf8Bytes::from_static(reason.text()),
    }
}

async fn linger(mut stream: Stream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut budget_bytes = LINGER_BYTES;
    while budget_bytes > 0 {
        match poll_fn(|context| poll_discard(&mut stream, context)).await {
            Ok(0) | Err(_) => return,
            Ok(count) => budget_bytes = budget_bytes.saturating_sub(count),
        }
        tokio::time::sleep(LINGER_PAUSE).await;
    }
}
