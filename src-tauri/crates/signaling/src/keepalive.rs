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
        }
    }

    /// A frame came, whatever it was.
    pub fn received(&mut self, now: Instant) {
        self.last_received = now;
    }

    /// When [`Keepalive::due`] has something to say.
    #[must_use]
    pub fn poll_timeout(&self) -> Instant {
        self.next_send
            .min(self.last_received + self.silence_timeout)
    }

    /// What is due at `now`.
    pub fn due(&mut self, now: Instant) -> Due {
        if now.saturating_duration_since(self.last_received) >= self.silence_timeout {
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
    fn a_computer_that_slept_notices_at_once() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(start, INTERVAL, SILENCE);
        assert_eq!(keepalive.due(start + Duration::from_secs(3600)), Due::Lost);
    }
}
