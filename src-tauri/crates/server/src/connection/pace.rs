//! The rate limit of a connection: wait for a token, and give up when waiting has become the rule.

use std::time::{Duration, Instant};

use duet_protocol::CloseReason;

use crate::config::ServerConfig;
use crate::pace::TokenBucket;

#[derive(Debug)]
pub(super) struct Pace {
    bucket: TokenBucket,
    throttled_since: Option<Instant>,
}

impl Pace {
    pub(super) fn new(now: Instant, config: &ServerConfig) -> Self {
        let (rate, burst) = (config.messages_per_second, config.message_burst);
        let (rate, burst) = (f64::from(rate.max(1)), f64::from(burst.max(1)));
        Self {
            bucket: TokenBucket::new(rate, burst, now),
            throttled_since: None,
        }
    }

    /// None if a message may pass now, or else when it may. One that `has_waited` until then passes. With `patience` one may be
    /// too fast for a while.
    ///
    /// # Errors
    /// If the client has been too fast for too long.
    pub(super) fn may_pass(
        &mut self,
        now: Instant,
        has_waited: bool,
        patience: Duration,
    ) -> Result<Option<Instant>, CloseReason> {
        let taken = self.bucket.take(now);
        if has_waited {
            return Ok(None);
        }
        let Err(wait) = taken else {
            self.throttled_since = None;
            return Ok(None);
        };
        let since = *self.throttled_since.get_or_insert(now);
        match now.saturating_duration_since(since) >= patience {
            true => Err(CloseReason::RateExceeded),
            false => Ok(Some(now + wait)),
        }
    }
}
