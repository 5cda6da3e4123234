//! What is noted about what was received: delays, levels, and the lip-sync between the two.

use duet_media::barcode;
use duet_media::frame::VideoFrame;
use duet_media::lip_sync::{LipSync, Stream};
use duet_media::pipeline::{AudioReceive, VideoReceive};
use duet_media::rtp::SenderReport;
use duet_peer::MediaKind;

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
    pub(super) fn sender_report(&mut self, kind: MediaKind, report: SenderReport) {
        match kind {
            MediaKind::Audio => self.lip_sync.sender_report(Stream::Audio, report),
            MediaKind::Video => self.lip_sync.sender_report(Stream::Video, report),
        }
    }

    /// Delays the stream that is early.
    pub(super) fn update(&mut self, video: &VideoReceive, audio: &AudioReceive) {
        let delays = self
            .lip_sync
            .update(audio.playout_point(), video.playout_point());
        video.set_extra_delay_us(delays.video_us);
        audio.set_extra_delay_us(delays.audio_us);
    }
}
