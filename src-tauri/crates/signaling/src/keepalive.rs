//! When to send `keepalive`, and when a connection counts as lost. Sans-IO.
//!
//! A half-open connection says nothing: only what is received proves that it lives.

use std::time::{Duration, Instant};

/// The keepalive of one connection.
#[derive(Debug)]
pub struct Keepalive {
    interval: Duration,
    silence_timeout: Duration,
    next_send: Instant,
    last_received: Instant,
    /// An answer is waited for until then.
    answer_due: Option<Instant>,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// Send `keepalive`.
    Send,
    /// Nothing was received for too long.
    Lost,
}

impl Keepalive {
    /// A connection opened at `now`.
    #[must_use]
    pub fn new(now: Instant, interval: Duration, silence_timeout: Duration) -> Self {
        Self {
            interval,
            silence_timeout,
            next_send: now + interval,
            last_received: now,
            answer_due: None,
        }
    }

    /// A frame came, whatever it was.
    pub fn received(&mut self, now: Instant) {
        self.last_received = now;
        self.answer_due = None;
    }

    /// There is reason to doubt the connection: asks now, and waits no longer than `patience`.
    pub fn probe(&mut self, now: Instant, patience: Duration) {
        self.next_send = now;
        self.answer_due.get_or_insert(now + patience);
    }

    /// When [`Keepalive::due`] has something to say.
    #[must_use]
    pub fn poll_timeout(&self) -> Instant {
        let silent = self.last_received + self.silence_timeout;
        let lost = self.answer_due.map_or(silent, |due| due.min(silent));
        self.next_send.min(lost)
    }

    /// What is due at `now`.
    pub fn due(&mut self, now: Instant) -> Due {
        let is_silent = now.saturating_duration_since(self.last_received) >= self.silence_timeout;
        if is_silent || self.answer_due.is_some_and(|due| due <= now) {
            return Due::Lost;
        }
        if now < self.next_send {
            return Due::Nothing;
        }
        self.next_send = now + self.interval;
        Due::Send
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(5);
    const SILENCE: Duration = Duration::from_secs(12);

    /// Runs for `length` of virtual time; every keepalive is answered after `answer`, if at all.
    fn run(length: Duration, answer: Option<Duration>) -> (u32, Option<Duration>) {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(start, INTERVAL, SILENCE);
        let mut sent = 0;
        let mut now = keepalive.poll_timeout();
        while now <= start + length {
            match keepalive.due(now) {
                Due::Nothing => {}
                Due::Send => {
                    sent += 1;
                    if let Some(answer) = answer {
                        keepalive.received(now + answer);
                    }
                }
                Due::Lost => return (sent, Some(now - start)),
            }
            now = keepalive.poll_timeout();
        }
        (sent, None)
    }

    #[test]
    fn it_is_sent_every_five_seconds() {
        let answered = run(Duration::from_secs(60), Some(Duration::from_millis(40)));
        assert_eq!(answered, (12, None));
    }

    #[test]
    fn silence_of_twelve_seconds_is_a_loss() {
        assert_eq!(run(Duration::from_secs(60), None), (2, Some(SILENCE)));
    }

    #[test]
    fn a_doubted_connection_must_answer_soon() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let patience = Duration::from_secs(1);
        let mut keepalive = Keepalive::new(start, INTERVAL, SILENCE);
        keepalive.probe(at(100), patience);
        assert_eq!(keepalive.due(at(100)), Due::Send);
        keepalive.received(at(140));
        assert_eq!(keepalive.due(at(2_000)), Due::Nothing);
        keepalive.probe(at(2_000), patience);
        assert_eq!(keepalive.due(at(2_000)), Due::Send);
        // Another doubt does not prolong the wait.
        keepalive.probe(at(2_900), patience);
        assert_eq!(keepalive.due(at(2_900)), Due::Send);
        assert_eq!(keepalive.poll_timeout(), at(3_000));
        assert_eq!(keepalive.due(at(3_000)), Due::Lost);
    }

    #[test]
    fn a_computer_that_slept_notices_at_once() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(start, INTERVAL, SILENCE);
        assert_eq!(keepalive.due(start + Duration::from_secs(3600)), Due::Lost);
    }
}
