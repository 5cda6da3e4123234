//! A client whose messages are taken down as they come, each with the time: a figure must not wait until the test
//! gets round to reading.

use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, ServerMessage, parse_server};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::client::Client;

/// Generous: what is late is seen in the figure.
const PATIENCE: Duration = Duration::from_secs(60);
/// More than anybody here hears before the test reads it.
const MOST_HEARD: usize = 10_000;

/// When something was heard, and what.
pub(super) type Heard = (Instant, ServerMessage);

/// See the module.
pub(super) struct Ear {
    mouth: SplitSink<WebSocketStream<MaybeTlsStream<TcpStream>>, Message>,
    heard: mpsc::Receiver<Heard>,
}

impl Ear {
    pub(super) fn of(client: Client) -> Self {
        let (mouth, mut stream) = client.socket.split();
        let (taken_down, heard) = mpsc::channel(MOST_HEARD);
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                if let Message::Text(text) = message {
                    let message = parse_server(&text).expect("a message");
                    let sent = taken_down.send((Instant::now(), message)).await;
                    if sent.is_err() {
                        return;
                    }
                }
            }
        });
        Self { mouth, heard }
    }

    pub(super) async fn say(&mut self, message: &ClientMessage) {
        let sent = self.mouth.send(Message::text(message.to_json())).await;
        sent.expect("the connection lives");
    }

    /// What comes next; none when the connection ended.
    pub(super) async fn next(&mut self) -> Option<Heard> {
        let heard = tokio::time::timeout(PATIENCE, self.heard.recv()).await;
        heard.expect("something in time")
    }

    /// When the next of these came; what came before it is forgotten.
    pub(super) async fn when(
        &mut self,
        what: &str,
        is_it: impl Fn(&ServerMessage) -> bool,
    ) -> Instant {
        while let Some((at, message)) = self.next().await {
            if is_it(&message) {
                return at;
            }
        }
        panic!("the connection ended before: {what}");
    }

    /// Everything that came until now.
    pub(super) fn so_far(&mut self) -> Vec<Heard> {
        std::iter::from_fn(|| self.heard.try_recv().ok()).collect()
    }
}
