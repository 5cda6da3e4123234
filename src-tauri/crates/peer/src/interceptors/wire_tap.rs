//! Nearest the wire: counts what passes and reads the feedback in it.
//!
//! The library keeps inbound RTCP to itself; key-frame requests, sender reports and the loss in
//! receiver reports are taken here.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use rtc::interceptor::{Attribute, Packet, TaggedPacket};
use rtc::rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::reception_report::ReceptionReport;
use rtc::rtcp::sender_report::SenderReport;

use super::Shared;
use super::pass_through::{Queues, interceptor};
use crate::codec::StreamKind;
use crate::event::PeerEvent;
use crate::key_frame::KeyFrameLimit;
use crate::negotiated::Meaning;
use crate::rate_control::RateControl;
use crate::stats::{add, count};

const MAX_STREAMS: usize = 8;

pub(super) struct WireTap {
    shared: Arc<Shared>,
    queues: Queues,
    remote_streams: HashMap<u32, StreamKind>,
    video_key_frames: KeyFrameLimit,
    tile_key_frames: KeyFrameLimit,
    rate: RateControl,
}

impl WireTap {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            queues: Queues::default(),
            remote_streams: HashMap::new(),
            video_key_frames: KeyFrameLimit::default(),
            tile_key_frames: KeyFrameLimit::default(),
            rate: RateControl::default(),
        }
    }

    fn on_read(&mut self, packet: TaggedPacket) {
        count(&self.shared.packets_heard);
        match &packet.message.packet {
            Packet::Rtp(rtp) => self.learn(rtp.header.ssrc, rtp.header.payload_type),
            Packet::Rtcp(feedback) => {
                for report in feedback {
                    self.on_feedback(packet.now, report.as_any());
                }
            }
            _ => {}
        }
        self.queues.read.push_back(packet);
    }

    fn learn(&mut self, ssrc: u32, payload_type: u8) {
        if self.remote_streams.contains_key(&ssrc) {
            return;
        }
        if let Some(Meaning::Media(codec)) = self.shared.negotiated.received(payload_type) {
            if self.remote_streams.len() >= MAX_STREAMS {
                self.remote_streams.clear();
            }
            let stream = self.shared.negotiated.stream_of(ssrc, codec);
            self.remote_streams.insert(ssrc, stream);
        }
    }

    fn on_feedback(&mut self, now: Instant, report: &dyn std::any::Any) {
        if let Some(pli) = report.downcast_ref::<PictureLossIndication>() {
            self.on_key_frame_request(now, pli.media_ssrc);
        } else if let Some(fir) = report.downcast_ref::<FullIntraRequest>() {
            let streams = self.shared.streams;
            for ours in [streams.video, streams.tile] {
                if fir.fir.iter().any(|entry| entry.ssrc == ours) {
                    self.on_key_frame_request(now, ours);
                }
            }
        } else if let Some(report) = report.downcast_ref::<SenderReport>() {
            self.on_sender_report(report);
            self.on_reception(now, &report.reports);
        } else if let Some(report) = report.downcast_ref::<ReceiverReport>() {
            self.on_reception(now, &report.reports);
        }
    }

    fn on_key_frame_request(&mut self, now: Instant, ssrc: u32) {
        let stream = self.shared.streams.original(ssrc);
        let limit = match stream {
            Some(StreamKind::Video) => &mut self.video_key_frames,
            Some(StreamKind::Tile) => &mut self.tile_key_frames,
            Some(StreamKind::Audio) | None => return,
        };
        let Some(stream) = stream else { return };
        count(&self.shared.counters.of(stream).plis_received);
        if limit.allow(now) {
            let request = PeerEvent::KeyFrameRequested(stream);
            self.shared.events.control(request);
        }
    }

    fn on_sender_report(&self, report: &SenderReport) {
        if let Some(&stream) = self.remote_streams.get(&report.ssrc) {
            self.shared.events.control(PeerEvent::SenderReport {
                stream,
                ntp: report.ntp_time,
                rtp_timestamp: report.rtp_time,
            });
        }
    }

    /// How our streams arrive.
    fn on_reception(&mut self, now: Instant, reports: &[ReceptionReport]) {
        let streams = self.shared.streams;
        for report in reports {
            let Some(stream) = streams.original(report.ssrc) else {
                continue;
            };
            let counters = self.shared.counters.of(stream);
            counters.remote_packets_lost.store(lost(report), Relaxed);
            let fraction_lost = report.fraction_lost;
            counters.remote_fraction_lost.store(fraction_lost, Relaxed);
            count(&counters.remote_reports);
            // A few packets a second say little about the path: the tile's loss sets no rate.
            if stream != StreamKind::Video {
                continue;
            }
            let highest = report.last_sequence_number;
            let changed = self.rate.on_report(now, report.fraction_lost, highest);
            if let Some(bps) = changed {
                self.shared.target_bitrate_bps.store(bps, Relaxed);
                self.shared.events.control(PeerEvent::TargetBitrate { bps });
            }
        }
    }

    fn on_write(&mut self, packet: TaggedPacket) {
        match &packet.message.packet {
            Packet::Rtp(rtp) if !packet.message.has(&Attribute::Retransmission) => {
                if let Some(kind) = self.shared.streams.kind(rtp.header.ssrc) {
                    let counters = self.shared.counters.of(kind);
                    count(&counters.packets_sent);
                    add(&counters.bytes_sent, rtp.payload.len());
                }
            }
            Packet::Rtcp(feedback) => {
                for report in feedback {
                    self.on_own_feedback(report.as_any());
                }
            }
            _ => {}
        }
        self.queues.write.push_back(packet);
    }

    /// How the other side's streams arrive, as we report it.
    fn on_own_feedback(&self, report: &dyn std::any::Any) {
        if let Some(pli) = report.downcast_ref::<PictureLossIndication>() {
            let known = self.remote_streams.get(&pli.media_ssrc).copied();
            let stream = known.unwrap_or(StreamKind::Video);
            count(&self.shared.counters.of(stream).plis_sent);
        }
        let Some(report) = report.downcast_ref::<ReceiverReport>() else {
            return;
        };
        for report in &report.reports {
            if let Some(&kind) = self.remote_streams.get(&report.ssrc) {
                let counters = self.shared.counters.of(kind);
                counters.packets_lost.store(lost(report), Relaxed);
                counters.jitter_ticks.store(report.jitter, Relaxed);
            }
        }
    }

    fn on_timeout(&mut self, _now: Instant) {}

    fn next_timeout(&mut self) -> Option<Instant> {
        None
    }
}

/// The total is 24 bits and signed (RFC 3550, section 6.4.1); repeats can make it negative.
fn lost(report: &ReceptionReport) -> u64 {
    let total = report.total_lost & 0x00ff_ffff;
    if total & 0x0080_0000 != 0 {
        0
    } else {
        u64::from(total)
    }
}

interceptor!(WireTap);
