//! Writing: what the rooms queued, and a ping every few seconds.

use bytes::Bytes;
use duet_protocol::CloseReason;
use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use tokio_tungstenite::tungstenite::Message;

use super::{Ending, Socket};
use crate::config::Timing;
use crate::outgoing::{Next, Outgoing};

/// Writes until the connection must end. A client that takes nothing for the slow-reader time while
/// something waits for it is cut, and so is one whose queue overflows meanwhile.
pub(super) async fn run(
    sink: &mut SplitSink<Socket, Message>,
    outgoing: &Outgoing,
    timing: &Timing,
) -> Ending {
    let mut pings = tokio::time::interval(timing.ping_interval);
    pings.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick is at once; the first ping is not.
    pings.tick().await;
    loop {
        let message = tokio::select! {
            biased;
            next = outgoing.next() => match next {
                Next::Text(text) => Message::text(text),
                Next::Close(reason) => return Ending::Close(reason),
            },
            _ = pings.tick() => Message::Ping(Bytes::new()),
        };
        tokio::select! {
            biased;
            sent = sink.send(message) => {
                if sent.is_err() {
                    return Ending::Gone;
                }
            }
            reason = outgoing.closed() => return Ending::Close(reason),
            () = tokio::time::sleep(timing.slow_reader_timeout) => {
                return Ending::Close(CloseReason::SlowReader);
            }
        }
    }
}
