//! Times, collected to be sorted.

use std::time::Duration;

/// Times in microseconds, up to an hour.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<u32>);

impl Latencies {
    pub(crate) fn note(&mut self, time: Duration) {
        self.0
            .push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// In milliseconds: the values below which these shares lie.
    pub(crate) fn quantiles_ms<const N: usize>(&mut self, shares: [f64; N]) -> [f64; N] {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        shares.map(|share| {
            let index = (self.0.len() as f64 * share) as usize;
            let value = self.0.get(index.min(last)).copied();
            value.map_or(0.0, |value| f64::from(value) / 1000.0)
        })
    }
}
