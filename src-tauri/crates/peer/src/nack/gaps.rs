//! Which packets of one stream are missing, and when to ask for them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::sequence::Unwrapper;

/// The limits of asking.
#[derive(Debug, Clone, Copy)]
pub struct GapsConfig {
    /// Wait this long for a packet that may only be out of order.
    pub reorder_wait: Duration,
    /// Ask at most so often for one packet.
    pub max_tries: u8,
    /// After this a packet would be too late to be shown. It is stretched to two and a half round
    /// trips, since less would never give a repair a second chance.
    pub playout_deadline: Duration,
    /// Missing packets kept in mind at once.
    pub max_missing: usize,
    /// A jump of more than this many packets is a new start and not a loss.
    pub max_jump: u64,
}

impl Default for GapsConfig {
    fn default() -> Self {
        Self {
            reorder_wait: Duration::from_millis(5),
            max_tries: 5,
            playout_deadline: Duration::from_millis(400),
            max_missing: 512,
            max_jump: 1_000,
        }
    }
}

/// What an arriving packet turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Newer than all before; so many numbers were skipped.
    Newest {
        /// Numbers between it and the newest before it.
        skipped: u64,
    },
    /// One that was missing.
    FilledGap,
    /// Neither: a repeat, or one already given up.
    Old,
    /// So far ahead that counting starts afresh.
    NewStart,
}

#[derive(Debug, Clone, Copy)]
struct Missing {
    noticed: Instant,
    last_asked: Option<Instant>,
    tries: u8,
}

/// The missing packets of one stream.
#[derive(Debug, Clone, Default)]
pub struct Gaps {
    config: GapsConfig,
    unwrapper: Unwrapper,
    highest: Option<u64>,
    missing: BTreeMap<u64, Missing>,
    given_up: u64,
}

impl Gaps {
    /// A stream of which nothing was seen yet.
    pub fn new(config: GapsConfig) -> Self {
        Self {
            config,
            ..Self::default()
        }
    }

    /// A packet of the stream arrived, itself or as a repair.
    pub fn on_packet(&mut self, now: Instant, sequence_number: u16) -> Arrival {
        let number = self.unwrapper.unwrap(sequence_number);
        let Some(highest) = self.highest else {
            self.highest = Some(number);
            return Arrival::Newest { skipped: 0 };
        };
        if number <= highest {
            return match self.missing.remove(&number) {
                Some(_) => Arrival::FilledGap,
                None => Arrival::Old,
            };
        }
        self.highest = Some(number);
        let skipped = number - highest - 1;
        if skipped > self.config.max_jump {
            self.missing.clear();
            return Arrival::NewStart;
        }
        for lost in highest + 1..number {
            self.note_missing(now, lost);
        }
        Arrival::Newest { skipped }
    }

    /// A repair arrived: it fills its gap, but its number never opens one. A repair of a packet
    /// newer than all seen is followed by that packet's own stream soon enough.
    pub fn on_repair(&mut self, sequence_number: u16) -> Arrival {
        let Some(number) = self.unwrapper.peek(sequence_number) else {
            return Arrival::Old;
        };
        match self.missing.remove(&number) {
            Some(_) => Arrival::FilledGap,
            None => Arrival::Old,
        }
    }

    /// The numbers to ask for now, in order; each counts as asked.
    pub fn take_due(&mut self, now: Instant, round_trip: Duration) -> Vec<u16> {
        let deadline = self.deadline(round_trip);
        let max_tries = self.config.max_tries;
        let spacing = Self::spacing(round_trip);
        let before = self.missing.len();
        self.missing.retain(|_, missing| {
            let late = now.saturating_duration_since(missing.noticed) >= deadline;
            let spent = missing.tries >= max_tries
                && missing
                    .last_asked
                    .is_some_and(|at| now.saturating_duration_since(at) >= spacing);
            !late && !spent
        });
        self.given_up += (before - self.missing.len()) as u64;
        let mut due = Vec::new();
        for (number, missing) in &mut self.missing {
            if missing.tries < max_tries && Self::due_at(&self.config, missing, spacing) <= now {
                missing.tries += 1;
                missing.last_asked = Some(now);
                due.push(*number as u16);
            }
        }
        due
    }

    /// When [`take_due`](Self::take_due) has something to do next.
    pub fn next_due(&self, round_trip: Duration) -> Option<Instant> {
        let spacing = Self::spacing(round_trip);
        let config = &self.config;
        self.missing
            .values()
            .map(|missing| Self::due_at(config, missing, spacing))
            .min()
    }

    /// Packets given up so far.
    pub fn given_up(&self) -> u64 {
        self.given_up
    }

    /// Packets missing now.
    pub fn missing(&self) -> usize {
        self.missing.len()
    }

    fn note_missing(&mut self, now: Instant, number: u64) {
        let missing = Missing {
            noticed: now,
            last_asked: None,
            tries: 0,
        };
        self.missing.insert(number, missing);
        while self.missing.len() > self.config.max_missing {
            self.missing.pop_first();
            self.given_up += 1;
        }
    }

    fn due_at(config: &GapsConfig, missing: &Missing, spacing: Duration) -> Instant {
        match missing.last_asked {
            None => missing.noticed + config.reorder_wait,
            Some(asked) => asked + spacing,
        }
    }

    /// A repair takes a round trip and a little; asking sooner only doubles it.
    fn spacing(round_trip: Duration) -> Duration {
        (round_trip * 5 / 4).clamp(Duration::from_millis(15), Duration::from_millis(500))
    }

    fn deadline(&self, round_trip: Duration) -> Duration {
        self.config
            .playout_deadline
            .max(round_trip * 5 / 2)
            .min(Duration::from_millis(1_500))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(40);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn run(gaps: &mut Gaps, from: Instant, length_ms: u64) -> Vec<(u64, u16)> {
        let mut asked = Vec::new();
        for at in 0..length_ms {
            for number in gaps.take_due(from + ms(at), ROUND_TRIP) {
                asked.push((at, number));
            }
        }
        asked
    }

    #[test]
    fn a_loss_is_asked_for_five_times_a_round_trip_apart() {
        let (start, mut gaps) = (Instant::now(), Gaps::new(GapsConfig::default()));
        gaps.on_packet(start, 10);
        assert_eq!(gaps.on_packet(start, 12), Arrival::Newest { skipped: 1 });
        let asked = run(&mut gaps, start, 2_000);
        let times: Vec<u64> = asked.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [5, 55, 105, 155, 205]);
        assert!(asked.iter().all(|(_, number)| *number == 11));
        assert_eq!((gaps.missing(), gaps.given_up()), (0, 1));
        assert_eq!(gaps.next_due(ROUND_TRIP), None);
    }

    #[test]
    fn the_playout_deadline_ends_the_tries() {
        let config = GapsConfig {
            playout_deadline: ms(120),
            ..GapsConfig::default()
        };
        let (start, mut gaps) = (Instant::now(), Gaps::new(config));
        gaps.on_packet(start, 1);
        gaps.on_packet(start, 3);
        assert_eq!(run(&mut gaps, start, 1_000).len(), 3);
    }

    #[test]
    fn a_reordered_packet_is_never_asked_for() {
        let (start, mut gaps) = (Instant::now(), Gaps::new(GapsConfig::default()));
        gaps.on_packet(start, 65_534);
        gaps.on_packet(start, 0);
        assert_eq!(gaps.on_packet(start + ms(2), 65_535), Arrival::FilledGap);
        assert_eq!(run(&mut gaps, start, 500), []);
    }

    #[test]
    fn a_repair_ends_the_asking() {
        let (start, mut gaps) = (Instant::now(), Gaps::new(GapsConfig::default()));
        gaps.on_packet(start, 65_535);
        gaps.on_packet(start, 2);
        assert_eq!(gaps.take_due(start + ms(5), ROUND_TRIP), [0, 1]);
        assert_eq!(gaps.on_repair(1), Arrival::FilledGap);
        assert_eq!(gaps.on_repair(1), Arrival::Old);
        assert_eq!(gaps.take_due(start + ms(60), ROUND_TRIP), [0]);
        assert_eq!(gaps.on_repair(900), Arrival::Old, "a repair opens no gap");
        assert_eq!(gaps.on_packet(start, 3), Arrival::Newest { skipped: 0 });
    }

    #[test]
    fn memory_is_bounded_and_a_far_jump_starts_afresh() {
        let (start, mut gaps) = (Instant::now(), Gaps::new(GapsConfig::default()));
        gaps.on_packet(start, 0);
        gaps.on_packet(start, 900);
        assert_eq!((gaps.missing(), gaps.given_up()), (512, 387));
        assert_eq!(gaps.on_packet(start, 5_000), Arrival::NewStart);
        assert_eq!(gaps.missing(), 0);
    }
}
