//! Answers requests for lost packets of our pictures (see [`crate::nack`]).

use std::sync::Arc;
use std::time::Instant;

use bytes::{BufMut, BytesMut};
use rtc::interceptor::{Packet, TaggedPacket};
use rtc::rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;

use super::Shared;
use super::pass_through::{Queues, interceptor, retransmission};
use crate::codec::StreamKind;
use crate::nack::{History, HistoryConfig, SentPacket};
use crate::negotiated::SendCodec;
use crate::stats::{add, count};

/// Numbers looked at in one feedback packet; a full one of ours holds far less.
const MAX_REQUESTS: usize = 1_024;

pub(super) struct Responder {
    shared: Arc<Shared>,
    queues: Queues,
    video: Repairs,
    tile: Repairs,
}

/// One stream's packets, and the numbers of their repairs.
struct Repairs {
    stream: StreamKind,
    ssrc: u32,
    repair_ssrc: u32,
    history: History,
    next_number: u16,
}

impl Responder {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let streams = shared.streams;
        Self {
            shared,
            queues: Queues::default(),
            video: Repairs::new(StreamKind::Video, streams.video, streams.video_repair),
            tile: Repairs::new(StreamKind::Tile, streams.tile, streams.tile_repair),
        }
    }

    fn on_read(&mut self, packet: TaggedPacket) {
        if let Packet::Rtcp(feedback) = &packet.message.packet {
            for report in feedback {
                if let Some(nack) = report.as_any().downcast_ref::<TransportLayerNack>() {
                    self.answer(packet.now, nack);
                }
            }
        }
        self.queues.read.push_back(packet);
    }

    fn answer(&mut self, now: Instant, nack: &TransportLayerNack) {
        let repairs = match self.shared.streams.original(nack.media_ssrc) {
            Some(StreamKind::Video) => &mut self.video,
            Some(StreamKind::Tile) => &mut self.tile,
            Some(StreamKind::Audio) | None => return,
        };
        let round_trip = self.shared.round_trip();
        let requested = nack.nacks.iter().flat_map(|pair| pair.packet_list());
        let counters = self.shared.counters.of(repairs.stream);
        let codec = self.shared.negotiated.send_codec(repairs.stream);
        let mut numbers: Vec<u16> = requested.take(MAX_REQUESTS).collect();
        numbers.dedup();
        add(&counters.nacks_received, numbers.len());
        for number in numbers {
            if let Some(packet) = repairs.history.repeat(now, number, round_trip) {
                let repair = repairs.wrap(packet, codec);
                count(&counters.retransmissions_sent);
                self.queues.write.push_back(retransmission(now, repair));
            }
        }
    }

    fn of(&mut self, ssrc: u32) -> Option<&mut Repairs> {
        [&mut self.video, &mut self.tile]
            .into_iter()
            .find(|repairs| repairs.ssrc == ssrc)
    }

    fn on_write(&mut self, packet: TaggedPacket) {
        if let Packet::Rtp(rtp) = &packet.message.packet
            && let Some(repairs) = self.of(rtp.header.ssrc)
        {
            let sent = SentPacket {
                sequence_number: rtp.header.sequence_number,
                payload_type: rtp.header.payload_type,
                timestamp: rtp.header.timestamp,
                marker: rtp.header.marker,
                payload: rtp.payload.clone(),
            };
            repairs.history.on_sent(packet.now, sent);
        }
        self.queues.write.push_back(packet);
    }

    fn on_timeout(&mut self, _now: Instant) {}

    fn next_timeout(&mut self) -> Option<Instant> {
        None
    }
}

impl Repairs {
    fn new(stream: StreamKind, ssrc: u32, repair_ssrc: u32) -> Self {
        Self {
            stream,
            ssrc,
            repair_ssrc,
            history: History::new(HistoryConfig::default()),
            next_number: 1,
        }
    }

    /// As RTX (RFC 4588, section 4) if negotiated, else as it was.
    fn wrap(&mut self, packet: SentPacket, codec: Option<SendCodec>) -> rtc::rtp::Packet {
        let repair_type = codec
            .filter(|codec| codec.payload_type == packet.payload_type)
            .and_then(|codec| codec.repair_payload_type);
        let mut wrapped = rtc::rtp::Packet::default();
        wrapped.header.version = 2;
        wrapped.header.timestamp = packet.timestamp;
        wrapped.header.marker = packet.marker;
        match repair_type {
            Some(payload_type) => {
                let mut payload = BytesMut::with_capacity(packet.payload.len() + 2);
                payload.put_u16(packet.sequence_number);
                payload.put_slice(&packet.payload);
                wrapped.header.ssrc = self.repair_ssrc;
                wrapped.header.payload_type = payload_type;
                wrapped.header.sequence_number = self.next_number;
                wrapped.payload = payload.freeze();
                self.next_number = self.next_number.wrapping_add(1);
            }
            None => {
                wrapped.header.ssrc = self.ssrc;
                wrapped.header.payload_type = packet.payload_type;
                wrapped.header.sequence_number = packet.sequence_number;
                wrapped.payload = packet.payload;
            }
        }
        wrapped
    }
}

interceptor!(Responder);
