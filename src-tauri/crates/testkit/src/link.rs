//! A link that delays, jitters, loses, duplicates and chokes, the same way for the same seed.
//!
//! Pure: time is a parameter in microseconds on any clock, and what is sent comes out of
//! [`Link::receive`] when its time has come. One link is one direction.
//!
//! Order of effects: a packet waits for the rate (a queue of bounded bytes, dropping at its tail),
//! then may be lost, then takes the delay and its own jitter. Loss comes in bursts of a mean length
//! (a two-state Gilbert model); length 1 is independent loss. Jitter keeps the order unless
//! `reorder` is set.

use std::collections::BTreeMap;

/// How a link behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkConfig {
    /// Time from one end to the other, in microseconds.
    pub delay_us: i64,
    /// Each packet's own deviation from the delay, evenly spread from minus to plus this, in
    /// microseconds. No packet arrives before it was sent.
    pub jitter_us: i64,
    /// Share of packets lost, 0 to 1.
    pub loss: f64,
    /// Mean length of a run of lost packets, at least 1.
    pub loss_burst_packets: f64,
    /// Share of packets that arrive twice, 0 to 1.
    pub duplicate: f64,
    /// Whether jitter may change the order.
    pub reorder: bool,
    /// Bits per second, if the link has a bottleneck.
    pub rate_bps: Option<u64>,
    /// Bytes that wait for the bottleneck before the next is dropped.
    pub queue_bytes: usize,
}

impl LinkConfig {
    /// No effect at all.
    pub const PERFECT: Self = Self {
        delay_us: 0,
        jitter_us: 0,
        loss: 0.0,
        loss_burst_packets: 1.0,
        duplicate: 0.0,
        reorder: false,
        rate_bps: None,
        queue_bytes: 64 * 1024,
    };
}

/// What became of a packet that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Arrives at this time, in microseconds.
    Arrives(i64),
    /// Lost on the way.
    Lost,
    /// The queue before the bottleneck was full.
    QueueFull,
}

/// One direction of a link that carries values of `T`.
#[derive(Debug, Clone)]
pub struct Link<T> {
    config: LinkConfig,
    random: Random,
    losing: bool,
    free_at_us: i64,
    last_arrival_us: i64,
    sent: u64,
    /// Keyed by arrival, then by the order of sending.
    flying: BTreeMap<(i64, u64), T>,
}

impl<T: Clone> Link<T> {
    /// A link whose every decision follows from `seed` and what is sent.
    pub fn new(config: LinkConfig, seed: u64) -> Self {
        Self {
            config,
            random: Random(seed),
            losing: false,
            free_at_us: i64::MIN,
            last_arrival_us: i64::MIN,
            sent: 0,
            flying: BTreeMap::new(),
        }
    }

    /// Behaves otherwise from the next packet on.
    pub fn configure(&mut self, config: LinkConfig) {
        self.config = config;
    }

    /// Sends a packet of `size_bytes` at `now_us`.
    pub fn send(&mut self, now_us: i64, size_bytes: usize, packet: T) -> Fate {
        // Always the same number of random draws, so that one change of the configuration does not
        // change every later packet's fate.
        let [loss, jitter, twice] = [(); 3].map(|()| self.random.share());
        let Some(departure_us) = self.departure(now_us, size_bytes) else {
            return Fate::QueueFull;
        };
        if self.is_lost(loss) {
            return Fate::Lost;
        }
        let deviation_us = ((jitter * 2.0 - 1.0) * self.config.jitter_us as f64) as i64;
        let mut arrival_us = (departure_us + self.config.delay_us + deviation_us).max(departure_us);
        if !self.config.reorder {
            arrival_us = arrival_us.max(self.last_arrival_us);
            self.last_arrival_us = arrival_us;
        }
        if twice < self.config.duplicate {
            self.put(arrival_us, packet.clone());
        }
        self.put(arrival_us, packet);
        Fate::Arrives(arrival_us)
    }

    /// The next packet that has arrived by `now_us`, with its time of arrival.
    pub fn receive(&mut self, now_us: i64) -> Option<(i64, T)> {
        let first = self.flying.first_entry()?;
        if first.key().0 > now_us {
            return None;
        }
        let ((arrival_us, _), packet) = first.remove_entry();
        Some((arrival_us, packet))
    }

    /// When the next packet arrives, in microseconds.
    pub fn next_arrival_us(&self) -> Option<i64> {
        self.flying.first_key_value().map(|((at_us, _), _)| *at_us)
    }

    /// When the packet has left the bottleneck; none if there was no room to wait.
    fn departure(&mut self, now_us: i64, size_bytes: usize) -> Option<i64> {
        let Some(rate_bps) = self.config.rate_bps else {
            return Some(now_us);
        };
        let start_us = self.free_at_us.max(now_us);
        let waiting_bytes = (start_us - now_us) as u64 * rate_bps / 8_000_000;
        if waiting_bytes as usize + size_bytes > self.config.queue_bytes {
            return None;
        }
        let takes_us = size_bytes as u64 * 8_000_000 / rate_bps.max(1);
        self.free_at_us = start_us + takes_us as i64;
        Some(self.free_at_us)
    }

    fn is_lost(&mut self, chance: f64) -> bool {
        let LinkConfig {
            loss,
            loss_burst_packets,
            ..
        } = self.config;
        if loss <= 0.0 || loss >= 1.0 {
            return loss >= 1.0;
        }
        if loss_burst_packets <= 1.0 {
            return chance < loss;
        }
        let to_good = 1.0 / loss_burst_packets;
        let to_bad = to_good * loss / (1.0 - loss);
        self.losing = if self.losing {
            chance >= to_good
        } else {
            chance < to_bad
        };
        self.losing
    }

    fn put(&mut self, arrival_us: i64, packet: T) {
        self.flying.insert((arrival_us, self.sent), packet);
        self.sent += 1;
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere for ever.
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    /// From 0 up to but not 1.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}
