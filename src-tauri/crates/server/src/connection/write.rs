//! Writing: what the rooms queued, and a ping every few seconds.

use bytes::Bytes;
use duet_protocol::CloseReason;
use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use tokio_tungstenite::tungstenite::Message;

use super::{Ending, Socket};
use crate::outgoing::{Next, Outgoing, Waiting};
use crate::shared::Shared;

/// Writes until the connection must end. A client that takes nothing for the slow-reader time while
/// something waits for it is cut, and so is one whose queue overflows meanwhile.
pub(super) async fn run(
    sink: &mut SplitSink<Socket, Message>,
    outgoing: &Outgoing,
    shared: &Shared,
) -> Ending {
    let timing = &shared.config.timing;
    let mut pings = tokio::time::interval(timing.ping_interval);
    pings.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick is at once; the first ping is not.
    pings.tick().await;
    loop {
        let (message, waiting) = tokio::select! {
            biased;
            next = outgoing.next() => match next {
                Next::Text(Waiting { text, since }) => {
                    let waiting = Some((text.len(), since));
                    (Message::text(text), waiting)
                }
                Next::Close(reason) => return Ending::Close(reason),
            },
            _ = pings.tick() => (Message::Ping(Bytes::new()), None),
        };
        tokio::select! {
            biased;
            sent = sink.send(message) => {
                if sent.is_err() {
                    return Ending::Gone;
                }
                if let Some((bytes, since)) = waiting {
                    shared.metrics.note_sent(bytes, since.elapsed());
                }
            }
            reason = outgoing.closed() => return Ending::Close(reason),
            () = tokio::time::sleep(timing.slow_reader_timeout) => {
                return Ending::Close(CloseReason::SlowReader);
            }
        }
    }
}
