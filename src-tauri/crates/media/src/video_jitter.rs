//! The video jitter buffer: packets in any order in, frames in decoding order out, when due.
//!
//! **Sans-IO**: no thread, no clock, no decoder. The receiving pipeline's thread owns it, feeds it
//! with [`VideoJitterBuffer::push`], asks [`VideoJitterBuffer::poll`] what to do and sleeps until
//! [`VideoJitterBuffer::poll_timeout`]. Times are microseconds of the media clock.
//!
//! Frames leave strictly in order. At a hole the buffer waits for the repair (NACK is the peer
//! crate's) and gives up after some round trips: then it drops what it has, asks for a key frame
//! and starts there. A complete key frame behind a hole is taken at once.
//!
//! Rejected: decoding past a hole (every frame refers to the one before it: the picture would
//! smear until the next key frame), and smoothing short jitter: see [`delay`].

mod assembly;
pub mod delay;
pub mod freeze;
mod packet;

use crate::codec::VideoCodec;
use crate::rtp::ReceivedPacket;
use crate::unwrap::TimestampUnwrapper;

use self::assembly::{Assembly, Next};
use self::delay::DelayEstimate;

/// One complete frame, ready for the decoder.
#[derive(Debug, Clone)]
pub struct AssembledFrame {
    /// What codes it.
    pub codec: VideoCodec,
    /// As the decoder takes it.
    pub data: Vec<u8>,
    /// Decodable without any earlier frame.
    pub key_frame: bool,
    /// The packets' time stamp, 90 kHz.
    pub rtp_timestamp: u32,
    /// The frame's place on the sender's clock, moved to ours by the least transit time seen.
    pub sent_us: i64,
    /// When its last packet came.
    pub complete_us: i64,
}

/// What the owner shall do.
#[derive(Debug)]
pub enum VideoOutput {
    /// Decode this.
    Frame(AssembledFrame),
    /// Ask the sender for a key frame.
    RequestKeyFrame,
}

/// What happened so far. Counters grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VideoJitterStats {
    /// Packets taken.
    pub packets: u64,
    /// Packets that were there already.
    pub duplicates: u64,
    /// Packets that came after their frame had left or been given up.
    pub late: u64,
    /// Payloads that are none of their codec.
    pub malformed: u64,
    /// Frames that left.
    pub frames: u64,
    /// Key frames among them.
    pub key_frames: u64,
    /// Frames dropped because one before them was lost.
    pub dropped_frames: u64,
    /// Times the wait for a repair was given up.
    pub given_up: u64,
    /// Key frames asked for.
    pub key_frame_requests: u64,
    /// The delay aimed at now, in microseconds.
    pub target_delay_us: i64,
}

/// Least time between two requests for a key frame.
const REQUEST_INTERVAL_US: i64 = 300_000;
/// A key frame on its way needs this long at least; before, a new stream asks for none.
const FIRST_REQUEST_AFTER_US: i64 = 150_000;
/// Bounds of the wait for a repair.
const REPAIR_WAIT_US: std::ops::RangeInclusive<i64> = 200_000..=1_000_000;
/// Packets that come this soon after a pause were on their way when it began.
const TRAILING_US: i64 = 1_000_000;
/// Largest delay that lip-sync may add.
const MAX_EXTRA_DELAY_US: i64 = 500_000;
/// A frame is never held longer than this, whatever its time stamp says.
const MAX_HOLD_US: i64 = 1_000_000;

/// See the module.
#[derive(Debug)]
pub struct VideoJitterBuffer {
    assembly: Assembly,
    timestamps: TimestampUnwrapper,
    delay: DelayEstimate,
    ready: Option<Ready>,
    hole_since_us: Option<i64>,
    key_frame_wanted_since_us: Option<i64>,
    last_request_us: Option<i64>,
    round_trip_us: i64,
    extra_delay_us: i64,
    last_arrival_us: i64,
    paused_since_us: Option<i64>,
    stats: VideoJitterStats,
}

#[derive(Debug)]
struct Ready {
    frame: AssembledFrame,
    timestamp_us: i64,
}

impl Default for VideoJitterBuffer {
    fn default() -> Self {
        Self {
            assembly: Assembly::default(),
            timestamps: TimestampUnwrapper::default(),
            delay: DelayEstimate::default(),
            ready: None,
            hole_since_us: None,
            key_frame_wanted_since_us: None,
            last_request_us: None,
            round_trip_us: 100_000,
            extra_delay_us: 0,
            last_arrival_us: i64::MIN,
            paused_since_us: None,
            stats: VideoJitterStats::default(),
        }
    }
}

impl VideoJitterBuffer {
    /// Takes a packet. Cheap; bounded in packets and bytes.
    pub fn push(&mut self, codec: VideoCodec, packet: &ReceivedPacket) {
        self.last_arrival_us = self.last_arrival_us.max(packet.arrival_us);
        let goes_on = |since_us: i64| packet.arrival_us - since_us > TRAILING_US;
        if self.paused_since_us.is_some_and(goes_on) {
            self.resume();
        }
        if self.key_frame_wanted_since_us.is_none() && self.assembly.needs_key_frame() {
            self.key_frame_wanted_since_us = Some(packet.arrival_us + FIRST_REQUEST_AFTER_US);
        }
        self.assembly.push(codec, packet, &mut self.stats);
    }

    /// What to do now; call until `None`.
    pub fn poll(&mut self, now_us: i64) -> Option<VideoOutput> {
        self.stats.target_delay_us = self.delay.target_us();
        if self.ready.is_none() {
            self.advance(now_us);
        }
        if let Some(ready) = self.ready.take_if(|ready| {
            self.delay.due_us(ready.timestamp_us, now_us) + self.extra_delay_us <= now_us
        }) {
            self.stats.frames += 1;
            self.stats.key_frames += u64::from(ready.frame.key_frame);
            return Some(VideoOutput::Frame(ready.frame));
        }
        self.key_frame_request(now_us)
    }

    /// When to poll again though no packet came.
    pub fn poll_timeout(&self) -> Option<i64> {
        let due = self.ready.as_ref().map(|ready| {
            let due = self.delay.due_us(ready.timestamp_us, self.last_arrival_us);
            due + self.extra_delay_us
        });
        let give_up = self
            .hole_since_us
            .map(|since| since + self.repair_wait_us());
        let wanted = self.key_frame_wanted_since_us.filter(|_| !self.is_paused());
        let request = wanted.map(|since| {
            let next = self
                .last_request_us
                .map_or(i64::MIN, |last| last + REQUEST_INTERVAL_US);
            since.max(next)
        });
        // A request is repeated only while packets come; see `key_frame_request`.
        let request = request.filter(|at| *at <= self.last_arrival_us + REQUEST_INTERVAL_US * 2);
        [due, give_up, request].into_iter().flatten().min()
    }

    /// Tells the round trip to the sender: it decides how long a repair is waited for.
    pub fn set_round_trip_us(&mut self, round_trip_us: i64) {
        self.round_trip_us = round_trip_us.clamp(0, 10_000_000);
    }

    /// Holds every frame this much longer, for lip-sync.
    pub fn set_extra_delay_us(&mut self, extra_delay_us: i64) {
        self.extra_delay_us = extra_delay_us.clamp(0, MAX_EXTRA_DELAY_US);
    }

    /// The sender turned its camera off: nothing is due, and no key frame is asked for. It ends
    /// with [`Self::resume`], or with packets that were sent later.
    pub fn pause(&mut self, now_us: i64) {
        self.paused_since_us = Some(now_us);
    }

    /// The camera is on again.
    pub fn resume(&mut self) {
        self.paused_since_us = None;
    }

    /// Whether the sender is known to send nothing.
    pub fn is_paused(&self) -> bool {
        self.paused_since_us.is_some()
    }

    /// The decoder refused a frame: nothing decodes until the next key frame.
    pub fn decoder_lost(&mut self, now_us: i64) {
        self.ready = None;
        self.hole_since_us = None;
        self.assembly.give_up(&mut self.stats);
        self.want_key_frame(now_us);
    }

    /// Counters and the present target.
    pub fn stats(&self) -> VideoJitterStats {
        self.stats
    }

    /// Takes the next complete frame out of the packets, or notes the hole before it.
    fn advance(&mut self, now_us: i64) {
        match self.assembly.next(&mut self.stats) {
            Next::Frame(frame) => {
                self.hole_since_us = None;
                if frame.key_frame {
                    self.key_frame_wanted_since_us = None;
                }
                self.hold(frame);
            }
            Next::Hole => {
                let since = *self.hole_since_us.get_or_insert(now_us);
                if now_us - since >= self.repair_wait_us() {
                    self.hole_since_us = None;
                    self.stats.given_up += 1;
                    self.assembly.give_up(&mut self.stats);
                    self.want_key_frame(now_us);
                }
            }
            Next::NeedsKeyFrame => {
                self.hole_since_us = None;
                self.key_frame_wanted_since_us.get_or_insert(now_us);
            }
            Next::KeyFrameComing(since_us) => {
                self.hole_since_us = None;
                self.key_frame_wanted_since_us = Some(since_us + self.repair_wait_us());
            }
            Next::Nothing => self.hole_since_us = None,
        }
    }

    fn hold(&mut self, complete: assembly::CompleteFrame) {
        let ticks = self.timestamps.unwrap(complete.rtp_timestamp);
        let timestamp_us = ticks * 100 / 9;
        self.delay
            .observe(timestamp_us, complete.complete_us, complete.repaired);
        self.ready = Some(Ready {
            timestamp_us,
            frame: AssembledFrame {
                codec: complete.codec,
                data: complete.data,
                key_frame: complete.key_frame,
                rtp_timestamp: complete.rtp_timestamp,
                sent_us: self.delay.sent_us(timestamp_us),
                complete_us: complete.complete_us,
            },
        });
    }

    fn want_key_frame(&mut self, now_us: i64) {
        let since = self.key_frame_wanted_since_us.get_or_insert(now_us);
        *since = (*since).min(now_us);
    }

    /// Asks again and again, but not more often than allowed, and only while the sender is heard:
    /// a camera that is off sends nothing, and shall not be asked for ever.
    fn key_frame_request(&mut self, now_us: i64) -> Option<VideoOutput> {
        let since = self.key_frame_wanted_since_us?;
        if self.is_paused() {
            return None;
        }
        let allowed = self
            .last_request_us
            .is_none_or(|last| now_us - last >= REQUEST_INTERVAL_US);
        let heard = now_us - self.last_arrival_us <= REQUEST_INTERVAL_US * 2;
        if now_us < since || !allowed || !heard {
            return None;
        }
        self.last_request_us = Some(now_us);
        self.stats.key_frame_requests += 1;
        Some(VideoOutput::RequestKeyFrame)
    }

    /// Five tries at one per round trip, and a little for the queue.
    fn repair_wait_us(&self) -> i64 {
        let wait = self.round_trip_us * 5 + 60_000;
        wait.clamp(*REPAIR_WAIT_US.start(), *REPAIR_WAIT_US.end())
    }
}
