//! Asks for lost packets of the other side's video (see [`crate::nack`]).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use rtc::interceptor::{Packet, TaggedPacket};
use rtc::rtcp::transport_feedbacks::transport_layer_nack::{
    TransportLayerNack, nack_pairs_from_sequence_numbers,
};

use super::Shared;
use super::pass_through::{Queues, interceptor, tagged};
use crate::codec::{MediaKind, StreamKind};
use crate::nack::{Gaps, GapsConfig};
use crate::negotiated::Meaning;
use crate::stats::add;

/// Streams followed at once; more would be somebody playing with SSRCs.
const MAX_STREAMS: usize = 4;

pub(super) struct Generator {
    shared: Arc<Shared>,
    queues: Queues,
    streams: HashMap<u32, (Gaps, Instant)>,
}

impl Generator {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            queues: Queues::default(),
            streams: HashMap::new(),
        }
    }

    fn on_read(&mut self, packet: TaggedPacket) {
        if let Packet::Rtp(rtp) = &packet.message.packet {
            let header = &rtp.header;
            match self.shared.negotiated.received(header.payload_type) {
                Some(Meaning::Media(codec)) if codec.kind() == MediaKind::Video => {
                    let gaps = self.stream(packet.now, header.ssrc);
                    gaps.on_packet(packet.now, header.sequence_number);
                }
                Some(Meaning::Repair(..)) => self.on_repair(header.ssrc, &rtp.payload),
                Some(Meaning::Media(_)) | None => {}
            }
        }
        self.queues.read.push_back(packet);
    }

    fn on_repair(&mut self, repair_ssrc: u32, payload: &[u8]) {
        let Some(&[high, low]) = payload.first_chunk::<2>() else {
            return;
        };
        let number = u16::from_be_bytes([high, low]);
        let original = self.shared.negotiated.original_of(repair_ssrc);
        let original = original.unwrap_or_else(|| {
            let remote = &self.shared.remote_video;
            remote.load(std::sync::atomic::Ordering::Relaxed)
        });
        if let Some((gaps, _)) = self.streams.get_mut(&original) {
            gaps.on_repair(number);
        }
    }

    fn stream(&mut self, now: Instant, ssrc: u32) -> &mut Gaps {
        if !self.streams.contains_key(&ssrc) && self.streams.len() >= MAX_STREAMS {
            let oldest = self.streams.iter().min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(ssrc, _)| *ssrc) {
                self.streams.remove(&oldest);
            }
        }
        let fresh = || (Gaps::new(GapsConfig::default()), now);
        let (gaps, used) = self.streams.entry(ssrc).or_insert_with(fresh);
        *used = now;
        gaps
    }

    fn on_write(&mut self, packet: TaggedPacket) {
        self.queues.write.push_back(packet);
    }

    fn on_timeout(&mut self, now: Instant) {
        let round_trip = self.shared.round_trip();
        for (ssrc, (gaps, _)) in &mut self.streams {
            let due = gaps.take_due(now, round_trip);
            if due.is_empty() {
                continue;
            }
            let is_tile = self.shared.negotiated.is_tile(*ssrc);
            let stream = if is_tile {
                StreamKind::Tile
            } else {
                StreamKind::Video
            };
            add(&self.shared.counters.of(stream).nacks_sent, due.len());
            let nack = TransportLayerNack {
                sender_ssrc: self.shared.streams.video,
                media_ssrc: *ssrc,
                nacks: nack_pairs_from_sequence_numbers(&due),
            };
            let packet = tagged(now, Packet::Rtcp(vec![Box::new(nack)]));
            self.queues.write.push_back(packet);
        }
    }

    fn next_timeout(&mut self) -> Option<Instant> {
        let round_trip = self.shared.round_trip();
        let streams = self.streams.values();
        streams
            .filter_map(|(gaps, _)| gaps.next_due(round_trip))
            .min()
    }
}

interceptor!(Generator);
