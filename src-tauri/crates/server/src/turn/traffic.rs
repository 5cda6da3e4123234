//! How much an allocation may pass on: a bucket of bytes that holds one second. In integers, for it
//! is asked for every packet.

use std::time::Instant;

const MICROS: u64 = 1_000_000;

#[derive(Debug, Clone)]
pub(super) struct Allowance {
    /// None is without limit.
    bytes_per_second: Option<u32>,
    /// Bytes times microseconds, so that short times are not rounded away.
    level: u64,
    counted_at: Instant,
}

impl Allowance {
    pub(super) fn new(bytes_per_second: Option<u32>, now: Instant) -> Self {
        Self {
            bytes_per_second,
            level: u64::from(bytes_per_second.unwrap_or(0)) * MICROS,
            counted_at: now,
        }
    }

    /// Whether a packet of so many bytes may pass; if so it is counted.
    pub(super) fn take(&mut self, now: Instant, bytes: usize) -> bool {
        let Some(rate) = self.bytes_per_second.map(u64::from) else {
            return true;
        };
        let elapsed = now.saturating_duration_since(self.counted_at).as_micros();
        if elapsed > 0 {
            let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
            let credit = elapsed.saturating_mul(rate);
            self.level = self.level.saturating_add(credit).min(rate * MICROS);
            self.counted_at = now;
        }
        match self.level.checked_sub(bytes as u64 * MICROS) {
            Some(left) => {
                self.level = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_second_of_burst_and_then_the_rate() {
        let start = Instant::now();
        let mut allowance = Allowance::new(Some(100_000), start);
        let passed = |allowance: &mut Allowance, now| {
            (0..1_000).filter(|_| allowance.take(now, 1_000)).count()
        };
        assert_eq!(passed(&mut allowance, start), 100);
        assert_eq!(
            passed(&mut allowance, start + Duration::from_millis(100)),
            10
        );
        assert_eq!(passed(&mut allowance, start + Duration::from_secs(60)), 100);
        let mut open = Allowance::new(None, start);
        assert_eq!(passed(&mut open, start), 1_000);
    }
}
