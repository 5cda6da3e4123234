//! The audio jitter buffer: packets in any order in, 10 ms of sound out whenever asked.
//!
//! **Sans-IO**: `now_us` is a parameter. It belongs to the receiving pipeline, which locks it for
//! the network (push) and the playout thread (pull).
//!
//! Packets are kept coded and decoded only when their sound is due, so that a late packet has
//! until the last moment to come. Then a missing one is taken from the FEC in the packet behind
//! it, or made up. The delay follows the jitter: sound is shortened or lengthened by whole pitch
//! periods ([`stretch`]), which is not heard, and packets are skipped only when the buffer is far
//! too long.
//!
//! Rejected: the `neteq` crate (no FEC or PLC, and it starved in tests); decoding on arrival (a
//! reordered packet would already have been made up for).

pub mod delay;
mod loss_rate;
mod stretch;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use self::delay::AudioDelay;
use self::loss_rate::LossRate;
use crate::codec::{AudioDecoder, packet_has_fec, packet_samples};
use crate::frame::AudioBlock;
use crate::pipeline::PlayoutPoint;
use crate::rtp::ReceivedPacket;
use crate::unwrap::{SequenceUnwrapper, TimestampUnwrapper};

/// Samples in a millisecond.
const MS: i64 = 48;
/// Packets held at most: four seconds.
const MAX_PACKETS: usize = 200;
/// Larger payloads are no Opus of a call.
const MAX_PAYLOAD_BYTES: usize = 2_000;
/// Samples in the longest Opus packet.
const MAX_PACKET_SAMPLES: usize = 5_760;
/// Samples made up at a time.
const CONCEAL_SAMPLES: i64 = 480;
/// After so much made up in a row the stream counts as paused.
const PAUSE_AFTER_SAMPLES: i64 = 1_000 * MS;
/// A time stamp or sequence number that jumps further begins a new stream.
const MAX_JUMP_SAMPLES: i64 = 10_000 * MS;
/// This many packets behind the buffer in a row mean that the sender began anew.
const RESTART_AFTER_LATE: u32 = 50;
/// Delay this far from the target is corrected by stretching.
const TOLERANCE_US: i64 = 10_000;
/// Delay this far above the target is corrected by skipping.
const SKIP_ABOVE_US: i64 = 150_000;
/// Pulls between two stretches.
const STRETCH_EVERY: u32 = 3;

/// What happened so far. Counters grow.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct AudioJitterStats {
    /// Packets taken.
    pub packets: u64,
    /// Packets that were there already.
    pub duplicates: u64,
    /// Packets that came when their sound was over.
    pub late: u64,
    /// Payloads that are no Opus packets, or that the decoder refused.
    pub malformed: u64,
    /// Packets skipped because the buffer was far too long.
    pub skipped: u64,
    /// Samples played since the first packet.
    pub played_samples: u64,
    /// Of these, made up without any information.
    pub concealed_samples: u64,
    /// Of these, taken from FEC.
    pub fec_samples: u64,
    /// Samples added by stretching.
    pub inserted_samples: u64,
    /// Samples removed by stretching.
    pub removed_samples: u64,
    /// Mean time from a packet's arrival to its playout, in microseconds.
    pub mean_delay_us: i64,
    /// Time from a sample's due time on a path without jitter to its playout, now.
    pub delay_us: i64,
    /// The delay aimed at now.
    pub target_delay_us: i64,
    /// Level of what was played last, in dB of full scale. `None`: silence.
    pub level_dbfs: Option<f32>,
}

impl AudioJitterStats {
    /// Share of the sound that was made up, 0 … 1.
    pub fn concealed_ratio(&self) -> f64 {
        if self.played_samples == 0 {
            return 0.0;
        }
        self.concealed_samples as f64 / self.played_samples as f64
    }
}

/// See the module.
pub struct AudioJitterBuffer {
    decoder: Box<dyn AudioDecoder>,
    sequence: SequenceUnwrapper,
    timestamps: TimestampUnwrapper,
    delay: AudioDelay,
    packets: BTreeMap<i64, StoredPacket>,
    /// Decoded, not yet played.
    pcm: VecDeque<f32>,
    position: Option<Position>,
    /// Made up in a row without moving on: the sender's time stood still for us.
    waited_samples: i64,
    /// Made up since the last packet; counted when it turns out that sound was lost.
    undecided_samples: u64,
    late_in_a_row: u32,
    pulls_since_stretch: u32,
    smoothed_delay_us: Option<i64>,
    extra_delay_us: i64,
    playout: Option<PlayoutPoint>,
    delay_sum_us: i64,
    delay_count: i64,
    mean_square: f32,
    losses: LossRate,
    scratch: Vec<f32>,
    stats: AudioJitterStats,
}

#[derive(Debug)]
struct StoredPacket {
    timestamp: i64,
    samples: i64,
    arrival_us: i64,
    payload: Bytes,
}

/// Where decoding stands in the stream.
#[derive(Debug, Clone, Copy)]
struct Position {
    sequence: i64,
    timestamp: i64,
    /// False while nothing comes: the next packet is waited for as the first one was.
    playing: bool,
}

impl AudioJitterBuffer {
    /// Empty, with a fresh decoder.
    pub fn new(decoder: Box<dyn AudioDecoder>) -> Self {
        Self {
            decoder,
            sequence: SequenceUnwrapper::default(),
            timestamps: TimestampUnwrapper::default(),
            delay: AudioDelay::default(),
            packets: BTreeMap::new(),
            pcm: VecDeque::new(),
            position: None,
            waited_samples: 0,
            undecided_samples: 0,
            late_in_a_row: 0,
            pulls_since_stretch: 0,
            smoothed_delay_us: None,
            extra_delay_us: 0,
            playout: None,
            delay_sum_us: 0,
            delay_count: 0,
            mean_square: 0.0,
            losses: LossRate::default(),
            scratch: vec![0.0; MAX_PACKET_SAMPLES],
            stats: AudioJitterStats::default(),
        }
    }

    /// Takes a packet. Cheap; bounded in packets and bytes.
    pub fn push(&mut self, packet: &ReceivedPacket) {
        let payload = &packet.payload;
        if payload.is_empty() {
            return;
        }
        let samples = packet_samples(payload);
        let (Some(samples), true) = (samples, payload.len() <= MAX_PAYLOAD_BYTES) else {
            self.stats.malformed += 1;
            return;
        };
        let sequence = self.sequence.unwrap(packet.sequence_number);
        let timestamp = self.timestamps.unwrap(packet.timestamp);
        if let Some(position) = self.position {
            if (timestamp - position.timestamp).abs() > MAX_JUMP_SAMPLES {
                self.restart();
            } else if sequence < position.sequence {
                self.stats.late += 1;
                self.late_in_a_row += 1;
                self.delay.observe(us(timestamp), packet.arrival_us);
                if self.late_in_a_row < RESTART_AFTER_LATE {
                    return;
                }
                self.restart();
            }
        }
        if self.packets.contains_key(&sequence) {
            self.stats.duplicates += 1;
            return;
        }
        self.late_in_a_row = 0;
        self.stats.packets += 1;
        self.delay.observe(us(timestamp), packet.arrival_us);
        self.packets.insert(
            sequence,
            StoredPacket {
                timestamp,
                samples: samples as i64,
                arrival_us: packet.arrival_us,
                payload: payload.clone(),
            },
        );
        if self.packets.len() > MAX_PACKETS {
            self.packets.pop_first();
            self.stats.skipped += 1;
        }
    }

    /// Fills `out` with the next 10 ms.
    pub fn pull(&mut self, now_us: i64, out: &mut [f32; AudioBlock::LEN]) {
        if !self.begin(now_us) {
            out.fill(0.0);
            self.note_level(out);
            return;
        }
        self.correct_delay(now_us);
        self.decode_until(AudioBlock::LEN, now_us);
        for (sample, decoded) in out.iter_mut().zip(self.pcm.drain(..AudioBlock::LEN)) {
            *sample = decoded;
        }
        self.stats.played_samples += AudioBlock::LEN as u64;
        self.note_level(out);
        if self.waited_samples >= PAUSE_AFTER_SAMPLES {
            self.pause();
        }
    }

    /// Holds sound this much longer, for lip-sync.
    pub fn set_extra_delay_us(&mut self, extra_delay_us: i64) {
        self.extra_delay_us = extra_delay_us.clamp(0, 500_000);
    }

    /// The sample played last.
    pub fn playout_point(&self) -> Option<PlayoutPoint> {
        self.playout
    }

    /// Counters and levels.
    pub fn stats(&self) -> AudioJitterStats {
        AudioJitterStats {
            mean_delay_us: self.delay_sum_us / self.delay_count.max(1),
            delay_us: self.smoothed_delay_us.unwrap_or(0),
            target_delay_us: self.target_us(),
            level_dbfs: (self.mean_square > 1e-10).then(|| 10.0 * self.mean_square.log10()),
            ..self.stats
        }
    }

    fn target_us(&self) -> i64 {
        self.delay.target_us() + self.losses.fec_wait_us() + self.extra_delay_us
    }

    /// Whether sound plays; starts it when the first packet has waited for the target.
    fn begin(&mut self, now_us: i64) -> bool {
        if self.position.is_some_and(|position| position.playing) {
            return true;
        }
        let Some((&sequence, front)) = self.packets.first_key_value() else {
            return false;
        };
        let timestamp = front.timestamp;
        if self.delay.delay_us(us(timestamp), now_us) < self.target_us() {
            return false;
        }
        let lost = self
            .position
            .is_some_and(|position| position.sequence != sequence);
        self.decide_undecided(lost);
        self.position = Some(Position {
            sequence,
            timestamp,
            playing: true,
        });
        self.smoothed_delay_us = None;
        true
    }

    /// Nothing has come for long: wait for the next packet as for a first one.
    fn pause(&mut self) {
        self.waited_samples = 0;
        self.pcm.clear();
        if let Some(position) = &mut self.position {
            position.playing = false;
        }
    }

    fn restart(&mut self) {
        self.packets.clear();
        self.pcm.clear();
        self.position = None;
        self.waited_samples = 0;
        self.undecided_samples = 0;
        self.late_in_a_row = 0;
        self.delay = AudioDelay::default();
    }

    /// Compares the delay with the target; stretches, or skips when far too late.
    fn correct_delay(&mut self, now_us: i64) {
        let Some(position) = self.position else {
            return;
        };
        let playing = position.timestamp - self.pcm.len() as i64;
        self.playout = Some(PlayoutPoint {
            rtp_timestamp: playing as u32,
            played_us: now_us,
        });
        let delay = self.delay.delay_us(us(playing), now_us);
        let smoothed = self.smoothed_delay_us.get_or_insert(delay);
        *smoothed += (delay - *smoothed) / 8;
        let excess = *smoothed - self.target_us();
        self.pulls_since_stretch += 1;
        // While sound is made up its length says nothing.
        if self.waited_samples > 0 {
            return;
        }
        if excess > SKIP_ABOVE_US && delay - self.target_us() > SKIP_ABOVE_US {
            self.skip(now_us);
        } else if self.pulls_since_stretch >= STRETCH_EVERY && excess.abs() > TOLERANCE_US {
            self.stretch(excess, now_us);
        }
    }

    fn stretch(&mut self, excess_us: i64, now_us: i64) {
        let wanted = stretch::SAMPLES_NEEDED;
        while self.pcm.len() < wanted && self.front_follows() {
            self.decode_next(now_us);
        }
        let force = excess_us.abs() > 6 * TOLERANCE_US;
        let samples = self.pcm.make_contiguous();
        let Some(changed) = stretch::stretch(samples, excess_us > 0, force) else {
            return;
        };
        let before = self.pcm.len();
        self.pcm = changed.into();
        let after = self.pcm.len();
        self.stats.removed_samples += before.saturating_sub(after) as u64;
        self.stats.inserted_samples += after.saturating_sub(before) as u64;
        self.pulls_since_stretch = 0;
        let moved = us(before as i64 - after as i64);
        self.smoothed_delay_us = self.smoothed_delay_us.map(|delay| delay - moved);
    }

    /// Drops packets until the delay is the target again.
    fn skip(&mut self, now_us: i64) {
        let mut skipped = 0;
        while let Some((&sequence, front)) = self.packets.first_key_value() {
            let delay = self.delay.delay_us(us(front.timestamp), now_us);
            if delay <= self.target_us() + TOLERANCE_US {
                break;
            }
            self.position = Some(Position {
                sequence: sequence + 1,
                timestamp: front.timestamp + front.samples,
                playing: true,
            });
            self.packets.pop_first();
            skipped += 1;
        }
        if skipped > 0 {
            self.stats.skipped += skipped;
            self.pcm.clear();
            self.smoothed_delay_us = None;
        }
    }

    fn front_follows(&self) -> bool {
        let front = self.packets.first_key_value();
        let follows = |position: Position| front.is_some_and(|(s, _)| *s == position.sequence);
        self.position.is_some_and(follows)
    }

    fn decode_until(&mut self, samples: usize, now_us: i64) {
        // Every step adds samples or removes a packet, so this ends; the bound is for the case
        // that this sentence is wrong.
        for _ in 0..2 * MAX_PACKETS {
            if self.pcm.len() >= samples {
                return;
            }
            self.decode_next(now_us);
        }
        self.pcm.resize(samples.max(self.pcm.len()), 0.0);
    }

    /// One step on: a packet, its FEC, or something made up.
    fn decode_next(&mut self, now_us: i64) {
        let Some(mut position) = self.position else {
            return self.conceal(CONCEAL_SAMPLES, true);
        };
        let Some((&sequence, front)) = self.packets.first_key_value() else {
            return self.conceal(CONCEAL_SAMPLES, true);
        };
        let timestamp = front.timestamp;
        let gap = timestamp - position.timestamp;
        if gap <= -front.samples {
            self.packets.pop_first();
            self.stats.late += 1;
        } else if gap <= 0 {
            self.decide_undecided(true);
            self.waited_samples = 0;
            self.decode_front(now_us);
        } else if sequence == position.sequence {
            // The sender paused: nothing is lost. Wait for the new beginning's time.
            let delay = self.delay.delay_us(us(timestamp), now_us);
            let early = delay + TOLERANCE_US < self.target_us();
            if early && self.waited_samples < PAUSE_AFTER_SAMPLES {
                return self.conceal(CONCEAL_SAMPLES, true);
            }
            self.decide_undecided(false);
            self.waited_samples = 0;
            position.timestamp = timestamp;
            self.position = Some(position);
        } else if self.waited_samples > 0 {
            // What was made up while waiting stands for what was lost.
            position.timestamp += gap.min(self.waited_samples);
            self.position = Some(position);
            self.waited_samples = 0;
            self.decide_undecided(true);
        } else {
            self.replace_lost(gap);
        }
    }

    /// Sound before the front packet is lost: its last part may be in the front packet's FEC.
    fn replace_lost(&mut self, gap: i64) {
        let Some((_, front)) = self.packets.first_key_value() else {
            return;
        };
        let piece = gap.min(front.samples);
        let fec = piece == gap && gap % 120 == 0 && packet_has_fec(&front.payload);
        if !fec {
            // Leave the last part for FEC; Opus makes up multiples of 2.5 ms.
            let lost = if gap > piece { gap - piece } else { gap };
            let lost = lost.min(CONCEAL_SAMPLES * 2);
            return self.conceal((lost - lost % 120).max(120), false);
        }
        let out = &mut self.scratch[..gap as usize];
        let result = self.decoder.decode_fec(&front.payload, out);
        match result {
            Ok(()) => {
                self.pcm.extend(self.scratch[..gap as usize].iter());
                self.stats.fec_samples += gap.unsigned_abs();
                self.move_on(gap);
            }
            Err(error) => {
                tracing::debug!(%error, "FEC could not be decoded");
                self.conceal(gap, false);
            }
        }
    }

    /// Makes sound up. `waiting`: the stream's position stays, because the packet may yet come.
    fn conceal(&mut self, samples: i64, waiting: bool) {
        let length = (samples as usize).min(MAX_PACKET_SAMPLES);
        let out = &mut self.scratch[..length];
        if let Err(error) = self.decoder.conceal(out) {
            tracing::debug!(%error, "nothing could be made up");
            out.fill(0.0);
        }
        self.pcm.extend(self.scratch[..length].iter());
        if waiting {
            self.waited_samples += samples;
            self.undecided_samples += samples.unsigned_abs();
        } else {
            self.stats.concealed_samples += samples.unsigned_abs();
            self.move_on(samples);
        }
    }

    fn decode_front(&mut self, now_us: i64) {
        let Some((sequence, packet)) = self.packets.pop_first() else {
            return;
        };
        let waited_us = now_us - packet.arrival_us + us(self.pcm.len() as i64);
        self.delay_sum_us += waited_us;
        self.delay_count += 1;
        let skipped = self
            .position
            .map_or(0, |position| sequence - position.sequence);
        self.losses
            .packet(skipped, packet.samples, packet_has_fec(&packet.payload));
        let decoded = self.decoder.decode(&packet.payload, &mut self.scratch);
        match decoded {
            Ok(samples) => self.pcm.extend(self.scratch[..samples].iter()),
            Err(error) => {
                tracing::debug!(%error, "a packet could not be decoded");
                self.stats.malformed += 1;
                self.conceal(packet.samples, false);
            }
        }
        self.position = Some(Position {
            sequence: sequence + 1,
            timestamp: packet.timestamp + packet.samples,
            playing: true,
        });
    }

    fn move_on(&mut self, samples: i64) {
        if let Some(position) = &mut self.position {
            position.timestamp += samples;
        }
    }

    fn decide_undecided(&mut self, lost: bool) {
        let samples = std::mem::take(&mut self.undecided_samples);
        if lost {
            self.stats.concealed_samples += samples;
        }
    }

    /// Level over about 300 ms.
    fn note_level(&mut self, out: &[f32]) {
        let mean = out.iter().map(|sample| sample * sample).sum::<f32>() / out.len() as f32;
        self.mean_square += (mean - self.mean_square) / 30.0;
    }
}

/// Samples to microseconds.
fn us(samples: i64) -> i64 {
    samples * 1_000 / MS
}
