//! The packets of one stream sent lately, to answer requests from.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

/// The limits of answering.
#[derive(Debug, Clone, Copy)]
pub struct HistoryConfig {
    /// Packets kept.
    pub max_packets: usize,
    /// Payload bytes kept.
    pub max_bytes: usize,
    /// Nothing older is sent again.
    pub max_age: Duration,
    /// Retransmitted bytes allowed for each byte sent, in percent.
    pub budget_percent: usize,
    /// The most the budget saves up, in bytes; also what it starts with.
    pub budget_cap_bytes: usize,
}

impl Default for HistoryConfig {
    fn default() -> Self {
        Self {
            max_packets: 1_500,
            max_bytes: 1_500_000,
            max_age: Duration::from_millis(1_500),
            budget_percent: 60,
            budget_cap_bytes: 120_000,
        }
    }
}

/// A packet as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentPacket {
    /// Of the media stream.
    pub sequence_number: u16,
    /// Of the media stream.
    pub payload_type: u8,
    /// RTP clock.
    pub timestamp: u32,
    /// As sent.
    pub marker: bool,
    /// As sent.
    pub payload: Bytes,
}

#[derive(Debug)]
struct Kept {
    packet: SentPacket,
    sent: Instant,
    repeated: Option<Instant>,
}

/// The packets of one stream; their numbers must follow each other without gaps, as those of our
/// own senders do (a gap forgets what was before it).
#[derive(Debug)]
pub struct History {
    config: HistoryConfig,
    kept: VecDeque<Kept>,
    bytes: usize,
    budget_bytes: usize,
    refused: u64,
}

impl History {
    /// An empty history.
    pub fn new(config: HistoryConfig) -> Self {
        Self {
            config,
            kept: VecDeque::new(),
            bytes: 0,
            budget_bytes: config.budget_cap_bytes,
            refused: 0,
        }
    }

    /// A packet goes out for the first time.
    pub fn on_sent(&mut self, now: Instant, packet: SentPacket) {
        let follows = self.kept.back().is_none_or(|last| {
            last.packet.sequence_number.wrapping_add(1) == packet.sequence_number
        });
        if !follows {
            self.kept.clear();
            self.bytes = 0;
        }
        let size = packet.payload.len();
        self.bytes += size;
        let earned = size * self.config.budget_percent / 100;
        self.budget_bytes = (self.budget_bytes + earned).min(self.config.budget_cap_bytes);
        self.kept.push_back(Kept {
            packet,
            sent: now,
            repeated: None,
        });
        self.forget(now);
    }

    /// The packet to send again, if it is kept, not too old, was not repeated within the last
    /// round trip, and the budget allows it.
    pub fn repeat(
        &mut self,
        now: Instant,
        sequence_number: u16,
        round_trip: Duration,
    ) -> Option<SentPacket> {
        self.forget(now);
        let first = self.kept.front()?.packet.sequence_number;
        let index = usize::from(sequence_number.wrapping_sub(first));
        let cooldown = round_trip.clamp(Duration::from_millis(10), Duration::from_millis(500));
        let kept = self.kept.get_mut(index)?;
        let cooling = kept
            .repeated
            .is_some_and(|at| now.saturating_duration_since(at) < cooldown);
        let size = kept.packet.payload.len();
        if cooling || size > self.budget_bytes {
            self.refused += 1;
            return None;
        }
        self.budget_bytes -= size;
        kept.repeated = Some(now);
        Some(kept.packet.clone())
    }

    /// Requests refused by cooldown or budget.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Packets and payload bytes kept.
    pub fn size(&self) -> (usize, usize) {
        (self.kept.len(), self.bytes)
    }

    fn forget(&mut self, now: Instant) {
        while let Some(oldest) = self.kept.front() {
            let over = self.kept.len() > self.config.max_packets
                || self.bytes > self.config.max_bytes
                || now.saturating_duration_since(oldest.sent) > self.config.max_age;
            if !over {
                return;
            }
            self.bytes -= oldest.packet.payload.len();
            self.kept.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(50);

    fn packet(sequence_number: u16, size: usize) -> SentPacket {
        SentPacket {
            sequence_number,
            payload_type: 96,
            timestamp: u32::from(sequence_number) * 10,
            marker: false,
            payload: Bytes::from(vec![sequence_number as u8; size]),
        }
    }

    fn filled(start: Instant, count: u16, size: usize) -> History {
        let mut history = History::new(HistoryConfig::default());
        for offset in 0..count {
            history.on_sent(start, packet(65_000_u16.wrapping_add(offset), size));
        }
        history
    }

    #[test]
    fn packets_are_found_across_the_wrap() {
        let start = Instant::now();
        let mut history = filled(start, 1_000, 100);
        for number in [65_000, 65_535, 0, 463] {
            assert_eq!(
                history.repeat(start, number, ROUND_TRIP),
                Some(packet(number, 100))
            );
        }
        assert_eq!(history.repeat(start, 464, ROUND_TRIP), None);
        assert_eq!(history.repeat(start, 64_999, ROUND_TRIP), None);
    }

    #[test]
    fn one_packet_is_repeated_once_a_round_trip() {
        let start = Instant::now();
        let mut history = filled(start, 10, 100);
        let repeats = (0..200)
            .filter(|ms| {
                let now = start + Duration::from_millis(*ms);
                history.repeat(now, 65_003, ROUND_TRIP).is_some()
            })
            .count();
        assert_eq!(repeats, 4);
    }

    #[test]
    fn the_budget_is_a_share_of_what_is_sent() {
        let start = Instant::now();
        let mut history = filled(start, 1_000, 1_000);
        let mut repeated = 0;
        for round in 0..20 {
            let now = start + ROUND_TRIP * round;
            for offset in 0..1_000 {
                let number = 65_000_u16.wrapping_add(offset);
                repeated += usize::from(history.repeat(now, number, ROUND_TRIP).is_some());
            }
        }
        assert_eq!(repeated, 120, "the cap, and nothing was sent since");
        let next = 65_000_u16.wrapping_add(1_000);
        history.on_sent(start + ROUND_TRIP * 21, packet(next, 1_000));
        history.on_sent(start + ROUND_TRIP * 21, packet(next.wrapping_add(1), 1_000));
        let again = history.repeat(start + ROUND_TRIP * 21, next, ROUND_TRIP);
        assert_eq!(again, Some(packet(next, 1_000)));
        assert_eq!(
            history.repeat(start + ROUND_TRIP * 21, next.wrapping_add(1), ROUND_TRIP),
            None
        );
    }

    #[test]
    fn packets_bytes_and_age_are_bounded() {
        let start = Instant::now();
        assert_eq!(filled(start, 5_000, 10).size(), (1_500, 15_000));
        assert_eq!(filled(start, 2_000, 1_200).size(), (1_250, 1_500_000));
        let mut history = filled(start, 100, 10);
        let late = start + Duration::from_secs(2);
        assert_eq!(history.repeat(late, 65_050, ROUND_TRIP), None);
        assert_eq!(history.size(), (0, 0));
    }
}
