//! When the newest frame of each stream was captured, for sender reports.
//!
//! The library's sender report ties the RTP clock to the moment a packet was *written*, which for
//! video is one encode later than it was captured, and a varying one. Where the caller knows the
//! capture time, the report is corrected with it.

use std::time::Instant;

use parking_lot::Mutex;

use crate::codec::StreamKind;

/// An RTP timestamp and the instant it stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference {
    pub(crate) rtp_timestamp: u32,
    pub(crate) captured: Instant,
    pub(crate) clock_rate_hz: u32,
}

impl Reference {
    /// The RTP time of `now`, running on from the reference.
    pub(crate) fn rtp_time_at(&self, now: Instant) -> u32 {
        let elapsed = now.saturating_duration_since(self.captured).as_secs_f64();
        let ticks = (elapsed * f64::from(self.clock_rate_hz)) as u64;
        self.rtp_timestamp.wrapping_add(ticks as u32)
    }
}

/// Newest references, written by the senders and read by the report interceptor.
#[derive(Debug, Default)]
pub(crate) struct ClockReferences {
    audio: Mutex<Option<Reference>>,
    video: Mutex<Option<Reference>>,
    tile: Mutex<Option<Reference>>,
}

impl ClockReferences {
    pub(crate) fn set(&self, kind: StreamKind, reference: Reference) {
        *self.cell(kind).lock() = Some(reference);
    }

    pub(crate) fn get(&self, kind: StreamKind) -> Option<Reference> {
        *self.cell(kind).lock()
    }

    fn cell(&self, kind: StreamKind) -> &Mutex<Option<Reference>> {
        match kind {
            StreamKind::Audio => &self.audio,
            StreamKind::Video => &self.video,
            StreamKind::Tile => &self.tile,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn rtp_time_runs_on_and_wraps() {
        let captured = Instant::now();
        let reference = Reference {
            rtp_timestamp: u32::MAX - 44_999,
            captured,
            clock_rate_hz: 90_000,
        };
        assert_eq!(reference.rtp_time_at(captured), u32::MAX - 44_999);
        assert_eq!(
            reference.rtp_time_at(captured + Duration::from_secs(1)),
            45_000
        );
    }
}
