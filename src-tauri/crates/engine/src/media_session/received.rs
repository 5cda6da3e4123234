//! What is noted about what was received: delays, levels, and the lip-sync between the two.

use duet_media::barcode;
use duet_media::frame::VideoFrame;
use duet_media::lip_sync::{ExtraDelays, LipSync, Stream};
use duet_media::pipeline::PlayoutPoint;
use duet_media::rtp::SenderReport;
use duet_peer::StreamKind;

use super::mean_level_dbfs;
use crate::figures::{LatencyFigures, LatencySamples};

/// Pictures decoded, and how long they took from the camera when they say when that was.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    any: bool,
    latency: LatencySamples,
}

impl Pictures {
    /// Notes a picture; true for the first.
    pub(super) fn note(&mut self, frame: &VideoFrame, now_us: i64) -> bool {
        let stamp = barcode::read(frame.y(), frame.width, frame.height, frame.width as usize);
        if let Some(stamp) = stamp {
            self.latency.push(now_us - stamp.capture_ts_us);
        }
        !std::mem::replace(&mut self.any, true)
    }

    pub(super) fn latency(&self) -> Option<LatencyFigures> {
        self.latency.figures()
    }
}

/// Sound played since the first packet.
#[derive(Debug, Default)]
pub(super) struct Sound {
    received: bool,
    sum_of_squares: f64,
    samples: u64,
}

impl Sound {
    pub(super) fn received(&mut self) {
        self.received = true;
    }

    pub(super) fn has_received(&self) -> bool {
        self.received
    }

    /// Notes what is played.
    pub(super) fn note(&mut self, samples: &[f32]) {
        if self.received {
            let squares = samples.iter().map(|sample| f64::from(*sample).powi(2));
            self.sum_of_squares += squares.sum::<f64>();
            self.samples += samples.len() as u64;
        }
    }

    pub(super) fn level_dbfs(&self) -> Option<f64> {
        mean_level_dbfs(self.sum_of_squares, self.samples)
    }
}

/// Lip-sync between the two streams.
#[derive(Debug, Default)]
pub(super) struct Sync {
    lip_sync: LipSync,
}

impl Sync {
    /// The tile is not measured: it takes the way of the screen and is held as long.
    pub(super) fn sender_report(&mut self, stream: StreamKind, report: SenderReport) {
        match stream {
            StreamKind::Audio => self.lip_sync.sender_report(Stream::Audio, report),
            StreamKind::Video => self.lip_sync.sender_report(Stream::Video, report),
            StreamKind::Tile => {}
        }
    }

    /// How long to hold each stream. Sound is heard `heard_after_us` after it was taken for the
    /// speaker, which can be a tenth of a second; a picture is seen when it is shown.
    pub(super) fn update(
        &mut self,
        audio: Option<PlayoutPoint>,
        video: Option<PlayoutPoint>,
        heard_after_us: i64,
    ) -> ExtraDelays {
        let heard = audio.map(|point| PlayoutPoint {
            played_us: point.played_us + heard_after_us,
            ..point
        });
        self.lip_sync.update(heard, video)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_wait_until_the_sound_is_heard() {
        let mut sync = Sync::default();
        for stream in [StreamKind::Audio, StreamKind::Video] {
            let report = SenderReport {
                ntp: 3_900_000_000 << 32,
                rtp_timestamp: 0,
            };
            sync.sender_report(stream, report);
        }
        let mut delays = ExtraDelays::default();
        for step in 0..100_i64 {
            let captured_us = step * 200_000;
            let point = |ticks_a_ms: i64, extra_us: i64| PlayoutPoint {
                rtp_timestamp: (captured_us * ticks_a_ms / 1_000) as u32,
                played_us: captured_us + 50_000 + extra_us,
            };
            let (audio, video) = (point(48, delays.audio_us), point(90, delays.video_us));
            delays = sync.update(Some(audio), Some(video), 80_000);
        }
        assert_eq!(delays.audio_us, 0);
        assert!((70_000..=90_000).contains(&delays.video_us), "{delays:?}");
    }
}
