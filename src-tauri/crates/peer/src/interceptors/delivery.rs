//! Hands received packets to the engine: repairs unwrapped (RFC 4588, section 4), repeats dropped.
//!
//! Packets end here. The library's own tracks still open and close, which the peer watches to
//! notice a dead driver, but carry nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use bytes::Bytes;
use rtc::interceptor::{Packet, TaggedPacket};

use super::Shared;
use super::pass_through::{Queues, interceptor};
use crate::codec::{Codec, StreamKind};
use crate::event::ReceivedRtp;
use crate::negotiated::Meaning;
use crate::sequence::{SeenWindow, Unwrapper};
use crate::stats::{add, count};

const MAX_STREAMS: usize = 8;

#[derive(Default)]
struct Stream {
    unwrapper: Unwrapper,
    seen: SeenWindow,
}

/// What a packet was before it was wrapped, if it was.
struct Original {
    ssrc: u32,
    sequence_number: u16,
    codec: Codec,
    payload: Bytes,
    repaired: bool,
}

pub(super) struct Delivery {
    shared: Arc<Shared>,
    queues: Queues,
    streams: HashMap<u32, Stream>,
}

impl Delivery {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            queues: Queues::default(),
            streams: HashMap::new(),
        }
    }

    fn on_read(&mut self, packet: TaggedPacket) {
        match &packet.message.packet {
            Packet::Rtp(rtp) => self.deliver(packet.now, rtp),
            Packet::Rtcp(_) => self.queues.read.push_back(packet),
            _ => self.queues.read.push_back(packet),
        }
    }

    fn deliver(&mut self, now: Instant, rtp: &rtc::rtp::Packet) {
        let Some(original) = self.unwrap(rtp) else {
            return;
        };
        if !self.is_fresh(original.ssrc, original.sequence_number) {
            return;
        }
        self.shared.filter.on_media(now);
        let negotiated = &self.shared.negotiated;
        let stream = negotiated.stream_of(original.ssrc, original.codec);
        let counters = self.shared.counters.of(stream);
        count(&counters.packets_received);
        add(&counters.bytes_received, original.payload.len());
        if original.repaired {
            count(&counters.packets_repaired);
        } else {
            match stream {
                StreamKind::Video => self.shared.remote_video.store(original.ssrc, Relaxed),
                StreamKind::Tile => self.shared.remote_tile.store(original.ssrc, Relaxed),
                StreamKind::Audio => {}
            }
        }
        self.shared.events.packet(ReceivedRtp {
            stream,
            codec: original.codec,
            ssrc: original.ssrc,
            sequence_number: original.sequence_number,
            timestamp: rtp.header.timestamp,
            marker: rtp.header.marker,
            payload: original.payload,
            arrival: now,
            repaired: original.repaired,
        });
    }

    fn unwrap(&self, rtp: &rtc::rtp::Packet) -> Option<Original> {
        let header = &rtp.header;
        match self.shared.negotiated.received(header.payload_type)? {
            Meaning::Media(codec) => Some(Original {
                ssrc: header.ssrc,
                sequence_number: header.sequence_number,
                codec,
                payload: rtp.payload.clone(),
                repaired: false,
            }),
            Meaning::Repair(_, codec) => {
                let number = rtp.payload.first_chunk::<2>()?;
                let known = self.shared.negotiated.original_of(header.ssrc);
                let ssrc = known.unwrap_or_else(|| self.shared.remote_video.load(Relaxed));
                Some(Original {
                    ssrc,
                    sequence_number: u16::from_be_bytes(*number),
                    codec,
                    payload: rtp.payload.slice(2..),
                    repaired: true,
                })
            }
        }
    }

    fn is_fresh(&mut self, ssrc: u32, sequence_number: u16) -> bool {
        if !self.streams.contains_key(&ssrc) && self.streams.len() >= MAX_STREAMS {
            self.streams.clear();
        }
        let stream = self.streams.entry(ssrc).or_default();
        let extended = stream.unwrapper.unwrap(sequence_number);
        stream.seen.insert(extended)
    }

    fn on_write(&mut self, packet: TaggedPacket) {
        self.queues.write.push_back(packet);
    }

    fn on_timeout(&mut self, _now: Instant) {}

    fn next_timeout(&mut self) -> Option<Instant> {
        None
    }
}

interceptor!(Delivery);
