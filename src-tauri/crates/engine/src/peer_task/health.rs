//! How the connection does right now: its path, and what was lost and seen over the last seconds.
//!
//! Sans-IO. Counters come twice a second; what is told about them comes every two seconds, and at
//! once when the path changes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use duet_peer::{PeerStats, StreamStats};

use crate::figures::{ConnectionFigures, PathFigures};

/// What "lately" means.
const WINDOW: Duration = Duration::from_secs(5);
/// Below this a rate says nothing.
const LEAST_SPAN: Duration = Duration::from_millis(1_500);
/// Between two tellings of an unchanged path.
const TELL_EVERY: Duration = Duration::from_secs(2);
/// More than the window holds at two a second.
const MAX_SAMPLES: usize = 16;

/// The counters at one moment.
#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    lost: u64,
    arrived: u64,
    frames: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Health {
    samples: VecDeque<Sample>,
    told: Option<(Instant, PathFigures)>,
}

impl Health {
    /// Media flows (again): what was counted before says nothing about now.
    pub(crate) fn restart(&mut self) {
        *self = Self::default();
    }

    /// Notes the counters; `frames` are pictures decoded since the connection began.
    pub(crate) fn note(&mut self, now: Instant, stats: &PeerStats, frames: u64) {
        // All of them say how the path does.
        let streams = [&stats.audio, &stats.video, &stats.tile];
        self.samples.push_back(Sample {
            at: now,
            lost: streams.map(|stream| stream.packets_lost).iter().sum(),
            arrived: streams.map(arrived).iter().sum(),
            frames,
        });
        while self.samples.len() > MAX_SAMPLES || self.front_is_old(now) {
            self.samples.pop_front();
        }
    }

    /// Share of the other's packets that were lost lately, before repair, 0 … 1.
    pub(crate) fn loss_ratio(&self) -> Option<f64> {
        let (first, last) = self.span()?;
        // The report of a loss may come after the packets around it were counted.
        let lost = last.lost.saturating_sub(first.lost);
        let sent = lost + last.arrived.saturating_sub(first.arrived);
        (sent > 0).then(|| lost as f64 / sent as f64)
    }

    /// Pictures a second lately.
    fn frames_per_second(&self) -> Option<f64> {
        let (first, last) = self.span()?;
        let seconds = (last.at - first.at).as_secs_f64();
        Some(last.frames.saturating_sub(first.frames) as f64 / seconds)
    }

    /// What to tell the owner now, if anything.
    pub(crate) fn news(
        &mut self,
        now: Instant,
        path: Option<&PathFigures>,
    ) -> Option<ConnectionFigures> {
        let path = path?;
        let is_known = self.told.as_ref().is_some_and(|(at, told)| {
            now.saturating_duration_since(*at) < TELL_EVERY && same_way(told, path)
        });
        if is_known {
            return None;
        }
        self.told = Some((now, path.clone()));
        Some(ConnectionFigures {
            path: path.clone(),
            loss_ratio: self.loss_ratio(),
            frames_per_second: self.frames_per_second(),
        })
    }

    fn front_is_old(&self, now: Instant) -> bool {
        let front = self.samples.front();
        front.is_some_and(|sample| now.saturating_duration_since(sample.at) > WINDOW)
    }

    fn span(&self) -> Option<(&Sample, &Sample)> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        (last.at - first.at >= LEAST_SPAN).then_some((first, last))
    }
}

/// Packets that came by themselves: a repair stands for one that was lost.
fn arrived(stream: &StreamStats) -> u64 {
    stream
        .packets_received
        .saturating_sub(stream.packets_repaired)
}

/// The round trip aside.
fn same_way(one: &PathFigures, other: &PathFigures) -> bool {
    (&one.local, &one.remote, &one.protocol) == (&other.local, &other.remote, &other.protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(local: &str) -> PathFigures {
        PathFigures {
            local: Some(local.to_owned()),
            ..PathFigures::default()
        }
    }

    fn stats(received: u64, repaired: u64, lost: u64) -> PeerStats {
        let mut stats = PeerStats::default();
        stats.video.packets_received = received;
        stats.video.packets_repaired = repaired;
        stats.video.packets_lost = lost;
        stats
    }

    #[test]
    fn loss_is_of_the_last_seconds_and_a_repair_does_not_hide_it() {
        let start = Instant::now();
        let mut health = Health::default();
        assert_eq!(health.loss_ratio(), None);
        for second in 0..10 {
            // A tenth is lost for five seconds, and all of it is repaired; then nothing is.
            let bad = second.min(5);
            let sample = stats(second * 100, bad * 10, bad * 10);
            health.note(start + Duration::from_secs(second), &sample, second * 30);
            match second {
                0 | 1 => assert_eq!(health.loss_ratio(), None),
                2..=5 => assert_eq!(health.loss_ratio(), Some(0.1)),
                _ => {}
            }
        }
        let last = stats(1000, 50, 50);
        health.note(start + Duration::from_secs(10), &last, 300);
        assert_eq!(health.loss_ratio(), Some(0.0));
        assert_eq!(health.frames_per_second(), Some(30.0));
    }

    #[test]
    fn the_path_is_told_at_once_and_with_each_change() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut health = Health::default();
        assert_eq!(health.news(at(0), None), None);
        assert!(health.news(at(500), Some(&path("host"))).is_some());
        let slower = PathFigures {
            rtt_ms: Some(80.0),
            ..path("host")
        };
        assert_eq!(health.news(at(1_000), Some(&slower)), None);
        assert!(health.news(at(1_500), Some(&path("relay"))).is_some());
        assert_eq!(health.news(at(2_000), Some(&path("relay"))), None);
        assert!(health.news(at(3_500), Some(&path("relay"))).is_some());
    }
}
