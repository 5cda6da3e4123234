//! How often an address that proved nothing gets an answer: ten times in any second.
//!
//! Senders of UDP are easily forged, and a forger has as many addresses as they like. So this is a
//! table of fixed size, without names: addresses that fall into one place share its ten answers.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use crate::address::AddressKey;

const ANSWERS: usize = 10;
const WINDOW_MS: u32 = 1_000;
/// 720 kB, of which the system gives us what is used.
const PLACES: usize = 16 * 1024;

#[derive(Debug)]
pub(super) struct ReplyBudget {
    started_at: Instant,
    hasher: RandomState,
    places: Vec<Place>,
}

/// When the last ten answers went out, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    answered_ms: [u32; ANSWERS],
    oldest: u8,
}

impl ReplyBudget {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            started_at: now,
            hasher: RandomState::new(),
            places: vec![Place::default(); PLACES],
        }
    }

    /// Takes one answer for this address, if there is one left.
    pub(super) fn take(&mut self, now: Instant, address: AddressKey) -> bool {
        // One window later than the start, so that zero means "long ago".
        let elapsed = now.saturating_duration_since(self.started_at) + Duration::from_secs(1);
        // After 49 days it starts again; the worst of it is one answer less.
        let now_ms = (elapsed.as_millis() & u128::from(u32::MAX)) as u32;
        let index = self.hasher.hash_one(address) as usize % PLACES;
        let place = &mut self.places[index];
        let oldest = &mut place.answered_ms[usize::from(place.oldest)];
        if now_ms.wrapping_sub(*oldest) < WINDOW_MS {
            return false;
        }
        *oldest = now_ms;
        place.oldest = (place.oldest + 1) % ANSWERS as u8;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn ten_in_any_second() {
        let start = Instant::now();
        let mut budget = ReplyBudget::new(start);
        let home = AddressKey::from(Ipv4Addr::new(192, 0, 2, 1));
        let mut answered = Vec::new();
        for ms in 0..5_000 {
            let now = start + Duration::from_millis(ms);
            if budget.take(now, home) {
                answered.push(ms);
            }
        }
        assert_eq!(answered.len(), 50);
        for window in answered.windows(ANSWERS + 1) {
            assert!(window[ANSWERS] - window[0] >= u64::from(WINDOW_MS));
        }
    }

    #[test]
    fn addresses_do_not_disturb_each_other() {
        let start = Instant::now();
        let mut budget = ReplyBudget::new(start);
        let noisy = AddressKey::from(Ipv4Addr::new(192, 0, 2, 1));
        while budget.take(start, noisy) {}
        let quiet = (0..100).map(|host| AddressKey::from(Ipv4Addr::new(198, 51, 100, host)));
        // One of a hundred may fall into the same place, but not two.
        assert!(quiet.filter(|address| budget.take(start, *address)).count() >= 98);
    }
}
