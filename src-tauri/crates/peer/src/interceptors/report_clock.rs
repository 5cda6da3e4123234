//! Sender reports with capture time in them (see [`crate::clock_reference`]).

use std::sync::Arc;
use std::time::Instant;

use rtc::interceptor::{Packet, TaggedPacket};
use rtc::rtcp::sender_report::SenderReport;

use super::Shared;
use super::pass_through::{Queues, interceptor};

pub(super) struct ReportClock {
    shared: Arc<Shared>,
    queues: Queues,
}

impl ReportClock {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            queues: Queues::default(),
        }
    }

    fn on_read(&mut self, packet: TaggedPacket) {
        self.queues.read.push_back(packet);
    }

    fn on_write(&mut self, mut packet: TaggedPacket) {
        let now = packet.now;
        if let Packet::Rtcp(reports) = &mut packet.message.packet {
            for report in reports {
                if let Some(corrected) = self.correct(now, report.as_any().downcast_ref()) {
                    *report = Box::new(corrected);
                }
            }
        }
        self.queues.write.push_back(packet);
    }

    fn correct(&self, now: Instant, report: Option<&SenderReport>) -> Option<SenderReport> {
        let report = report?;
        let kind = self.shared.streams.kind(report.ssrc)?;
        let reference = self.shared.clocks.get(kind)?;
        let mut corrected = report.clone();
        corrected.rtp_time = reference.rtp_time_at(now);
        Some(corrected)
    }

    fn on_timeout(&mut self, _now: Instant) {}

    fn next_timeout(&mut self) -> Option<Instant> {
        None
    }
}

interceptor!(ReportClock);
