//! When to try again. Sans-IO: randomness is a parameter.
//!
//! Full jitter (a random time between nothing and the current bound) spreads the clients of a
//! server that has restarted better than a jitter around the bound.

use std::time::Duration;

/// The bound of the first delay.
pub const FIRST_DELAY: Duration = Duration::from_millis(250);
/// The bound of all later delays.
pub const LONGEST_DELAY: Duration = Duration::from_secs(8);
/// The bound after the server said that it is about to stop.
pub const DRAINING_DELAY: Duration = Duration::from_secs(5);
/// A connection that lived this long was a good one: the next delay starts small again.
pub const GOOD_CONNECTION: Duration = Duration::from_secs(5);

/// Delays that grow.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next delay. `random` is uniform over all `u64`.
    pub fn next_delay(&mut self, random: u64) -> Duration {
        let factor = 2_u32.saturating_pow(self.failures);
        self.failures = self.failures.saturating_add(1);
        jitter(
            FIRST_DELAY.saturating_mul(factor).min(LONGEST_DELAY),
            random,
        )
    }

    /// The delay after close code 4010: everybody must come back, but not at once.
    pub fn draining_delay(&mut self, random: u64) -> Duration {
        self.failures = 0;
        jitter(DRAINING_DELAY, random)
    }

    /// A connection ended that had lived for `lived`.
    pub fn connection_ended(&mut self, lived: Duration) {
        if lived >= GOOD_CONNECTION {
            self.failures = 0;
        }
    }
}

fn jitter(bound: Duration, random: u64) -> Duration {
    // The upper 32 bits as a fraction of one; more precision serves nobody.
    let fraction = f64::from((random >> 32) as u32) / f64::from(u32::MAX);
    bound.mul_f64(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_eight_seconds() {
        let mut backoff = Backoff::default();
        let millis: Vec<u128> = (0..8)
            .map(|_| backoff.next_delay(u64::MAX).as_millis())
            .collect();
        assert_eq!(millis, [250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
    }

    #[test]
    fn the_jitter_is_full() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next_delay(0), Duration::ZERO);
        let middle = backoff.next_delay(u64::MAX / 2).as_millis();
        assert!((249..=250).contains(&middle), "{middle}");
    }

    #[test]
    fn a_good_connection_starts_anew_and_a_bad_one_does_not() {
        let mut backoff = Backoff::default();
        for _ in 0..4 {
            backoff.next_delay(u64::MAX);
        }
        backoff.connection_ended(Duration::from_secs(1));
        assert_eq!(backoff.next_delay(u64::MAX), Duration::from_secs(4));
        backoff.connection_ended(GOOD_CONNECTION);
        assert_eq!(backoff.next_delay(u64::MAX), FIRST_DELAY);
    }

    #[test]
    fn draining_spreads_over_five_seconds() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.draining_delay(u64::MAX), DRAINING_DELAY);
        assert_eq!(backoff.draining_delay(0), Duration::ZERO);
    }

    #[test]
    fn it_never_overflows() {
        let mut backoff = Backoff { failures: u32::MAX };
        assert_eq!(backoff.next_delay(u64::MAX), LONGEST_DELAY);
    }
}
