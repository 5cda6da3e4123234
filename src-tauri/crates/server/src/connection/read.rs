//! Reading: pace, faults, silence, and handing messages to the hub.

use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, CloseReason, parse_client};
use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Ending, Socket};
use crate::config::ServerConfig;
use crate::hub::Registration;
use crate::pace::{FaultWindow, TokenBucket};
use crate::shared::Shared;

/// Reads until the connection must end.
pub(super) async fn run(
    stream: &mut SplitStream<Socket>,
    registration: &Registration,
    shared: &Shared,
) -> Ending {
    let timing = &shared.config.timing;
    let mut pace = Pace::new(Instant::now(), &shared.config);
    let mut faults = FaultWindow::default();
    loop {
        let read = tokio::time::timeout(timing.silence_timeout, stream.next()).await;
        let message = match read {
            Err(_silent) => return Ending::Gone,
            Ok(None) => return Ending::Gone,
            Ok(Some(Err(error))) => return ending_for(&error),
            Ok(Some(Ok(message))) => message,
        };
        // Every frame counts, pings too. While we wait here nothing is read, so the client is
        // slowed down by TCP.
        if pace.wait_for_turn().await.is_err() {
            return Ending::Close(CloseReason::RateExceeded);
        }
        match message {
            Message::Text(text) => {
                shared.metrics.note_received(text.len());
                if let Err(reason) = take(&text, registration, &mut faults) {
                    return Ending::Close(reason);
                }
            }
            Message::Binary(_) => return Ending::Close(CloseReason::BinaryFrame),
            Message::Close(_) => return Ending::ClosedByClient,
            // tungstenite has answered the ping; `Frame` never comes out of reading.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

/// Judges one text and passes it on.
fn take(
    text: &str,
    registration: &Registration,
    faults: &mut FaultWindow,
) -> Result<(), CloseReason> {
    registration.heard();
    match parse_client(text) {
        // The old spelling gets the old spelling back.
        Ok(ClientMessage::Keepalive) if text.contains("\"keeplive\"") => {
            registration
                .outgoing()
                .push(Instant::now(), r#"{"cmd":"keeplive"}"#.to_owned());
        }
        Ok(message) => registration.handle(message),
        Err(fault) => {
            tracing::debug!(connection = registration.id(), %fault, "fault");
            if fault.is_counted() && faults.note(Instant::now()) {
                return Err(CloseReason::TooManyFaults);
            }
            registration.answer(&fault.to_message());
        }
    }
    Ok(())
}

/// How a connection ends after an error of reading.
pub(crate) fn ending_for(error: &Error) -> Ending {
    match error {
        Error::Capacity(_) => Ending::Close(CloseReason::TooLarge),
        Error::Utf8(_) => Ending::Close(CloseReason::NotUtf8),
        Error::Protocol(
            tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        ) => Ending::Gone,
        Error::Protocol(_) => Ending::ProtocolError,
        // Everything else is the connection itself failing, or errors of opening one.
        _ => Ending::Gone,
    }
}

/// The rate limit: wait for a token, and give up when waiting has become the rule.
struct Pace {
    bucket: TokenBucket,
    throttled_since: Option<Instant>,
    patience: Duration,
}

impl Pace {
    fn new(now: Instant, config: &ServerConfig) -> Self {
        let (rate, burst) = (config.messages_per_second, config.message_burst);
        let (rate, burst) = (f64::from(rate.max(1)), f64::from(burst.max(1)));
        Self {
            bucket: TokenBucket::new(rate, burst, now),
            throttled_since: None,
            patience: config.timing.rate_patience,
        }
    }

    async fn wait_for_turn(&mut self) -> Result<(), ()> {
        let now = Instant::now();
        let Err(wait) = self.bucket.take(now) else {
            self.throttled_since = None;
            return Ok(());
        };
        let since = *self.throttled_since.get_or_insert(now);
        if now.saturating_duration_since(since) >= self.patience {
            return Err(());
        }
        tokio::time::sleep(wait).await;
        // Timers round up to a millisecond; the token is there by now.
        let _ = self.bucket.take(Instant::now());
        Ok(())
    }
}
