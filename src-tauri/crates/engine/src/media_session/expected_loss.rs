//! The loss that our sound should be prepared for, from the other's receiver reports.
//!
//! Sans-IO. Rises quickly and falls slowly: FEC that comes too late helps nobody, and a quiet second
//! between two bursts is no clean path. Told at most once a second, because each change of the
//! encoder moves bits from the sound to its repair.

use std::time::{Duration, Instant};

use duet_peer::StreamStats;

const TELL_EVERY: Duration = Duration::from_secs(1);
/// How much of a report is taken at once.
const RISE: f64 = 0.5;
const FALL: f64 = 0.1;
/// More FEC than for this costs the sound more than it saves.
const MOST_PERCENT: f64 = 30.0;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct ExpectedLoss {
    reports: u64,
    smoothed_percent: f64,
    told: Option<(Instant, u8)>,
}

impl ExpectedLoss {
    /// Takes the counters of our sound. The per cent to prepare for, if they changed.
    pub(super) fn note(&mut self, now: Instant, sound: &StreamStats) -> Option<u8> {
        if std::mem::replace(&mut self.reports, sound.remote_reports) == sound.remote_reports {
            return None;
        }
        let percent = f64::from(sound.remote_fraction_lost) * 100.0 / 256.0;
        let step = if percent > self.smoothed_percent {
            RISE
        } else {
            FALL
        };
        self.smoothed_percent += (percent - self.smoothed_percent) * step;
        let wanted = self.smoothed_percent.min(MOST_PERCENT).round() as u8;
        let is_due = self.told.is_none_or(|(at, told)| {
            told != wanted && now.saturating_duration_since(at) >= TELL_EVERY
        });
        is_due.then(|| {
            self.told = Some((now, wanted));
            wanted
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(number: u64, percent: f64) -> StreamStats {
        StreamStats {
            remote_reports: number,
            remote_fraction_lost: (percent * 2.56) as u8,
            ..StreamStats::default()
        }
    }

    #[test]
    fn it_rises_quickly_falls_slowly_and_is_bounded() {
        let start = Instant::now();
        let mut loss = ExpectedLoss::default();
        let mut last = 0;
        let mut run = |from: u64, to: u64, percent: f64| {
            for number in from..to {
                let now = start + Duration::from_secs(number);
                last = loss.note(now, &report(number, percent)).unwrap_or(last);
            }
            last
        };
        assert_eq!(run(1, 2, 0.0), 0);
        assert!(run(2, 5, 20.0) >= 15);
        assert!(run(5, 7, 0.0) >= 10, "one quiet second is no clean path");
        assert_eq!(run(7, 80, 0.0), 0);
        assert_eq!(run(80, 99, 90.0), 30);
    }

    #[test]
    fn it_is_told_at_most_once_a_second_and_only_when_a_report_came() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut loss = ExpectedLoss::default();
        assert_eq!(loss.note(at(0), &report(0, 50.0)), None);
        assert_eq!(loss.note(at(0), &report(1, 0.0)), Some(0));
        assert_eq!(loss.note(at(500), &report(2, 20.0)), None);
        assert_eq!(loss.note(at(1_200), &report(2, 20.0)), None);
        assert!(loss.note(at(1_300), &report(3, 20.0)).is_some());
    }
}
