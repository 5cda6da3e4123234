//! What a connection does: read and judge, write what waits, ping, and notice silence.
//!
//! One state machine in one task with one timer. The timer is not moved at every message: it goes off when the
//! earliest thing could be due, and is set again to what is due by then.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use duet_protocol::limits::MAX_OUTGOING_BYTES;
use duet_protocol::{ClientMessage, CloseReason, parse_client};
use tokio::time::Sleep;
use tokio_tungstenite::tungstenite::Message;

use super::pace::Pace;
use super::socket::Socket;
use super::{Ending, ending_for};
use crate::door::Slot;
use crate::hub::Registration;
use crate::outgoing::{Next, Waiting};
use crate::pace::FaultWindow;
use crate::shared::Shared;

/// Taken from the queue at once. It must pass within the time of a slow reader.
const BATCH_BYTES: usize = 32 * 1024;

/// How often a connection reads before it is another's turn: 64 KiB, a dozen of anybody's honest messages.
/// tokio would let it go on for 2 MiB, and with some hundred that flood us a call would wait for all of them.
const READS_IN_A_TURN: usize = 4;

/// A connection at work.
pub(crate) struct Line {
    socket: Socket,
    registration: Registration,
    /// Counted for its address as long as it is open.
    slot: Slot,
    shared: Arc<Shared>,
    pace: Pace,
    /// Of one who has sent such.
    faults: Option<Box<FaultWindow>>,
    heard_at: Instant,
    ping_at: Instant,
    held: Option<Box<Held>>,
    batch: Option<Box<Batch>>,
}

/// A message that was too fast.
struct Held {
    message: Message,
    /// Nothing is read before.
    until: Instant,
    is_paused: bool,
}

/// What is being written.
#[derive(Default)]
struct Batch {
    /// Its texts, for the figures: length, and when came what caused it.
    texts: Vec<(usize, Instant)>,
    /// Since when the kernel has not taken all of it.
    stuck_since: Option<Instant>,
}

impl Line {
    pub(super) fn new(
        socket: Socket,
        registration: Registration,
        slot: Slot,
        shared: Arc<Shared>,
    ) -> Self {
        let now = Instant::now();
        Self {
            socket,
            registration,
            slot,
            pace: Pace::new(now, &shared.config),
            faults: None,
            heard_at: now,
            ping_at: now + shared.config.timing.ping_interval,
            shared,
            held: None,
            batch: None,
        }
    }

    /// For closing.
    pub(super) fn into_parts(self) -> (Socket, Registration, Slot, Arc<Shared>) {
        (self.socket, self.registration, self.slot, self.shared)
    }

    /// Goes on until the connection must end.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        mut timer: Pin<&mut Sleep>,
    ) -> Poll<Ending> {
        loop {
            let done = self
                .mind_the_time(Instant::now())
                .and_then(|()| self.go_on(context));
            if let Err(ending) = done {
                return Poll::Ready(ending);
            }
            let due_at = self.due_at();
            // Only ever earlier: a later time is seen when the timer goes off.
            if timer.is_elapsed() || due_at < timer.deadline().into_std() {
                timer.as_mut().reset(due_at.into());
            }
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Reads and writes as far as it goes, or as far as its turn does.
    fn go_on(&mut self, context: &mut Context<'_>) -> Result<(), Ending> {
        let mut reads = 0;
        loop {
            let is_blocked = self.write(context)?;
            if reads == READS_IN_A_TURN {
                context.waker().wake_by_ref();
                return Ok(());
            }
            let has_read = self.read(context)?;
            reads += usize::from(has_read);
            let has_answers = !is_blocked && self.socket.waiting_bytes() > 0;
            if !has_read && !has_answers {
                return Ok(());
            }
        }
    }

    /// Writes batch after batch; true if the kernel takes no more for now.
    fn write(&mut self, context: &mut Context<'_>) -> Result<bool, Ending> {
        loop {
            let is_free = self.socket.waiting_bytes() == 0;
            match self
                .registration
                .outgoing()
                .poll_take(context, is_free.then_some(BATCH_BYTES))
            {
                Poll::Ready(Next::Close(reason)) => return Err(Ending::Close(reason)),
                Poll::Ready(Next::Texts(texts)) => self.queue(texts),
                Poll::Pending => {}
            }
            if self.socket.waiting_bytes() == 0 {
                return Ok(false);
            }
            match self.socket.poll_write(context) {
                Poll::Ready(Ok(())) => self.note_sent(),
                Poll::Ready(Err(_)) => return Err(Ending::Gone),
                Poll::Pending => {
                    let batch = self.batch.get_or_insert_default();
                    batch.stuck_since.get_or_insert_with(Instant::now);
                    return Ok(true);
                }
            }
        }
    }

    fn queue(&mut self, texts: VecDeque<Waiting>) {
        let batch = self.batch.get_or_insert_default();
        for Waiting { text, since } in texts {
            batch.texts.push((text.len(), since));
            self.socket.queue_text(text);
        }
    }

    fn note_sent(&mut self) {
        let Some(batch) = self.batch.take() else {
            return;
        };
        let now = Instant::now();
        for (bytes, since) in batch.texts {
            let latency = now.saturating_duration_since(since);
            self.shared.metrics.note_sent(bytes, latency);
        }
    }

    /// Takes what was read, and reads; true if something came.
    fn read(&mut self, context: &mut Context<'_>) -> Result<bool, Ending> {
        self.take_all(Instant::now())?;
        if self.is_paused() {
            return Ok(false);
        }
        match self.socket.poll_read(context) {
            Poll::Ready(Ok(())) => {
                self.heard_at = Instant::now();
                Ok(true)
            }
            Poll::Ready(Err(_)) => Err(Ending::Gone),
            Poll::Pending => Ok(false),
        }
    }

    fn take_all(&mut self, now: Instant) -> Result<(), Ending> {
        while !self.is_paused() {
            let (message, has_waited) = match self.held.take() {
                Some(held) => (held.message, true),
                None => match self.socket.next().map_err(|error| ending_for(&error))? {
                    Some(message) => (message, false),
                    None => return Ok(()),
                },
            };
            // Every frame counts, pings too. Until its time has come nothing is read, so the
            // client is slowed down by TCP.
            let patience = self.shared.config.timing.rate_patience;
            let verdict = self.pace.may_pass(now, has_waited, patience);
            match verdict.map_err(Ending::Close)? {
                None => self.take(now, message)?,
                Some(until) => {
                    self.held = Some(Box::new(Held {
                        message,
                        until,
                        is_paused: true,
                    }));
                }
            }
            if self.socket.waiting_bytes() > MAX_OUTGOING_BYTES {
                return Err(Ending::Close(CloseReason::SlowReader));
            }
        }
        Ok(())
    }

    fn take(&mut self, now: Instant, message: Message) -> Result<(), Ending> {
        match message {
            Message::Text(text) => {
                self.shared.metrics.note_received(text.len());
                self.judge(now, &text).map_err(Ending::Close)
            }
            Message::Binary(_) => Err(Ending::Close(CloseReason::BinaryFrame)),
            Message::Close(_) => Err(Ending::ClosedByClient),
            // Pings are answered already; `Frame` never comes out of reading.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(()),
        }
    }

    /// Judges one text and passes it on.
    fn judge(&mut self, now: Instant, text: &str) -> Result<(), CloseReason> {
        #[cfg(test)]
        crate::failpoint::while_reading(text);
        let registration = &self.registration;
        match parse_client(text) {
            // The old spelling gets the old spelling back.
            Ok(ClientMessage::Keepalive) if text.contains("\"keeplive\"") => {
                registration.heard();
                let answer = r#"{"cmd":"keeplive"}"#.to_owned();
                registration.outgoing().push(now, answer);
            }
            Ok(message) => registration.handle(message),
            Err(fault) => {
                registration.heard();
                tracing::debug!(connection = registration.id(), %fault, "fault");
                if fault.is_counted() && self.faults.get_or_insert_default().note(now) {
                    return Err(CloseReason::TooManyFaults);
                }
                registration.answer(&fault.to_message());
            }
        }
        Ok(())
    }

    /// Whether nothing is read, because the client is too fast.
    fn is_paused(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.is_paused)
    }

    fn stuck_since(&self) -> Option<Instant> {
        self.batch.as_ref()?.stuck_since
    }

    /// Since when a message is on its way whose end has not come. Byte by byte it would keep the connection, and what is
    /// there of it, for as long as somebody likes.
    fn begun_at(&self) -> Option<Instant> {
        match self.is_paused() {
            true => None,
            false => self.socket.begun_at(),
        }
    }

    fn mind_the_time(&mut self, now: Instant) -> Result<(), Ending> {
        let timing = &self.shared.config.timing;
        if self
            .stuck_since()
            .is_some_and(|since| now >= since + timing.slow_reader_timeout)
        {
            return Err(Ending::Close(CloseReason::SlowReader));
        }
        if let Some(held) = self.held.as_mut()
            && held.is_paused
            && now >= held.until
        {
            held.is_paused = false;
            // While we did not listen the client was not silent, nor slow.
            self.heard_at = now;
            self.socket.begin_anew(now);
        }
        let is_drawn_out = self
            .begun_at()
            .is_some_and(|at| now >= at + timing.message_timeout);
        if is_drawn_out || now >= self.heard_at + timing.silence_timeout {
            return Err(Ending::Gone);
        }
        if now >= self.ping_at {
            self.ping_at = now + timing.ping_interval;
            // Behind what is stuck there is no use for one.
            if self.stuck_since().is_none() {
                self.socket.queue_ping();
            }
        }
        Ok(())
    }

    /// When something is due, if nothing else happens.
    pub(super) fn due_at(&self) -> Instant {
        let timing = &self.shared.config.timing;
        let stuck = self
            .stuck_since()
            .map(|since| since + timing.slow_reader_timeout);
        let drawn_out = self.begun_at().map(|at| at + timing.message_timeout);
        let usual = self.ping_at.min(self.heard_at + timing.silence_timeout);
        let paused = self.held.as_ref().filter(|held| held.is_paused);
        let unusual = [paused.map(|held| held.until), stuck, drawn_out];
        let unusual = unusual.into_iter().flatten().min();
        unusual.map_or(usual, |at| at.min(usual))
    }
}
