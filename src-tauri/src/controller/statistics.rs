//! Figures for the statistics panel, once a second while it is open; and the name of the path.

use std::time::Instant;

use duet_engine::{Figures, PathFigures, VideoFigures};

use super::{Controller, Window};
use crate::view::{CallPath, PathStatistics, SoundStatistics, StatisticsView, VideoStatistics};

/// Counters at the last measurement, to tell rates of the last second.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    at: Instant,
    frames_in: u64,
    frames_out: u64,
}

impl<W: Window> Controller<W> {
    /// Asks the endpoint and shows what it says.
    pub(super) async fn measure(&mut self) {
        let Ok(figures) = self.endpoint.figures().await else {
            return;
        };
        let counted = Counted {
            at: Instant::now(),
            frames_in: figures
                .video_received
                .as_ref()
                .map_or(0, |video| video.frames),
            frames_out: figures.video_sent.as_ref().map_or(0, |video| video.frames),
        };
        self.view.statistics = Some(view(&figures, &counted, self.previous_bytes.as_ref()));
        self.previous_bytes = Some(counted);
    }
}

fn view(figures: &Figures, now: &Counted, before: Option<&Counted>) -> StatisticsView {
    let rate = |now_frames: u64, before_frames: u64| {
        let seconds = before.map_or(0.0, |before| (now.at - before.at).as_secs_f64());
        if seconds > 0.0 {
            now_frames.saturating_sub(before_frames) as f64 / seconds
        } else {
            0.0
        }
    };
    let frames_in = rate(now.frames_in, before.map_or(0, |before| before.frames_in));
    let frames_out = rate(now.frames_out, before.map_or(0, |before| before.frames_out));
    let received = figures.video_received.as_ref();
    let sent = figures.video_sent.as_ref();
    StatisticsView {
        round_trip_ms: figures.path.as_ref().and_then(|path| path.rtt_ms),
        loss_ratio: figures.received_loss_ratio,
        receive_bps: received.and_then(|video| video.bitrate_bps),
        send_bps: sent.and_then(|video| video.bitrate_bps),
        video_in: received.and_then(|video| {
            let latency_ms = figures.latency_ms.map(|latency| latency.p50);
            video_statistics(video, frames_in, latency_ms)
        }),
        video_out: sent.and_then(|video| video_statistics(video, frames_out, None)),
        sound_in: figures.audio_received.as_ref().and_then(|audio| {
            Some(SoundStatistics {
                codec: audio.codec.clone()?,
                buffer_ms: audio.jitter_buffer_ms,
                concealed_ratio: audio.concealed_ratio,
            })
        }),
        path: figures.path.as_ref().and_then(|path| {
            Some(PathStatistics {
                kind: call_path(Some(path)),
                protocol: path.protocol.clone()?,
            })
        }),
    }
}

fn video_statistics(
    video: &VideoFigures,
    frames_per_second: f64,
    latency_ms: Option<f64>,
) -> Option<VideoStatistics> {
    Some(VideoStatistics {
        codec: video.codec.clone()?,
        width: video.width?,
        height: video.height?,
        frames_per_second,
        frames_dropped: None,
        latency_ms,
    })
}

/// Any relay makes the path a relayed one. Two host candidates alone say nothing: with IPv6 they may be on
/// two continents.
pub(super) fn call_path(path: Option<&PathFigures>) -> CallPath {
    let types = path.and_then(|path| Some((path.local.as_deref()?, path.remote.as_deref()?)));
    match types {
        None => CallPath::Unknown,
        Some(("relay", _) | (_, "relay")) => CallPath::Relay,
        Some(_) if path.is_some_and(|path| path.is_one_network) => CallPath::Local,
        Some(_) => CallPath::Direct,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(local: &str, remote: &str) -> PathFigures {
        PathFigures {
            local: Some(local.to_owned()),
            remote: Some(remote.to_owned()),
            is_one_network: false,
            protocol: Some("udp".to_owned()),
            rtt_ms: None,
        }
    }

    #[test]
    fn the_path_is_named_by_its_candidates() {
        assert_eq!(call_path(None), CallPath::Unknown);
        let inside = |local, remote| PathFigures {
            is_one_network: true,
            ..path(local, remote)
        };
        assert_eq!(call_path(Some(&inside("host", "host"))), CallPath::Local);
        // A browser that hides its address behind a name of mDNS.
        assert_eq!(call_path(Some(&inside("host", "prflx"))), CallPath::Local);
        assert_eq!(call_path(Some(&inside("relay", "host"))), CallPath::Relay);
        assert_eq!(call_path(Some(&path("host", "host"))), CallPath::Direct);
        assert_eq!(call_path(Some(&path("prflx", "host"))), CallPath::Direct);
        assert_eq!(call_path(Some(&path("host", "relay"))), CallPath::Relay);
    }
}
