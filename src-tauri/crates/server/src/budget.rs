//! How often something may be done from one address in a minute: joins and logins that fail, so that
//! nobody can try out uids, names and rooms at speed; calls, so that nobody can make others ring for ever.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::address::AddressKey;
use crate::pace::TokenBucket;

/// How often addresses with a full budget are forgotten.
const CLEANING_INTERVAL: Duration = Duration::from_secs(30);

/// A bucket for every address that was noted lately.
#[derive(Debug)]
pub(crate) struct AddressBudget {
    per_minute: f64,
    buckets: HashMap<AddressKey, TokenBucket>,
    cleaned_at: Option<Instant>,
}

impl AddressBudget {
    /// Nobody has used anything of it.
    pub(crate) fn new(per_minute: u32) -> Self {
        Self {
            per_minute: f64::from(per_minute.max(1)),
            buckets: HashMap::new(),
            cleaned_at: None,
        }
    }

    /// Whether this address may do it once more.
    pub(crate) fn has_left(&mut self, now: Instant, address: AddressKey) -> bool {
        self.buckets
            .get_mut(&address)
            .is_none_or(|bucket| bucket.has_token(now))
    }

    /// It was done once more.
    pub(crate) fn note(&mut self, now: Instant, address: AddressKey) {
        let per_minute = self.per_minute;
        let bucket = self
            .buckets
            .entry(address)
            .or_insert_with(|| TokenBucket::new(per_minute / 60.0, per_minute, now));
        // An empty bucket stays empty: the next try is refused before it is judged.
        let _ = bucket.take(now);
        self.cleaned_at.get_or_insert(now);
    }

    /// When [`Self::forget_old`] has something to do.
    pub(crate) fn next_cleaning(&self) -> Option<Instant> {
        self.cleaned_at
            .map(|cleaned_at| cleaned_at + CLEANING_INTERVAL)
    }

    /// Forgets addresses that have their whole budget again.
    pub(crate) fn forget_old(&mut self, now: Instant) {
        if self.next_cleaning().is_none_or(|due| due > now) {
            return;
        }
        self.buckets.retain(|_, bucket| !bucket.is_full(now));
        self.cleaned_at = (!self.buckets.is_empty()).then_some(now);
    }
}
