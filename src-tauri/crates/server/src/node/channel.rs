//! A reliable, ordered channel between two nodes over a bus that may lose, double and reorder. Sans-IO.
//!
//! Each direction numbers its bodies; the receiver takes them in order and acknowledges; what is not
//! acknowledged in time is sent again, from the first that is missing. Both directions belong to one
//! *session*. A side that gives the other up forgets both and goes on to a higher session; who hears of a
//! higher one has lost what it said, and goes on in it, too; who is spoken to in a lower one answers in its
//! own. So either everything arrives, once and in order, or both sides learn that the channel broke. (A
//! session for each direction was rejected: two that give each other up at once never come to rest.)
//! Who gave the other up says so until it is answered, because the other may have nothing to say.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::NodeId;
use super::wire::{Body, Envelope};

/// Before something is sent again; doubled up to the longest. Redis loses only what was published while a
/// connection was down, so this is long: a busy machine must not be made busier.
const RESEND_AFTER: Duration = Duration::from_millis(800);
const LONGEST_RESEND: Duration = Duration::from_secs(2);
/// How often a quiet sender says which number is next, so that a lost tail, or a receiver that
/// forgot, shows.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);
/// A datagram holds at most so much.
const MAX_BODIES: usize = 256;
const MAX_ENVELOPE_BYTES: usize = 512 * 1024;
/// What may wait for an acknowledgement.
const MAX_WAITING_BYTES: usize = 16 * 1024 * 1024;
/// The other takes nothing for this long: it is given up.
const PATIENCE: Duration = Duration::from_secs(6);

/// Both directions between this node and another one.
#[derive(Debug)]
pub(crate) struct Channel {
    me: NodeId,
    peer: NodeId,
    /// Of both directions.
    session: u64,
    /// A higher session that the peer is in; [`Self::break_off`] goes on there.
    heard_session: u64,
    /// The number of the next body.
    next: u64,
    /// Not acknowledged, in order; the last one has number `next - 1`.
    waiting: VecDeque<(Body, usize)>,
    waiting_bytes: usize,
    /// The number of the next body that was never sent.
    unsent: u64,
    resend_at: Option<Instant>,
    resend_after: Duration,
    /// Since when the peer has taken nothing, though something waits.
    stuck_since: Option<Instant>,
    probe_at: Option<Instant>,
    /// The number of the peer's body that is expected next.
    expected: u64,
    is_ack_due: bool,
    /// We gave the peer up, and it has not shown yet that it knows. It may have nothing to say, and
    /// believe in what we forgot; so it is told until it answers.
    is_announcing: bool,
}

/// What came of a datagram.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Received {
    /// The channel broke: what was sent before and is not acknowledged is lost, and so may be what the
    /// peer sent. Comes before the bodies.
    pub(crate) is_broken: bool,
    /// What the peer says, in order.
    pub(crate) bodies: Vec<Body>,
}

impl Channel {
    /// Nothing was said yet. `session` is higher than every one that was broken off before.
    pub(crate) fn new(me: NodeId, peer: NodeId, session: u64) -> Self {
        Self {
            me,
            peer,
            session,
            heard_session: 0,
            next: 1,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            unsent: 1,
            resend_at: None,
            resend_after: RESEND_AFTER,
            stuck_since: None,
            probe_at: None,
            expected: 1,
            is_ack_due: false,
            is_announcing: false,
        }
    }

    /// The highest that either side went on to.
    pub(crate) fn session(&self) -> u64 {
        self.session.max(self.heard_session)
    }

    /// Queues a body.
    pub(crate) fn send(&mut self, now: Instant, body: Body) {
        let bytes = body.size_bytes();
        self.waiting_bytes += bytes;
        self.waiting.push_back((body, bytes));
        self.next += 1;
        self.stuck_since.get_or_insert(now);
    }

    /// The peer takes nothing (any more).
    pub(crate) fn is_hopeless(&self, now: Instant) -> bool {
        let is_stuck = self
            .stuck_since
            .is_some_and(|since| now.saturating_duration_since(since) > PATIENCE);
        is_stuck || self.waiting_bytes > MAX_WAITING_BYTES
    }

    /// Gives the peer up: both directions start anew. Returns what it may not have got.
    pub(crate) fn break_off(&mut self, now: Instant, session: u64) -> Vec<Body> {
        let is_told = self.heard_session > self.session;
        if self.is_fresh() && !is_told {
            // There is nothing to forget.
            return Vec::new();
        }
        let lost = self.waiting.drain(..).map(|(body, _)| body).collect();
        let next_session = if is_told {
            self.heard_session
        } else {
            session.max(self.session.saturating_add(1))
        };
        *self = Self {
            is_announcing: !is_told,
            probe_at: (!is_told).then_some(now),
            ..Self::new(self.me, self.peer, next_session)
        };
        lost
    }

    /// Nothing was said in this session, nor heard.
    fn is_fresh(&self) -> bool {
        self.next == 1 && self.expected == 1
    }

    /// Takes a datagram of the peer. When it says that the channel broke, call [`Self::break_off`]
    /// first and then this again.
    pub(crate) fn receive(&mut self, now: Instant, envelope: Envelope) -> Received {
        let mut received = Received::default();
        if envelope.session < self.session {
            // It has not heard yet.
            self.is_ack_due = true;
            return received;
        }
        if envelope.session > self.session {
            self.heard_session = envelope.session;
            if !self.is_fresh() {
                received.is_broken = true;
                return received;
            }
            self.session = envelope.session;
        }
        if std::mem::take(&mut self.is_announcing) && self.next == 1 {
            self.probe_at = None;
        }
        if let Some(next) = envelope.ack {
            self.acknowledged(now, next);
        }
        let end = envelope.first.saturating_add(envelope.bodies.len() as u64);
        if envelope.first <= self.expected && end > self.expected {
            let known = usize::try_from(self.expected - envelope.first).unwrap_or(usize::MAX);
            received.bodies = envelope.bodies.into_iter().skip(known).collect();
            self.expected = end;
        }
        // A probe is answered like bodies; an acknowledgement alone is not, or two would never be quiet.
        self.is_ack_due |= end > envelope.first || envelope.ack.is_none();
        received
    }

    fn acknowledged(&mut self, now: Instant, next: u64) {
        let first = self.next - self.waiting.len() as u64;
        if next <= first || next > self.next {
            return;
        }
        for _ in first..next {
            if let Some((_, bytes)) = self.waiting.pop_front() {
                self.waiting_bytes -= bytes;
            }
        }
        self.unsent = self.unsent.max(next);
        self.resend_after = RESEND_AFTER;
        let is_waiting = !self.waiting.is_empty();
        self.stuck_since = is_waiting.then_some(now);
        self.resend_at = is_waiting.then_some(now + self.resend_after);
    }

    /// What must be sent now.
    pub(crate) fn poll(&mut self, now: Instant) -> Vec<Envelope> {
        if self.resend_at.is_some_and(|at| at <= now) {
            self.unsent = self.next - self.waiting.len() as u64;
            self.resend_after = (self.resend_after * 2).min(LONGEST_RESEND);
        }
        let mut envelopes = Vec::new();
        while self.unsent < self.next {
            let envelope = self.next_run();
            envelopes.push(envelope);
            self.resend_at = Some(now + self.resend_after);
        }
        if self.is_probe_due(now) && envelopes.is_empty() || self.is_ack_due {
            envelopes.push(self.envelope(self.next, Vec::new()));
        }
        if !envelopes.is_empty() && (self.next > 1 || self.is_announcing) {
            self.probe_at = Some(now + PROBE_INTERVAL);
        }
        envelopes
    }

    fn is_probe_due(&self, now: Instant) -> bool {
        self.probe_at.is_some_and(|at| at <= now)
    }

    fn next_run(&mut self) -> Envelope {
        let first_waiting = self.next - self.waiting.len() as u64;
        let first = self.unsent;
        let skipped = usize::try_from(first - first_waiting).unwrap_or(usize::MAX);
        let mut bodies = Vec::new();
        let mut run_bytes = 0;
        for (body, bytes) in self.waiting.iter().skip(skipped).take(MAX_BODIES) {
            run_bytes += bytes;
            if run_bytes > MAX_ENVELOPE_BYTES && !bodies.is_empty() {
                break;
            }
            bodies.push(body.clone());
        }
        self.unsent = first + bodies.len() as u64;
        self.envelope(first, bodies)
    }

    fn envelope(&mut self, first: u64, bodies: Vec<Body>) -> Envelope {
        let is_ack_due = std::mem::take(&mut self.is_ack_due);
        Envelope {
            version: Envelope::VERSION,
            from: self.me,
            to: self.peer,
            session: self.session,
            first,
            bodies,
            ack: is_ack_due.then_some(self.expected),
        }
    }

    /// When [`Self::poll`] has something to send by itself.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let times = [self.resend_at, self.probe_at];
        times.into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests;
