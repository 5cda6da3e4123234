//! Packets to frames: order, duplicates, padding, holes, and bounds against hostile senders.
//!
//! A frame is a run of packets without a hole, of one time stamp, that begins right after the
//! frame before it (or at a key frame) and ends with the marker or a change of time stamp.
//! A hole that holds no packet of a frame is padding that was lost: VP8's picture id proves it
//! (browsers pad on the media stream where RTX is not used, and never resend padding).

use std::collections::BTreeMap;

use super::VideoJitterStats;
use super::packet::{Kind, StoredPacket};
use crate::codec::VideoCodec;
use crate::packetize::h264;
use crate::rtp::ReceivedPacket;
use crate::unwrap::SequenceUnwrapper;

/// Packets held at most: more than two seconds of 8 Mbit/s.
const MAX_PACKETS: usize = 2_048;
/// Payload bytes held at most; also more than any frame.
const MAX_BYTES: usize = 4 << 20;
/// Packets kept while no key frame has begun.
const MAX_UNDECODABLE: usize = 256;
/// This many packets in a row behind the buffer mean that the sender began anew.
const RESTART_AFTER_LATE: u32 = 64;
/// A jump forward of more packets than this is a new beginning as well.
const MAX_JUMP: i64 = 4_096;

/// A complete frame.
#[derive(Debug)]
pub(super) struct CompleteFrame {
    pub(super) codec: VideoCodec,
    pub(super) data: Vec<u8>,
    pub(super) key_frame: bool,
    pub(super) rtp_timestamp: u32,
    pub(super) complete_us: i64,
    /// Some packet came late: its arrival says nothing about the path's jitter.
    pub(super) repaired: bool,
}

/// What the packets amount to.
#[derive(Debug)]
pub(super) enum Next {
    /// A complete frame; it has left the buffer.
    Frame(CompleteFrame),
    /// Packets wait behind a hole.
    Hole,
    /// There are frames, but none that a new decoder could begin with.
    NeedsKeyFrame,
    /// The first packet of a key frame came at this time; the rest is on its way.
    KeyFrameComing(i64),
    /// Nothing complete, nothing known to be missing.
    Nothing,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    sequence: SequenceUnwrapper,
    packets: BTreeMap<i64, StoredPacket>,
    bytes: usize,
    /// Where the next frame begins; `None` until a key frame is found.
    next: Option<i64>,
    /// Nothing below this is wanted any more.
    floor: i64,
    highest: Option<i64>,
    last_picture_id: Option<u16>,
    late_in_a_row: u32,
}

impl Assembly {
    /// Nothing decodes until a key frame comes.
    pub(super) fn needs_key_frame(&self) -> bool {
        self.next.is_none()
    }

    pub(super) fn push(
        &mut self,
        codec: VideoCodec,
        packet: &ReceivedPacket,
        stats: &mut VideoJitterStats,
    ) {
        let number = self.sequence.unwrap(packet.sequence_number);
        if self
            .highest
            .is_some_and(|highest| number > highest + MAX_JUMP)
        {
            self.restart(number, stats);
        } else if number < self.floor {
            stats.late += 1;
            self.late_in_a_row += 1;
            if self.late_in_a_row < RESTART_AFTER_LATE {
                return;
            }
            self.restart(number, stats);
        }
        if self.packets.contains_key(&number) {
            stats.duplicates += 1;
            return;
        }
        let out_of_order = self.highest.is_some_and(|highest| number < highest);
        let Some(stored) = StoredPacket::read(codec, packet, out_of_order) else {
            stats.malformed += 1;
            return;
        };
        self.late_in_a_row = 0;
        stats.packets += 1;
        self.highest = Some(self.highest.map_or(number, |highest| highest.max(number)));
        self.bytes += stored.payload.len();
        self.packets.insert(number, stored);
        if self.packets.len() > MAX_PACKETS || self.bytes > MAX_BYTES {
            self.clear_below(i64::MAX, stats);
            self.next = None;
            self.floor = number + 1;
        }
    }

    pub(super) fn next(&mut self, stats: &mut VideoJitterStats) -> Next {
        let Some(mut next) = self.next else {
            return self.first_key_frame(stats);
        };
        while self
            .packets
            .get(&next)
            .is_some_and(|packet| packet.kind == Kind::Padding)
        {
            self.remove(next);
            next += 1;
            self.move_to(next);
        }
        if !self.packets.contains_key(&next)
            && let Some(after) = self.after_lost_padding(next)
        {
            self.clear_below(after, stats);
            next = after;
            self.move_to(next);
        }
        match self.frame_end(next) {
            End::At(end) => self.take_frame(next, end, stats),
            End::Open => Next::Nothing,
            End::Hole => match self.complete_key_frame() {
                Some((start, end)) => {
                    self.clear_below(start, stats);
                    self.take_frame(start, end, stats)
                }
                None => Next::Hole,
            },
        }
    }

    /// Drops everything up to the next key frame, if there is one already.
    pub(super) fn give_up(&mut self, stats: &mut VideoJitterStats) {
        let key = self.first_key_start();
        self.clear_below(key.unwrap_or(i64::MAX), stats);
        self.next = None;
        let newest = self.highest.map_or(0, |highest| highest + 1);
        self.floor = key.unwrap_or(newest);
    }

    /// Finds where decoding can begin.
    fn first_key_frame(&mut self, stats: &mut VideoJitterStats) -> Next {
        if let Some((start, end)) = self.complete_key_frame() {
            self.clear_below(start, stats);
            return self.take_frame(start, end, stats);
        }
        match self.first_key_start() {
            // On its way; what came before is of no use.
            Some(start) => {
                if self.packets.range(..start).next().is_some() {
                    self.clear_below(start, stats);
                }
                let arrival = self.packets.get(&start).map(|packet| packet.arrival_us);
                arrival.map_or(Next::NeedsKeyFrame, Next::KeyFrameComing)
            }
            // The beginning of a key frame may yet come, if packets are reordered.
            None if self.packets.len() > MAX_UNDECODABLE => {
                self.clear_below(i64::MAX, stats);
                Next::NeedsKeyFrame
            }
            None if self.packets.values().any(|packet| packet.marker) => Next::NeedsKeyFrame,
            None => Next::Nothing,
        }
    }

    fn first_key_start(&self) -> Option<i64> {
        let mut packets = self.packets.iter();
        packets
            .find(|(_, packet)| packet.starts_key_frame())
            .map(|(number, _)| *number)
    }

    /// The first key frame that is complete.
    fn complete_key_frame(&self) -> Option<(i64, i64)> {
        let starts = self
            .packets
            .iter()
            .filter(|(_, packet)| packet.starts_key_frame());
        starts
            .map(|(start, _)| (*start, self.frame_end(*start)))
            .find_map(|(start, end)| match end {
                End::At(end) => Some((start, end)),
                End::Open | End::Hole => None,
            })
    }

    /// Walks from the first packet of a frame to its last.
    fn frame_end(&self, start: i64) -> End {
        let newer = |number: i64| self.highest.is_some_and(|highest| highest >= number);
        let Some(first) = self.packets.get(&start) else {
            return if newer(start) { End::Hole } else { End::Open };
        };
        if !first.may_start_frame() {
            return End::Hole;
        }
        let mut number = start;
        loop {
            match self.packets.get(&number) {
                None if newer(number) => return End::Hole,
                None => return End::Open,
                Some(packet) if packet.kind == Kind::Padding => {}
                Some(packet) if packet.timestamp != first.timestamp => return End::At(number - 1),
                Some(packet) if packet.marker => return End::At(number),
                Some(_) => {}
            }
            number += 1;
        }
    }

    /// Where the next frame begins if the hole at `next` held padding alone.
    fn after_lost_padding(&self, next: i64) -> Option<i64> {
        let last = self.last_picture_id?;
        let (number, packet) = self
            .packets
            .range(next..)
            .find(|(_, packet)| packet.kind != Kind::Padding)?;
        match packet.kind {
            Kind::Vp8 { descriptor, .. } => {
                (descriptor.starts_frame && descriptor.follows(last)).then_some(*number)
            }
            Kind::Padding | Kind::H264(_) => None,
        }
    }

    fn take_frame(&mut self, start: i64, end: i64, stats: &mut VideoJitterStats) -> Next {
        let numbers: Vec<i64> = self.packets.range(start..=end).map(|(n, _)| *n).collect();
        let mut packets: Vec<StoredPacket> = Vec::with_capacity(numbers.len());
        for number in numbers {
            packets.extend(
                self.remove(number)
                    .filter(|packet| packet.kind != Kind::Padding),
            );
        }
        self.next = Some(end + 1);
        self.move_to(end + 1);
        match join(&packets) {
            Some((frame, picture_id)) => {
                self.last_picture_id = picture_id;
                Next::Frame(frame)
            }
            None => {
                stats.malformed += 1;
                self.give_up(stats);
                Next::NeedsKeyFrame
            }
        }
    }

    fn move_to(&mut self, next: i64) {
        self.next = Some(next);
        self.floor = next;
    }

    fn remove(&mut self, number: i64) -> Option<StoredPacket> {
        let packet = self.packets.remove(&number)?;
        self.bytes -= packet.payload.len();
        Some(packet)
    }

    /// Forgets every packet below `number` and counts the frames that go with them.
    fn clear_below(&mut self, number: i64, stats: &mut VideoJitterStats) {
        let kept = self.packets.split_off(&number);
        let dropped = std::mem::replace(&mut self.packets, kept);
        stats.dropped_frames += dropped.values().filter(|packet| packet.marker).count() as u64;
        self.bytes -= dropped.values().map(|p| p.payload.len()).sum::<usize>();
        self.floor = self
            .floor
            .max(number.min(self.highest.map_or(0, |h| h + 1)));
    }

    fn restart(&mut self, number: i64, stats: &mut VideoJitterStats) {
        self.clear_below(i64::MAX, stats);
        self.next = None;
        self.last_picture_id = None;
        self.highest = None;
        self.floor = number;
        self.late_in_a_row = 0;
    }
}

/// Where a frame ends.
enum End {
    At(i64),
    /// Its last packet has not come, and no later one either.
    Open,
    /// A packet is missing though later ones are there.
    Hole,
}

/// Puts the payloads of one frame together. `None` if they make none.
fn join(packets: &[StoredPacket]) -> Option<(CompleteFrame, Option<u16>)> {
    let first = packets.first()?;
    let codec = first.codec;
    let mut key_frame = first.starts_key_frame();
    let mut picture_id = None;
    let data = match codec {
        VideoCodec::Vp8 => {
            let mut data = Vec::new();
            for packet in packets {
                let Kind::Vp8 { descriptor, .. } = packet.kind else {
                    return None;
                };
                picture_id = picture_id.or(descriptor.picture_id);
                data.extend_from_slice(&packet.payload[descriptor.len..]);
            }
            data
        }
        VideoCodec::H264 => {
            let has_idr = |packet: &StoredPacket| match packet.kind {
                Kind::H264(contents) => contents.has_idr,
                Kind::Padding | Kind::Vp8 { .. } => false,
            };
            key_frame = packets.iter().any(has_idr);
            h264::assemble(packets.iter().map(|packet| &packet.payload[..]))?
        }
    };
    let frame = CompleteFrame {
        codec,
        data,
        key_frame,
        rtp_timestamp: first.timestamp,
        complete_us: packets.iter().map(|packet| packet.arrival_us).max()?,
        repaired: packets.iter().any(|packet| packet.out_of_order),
    };
    Some((frame, picture_id))
}
