//! Whether Redis can be reached, and whether this node may decide. Sans-IO.
//!
//! A *beat* renews the key that says that this node lives; its *echo* comes back over the bus. As long as
//! echoes come, other nodes can be spoken to. As long as a beat is recent, nobody else can have taken what
//! this node owns: the lease counts from when the beat was sent, on the monotonic clock of this machine, so
//! it ends here before the key ends there, and a process that was stopped knows it when it wakes.

use std::time::{Duration, Instant};

/// The times of a cluster.
#[derive(Debug, Clone, Copy)]
pub struct ClusterTiming {
    /// Between two beats.
    pub beat_interval: Duration,
    /// Without an echo for this long, the others are out of reach.
    pub patience: Duration,
    /// How long a node that beats no more is believed to live.
    pub lease: Duration,
    /// How long after that the rooms of the dead are for their members alone.
    pub grace: Duration,
    /// How long claims last in Redis that nobody renews.
    pub claim_ttl: Duration,
}

impl Default for ClusterTiming {
    fn default() -> Self {
        Self {
            beat_interval: Duration::from_millis(400),
            patience: Duration::from_millis(1_800),
            lease: Duration::from_secs(4),
            grace: Duration::from_secs(2),
            claim_ttl: Duration::from_secs(300),
        }
    }
}

/// What beats and echoes say.
#[derive(Debug)]
pub(crate) struct Health {
    timing: ClusterTiming,
    /// When the last beat that succeeded was sent.
    beaten: Option<Instant>,
    /// When the last beat whose echo came was sent.
    echoed: Option<Instant>,
}

impl Health {
    pub(crate) fn new(timing: ClusterTiming) -> Self {
        Self {
            timing,
            beaten: None,
            echoed: None,
        }
    }

    pub(crate) fn timing(&self) -> &ClusterTiming {
        &self.timing
    }

    pub(crate) fn beat(&mut self, sent_at: Instant) {
        self.beaten = self.beaten.max(Some(sent_at));
    }

    pub(crate) fn echo(&mut self, sent_at: Instant) {
        self.echoed = self.echoed.max(Some(sent_at));
    }

    /// Other nodes can be spoken to.
    pub(crate) fn is_connected(&self, now: Instant) -> bool {
        let age = |at| now.saturating_duration_since(at);
        self.echoed.is_some_and(|at| age(at) < self.timing.patience) && self.has_lease(now)
    }

    /// Nobody else can have taken what is owned here. A tenth of the lease is for clocks that do not
    /// run alike.
    pub(crate) fn has_lease(&self, now: Instant) -> bool {
        let age = |at| now.saturating_duration_since(at);
        let trusted = self.timing.lease - self.timing.lease / 10;
        self.beaten.is_some_and(|at| age(at) < trusted)
    }

    /// When one of these may change by itself.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let trusted = self.timing.lease - self.timing.lease / 10;
        let times = [
            self.echoed.map(|at| at + self.timing.patience),
            self.beaten.map(|at| at + trusted),
        ];
        times.into_iter().flatten().filter(|at| *at > now).min()
    }
}
