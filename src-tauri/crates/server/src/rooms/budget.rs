//! How often joins from one address may fail, so that nobody can try out uids and rooms at speed.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::address::AddressKey;
use crate::pace::TokenBucket;

/// How often addresses with a full budget are forgotten.
const CLEANING_INTERVAL: Duration = Duration::from_secs(30);

/// A bucket for every address that failed lately.
#[derive(Debug)]
pub(super) struct FailedJoins {
    per_minute: f64,
    buckets: HashMap<AddressKey, TokenBucket>,
    cleaned_at: Option<Instant>,
}

impl FailedJoins {
    pub(super) fn new(per_minute: u32) -> Self {
        Self {
            per_minute: f64::from(per_minute.max(1)),
            buckets: HashMap::new(),
            cleaned_at: None,
        }
    }

    /// Whether this address may still try.
    pub(super) fn may_try(&mut self, now: Instant, address: AddressKey) -> bool {
        self.buckets
            .get_mut(&address)
            .is_none_or(|bucket| bucket.has_token(now))
    }

    /// A join failed.
    pub(super) fn note(&mut self, now: Instant, address: AddressKey) {
        let per_minute = self.per_minute;
        let bucket = self
            .buckets
            .entry(address)
            .or_insert_with(|| TokenBucket::new(per_minute / 60.0, per_minute, now));
        // An empty bucket stays empty: the next try is refused before it is judged.
        let _ = bucket.take(now);
        self.cleaned_at.get_or_insert(now);
    }

    pub(super) fn next_cleaning(&self) -> Option<Instant> {
        self.cleaned_at
            .map(|cleaned_at| cleaned_at + CLEANING_INTERVAL)
    }

    pub(super) fn forget_old(&mut self, now: Instant) {
        if self.next_cleaning().is_none_or(|due| due > now) {
            return;
        }
        self.buckets.retain(|_, bucket| !bucket.is_full(now));
        self.cleaned_at = (!self.buckets.is_empty()).then_some(now);
    }
}
