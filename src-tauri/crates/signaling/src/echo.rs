//! A client that sends back what comes, on the connection code of the real one with its limits raised: for
//! the conformance suite of Autobahn. No client uses it.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::sync::OnceCell;
use tokio_tungstenite::tungstenite::Message;

use crate::connect::{Limits, connect_with};
use crate::error::SignalingError;

const LIMITS: Limits = Limits {
    message_bytes: 64 * 1024 * 1024,
    outgoing_bytes: 128 * 1024 * 1024,
};

/// Connects and sends back what comes until the end, however it comes; gives the texts that came.
///
/// # Errors
/// Why no connection was made.
pub async fn run(url: &str) -> Result<Vec<String>, SignalingError> {
    let limit = Duration::from_secs(10);
    let mut socket = connect_with(url, &[], &OnceCell::new(), limit, LIMITS).await?;
    let mut texts = Vec::new();
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Text(_) | Message::Binary(_) => {
                if let Message::Text(text) = &message {
                    texts.push(text.to_string());
                }
                if socket.send(message).await.is_err() {
                    break;
                }
            }
            // Answered by the socket itself.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {}
        }
    }
    Ok(texts)
}
