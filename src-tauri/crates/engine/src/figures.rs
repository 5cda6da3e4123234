//! What an endpoint measures, in the shape of the report that `duet-peer` writes. What is not known
//! is `None`.

use duet_media::codec::VideoCodec;
use serde::{Deserialize, Serialize};

/// Everything measured since the endpoint joined.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// From the wish to join to `joined`, in milliseconds.
    pub joined_ms: Option<u64>,
    /// To the first connected peer connection, from the own join, or for the one who waited from
    /// the other's arrival; in milliseconds.
    pub connected_ms: Option<u64>,
    /// To the first decoded picture, counted as `connected_ms`.
    pub first_frame_ms: Option<u64>,
    /// Our pictures.
    pub video_sent: Option<VideoFigures>,
    /// The other's pictures.
    pub video_received: Option<VideoFigures>,
    /// Our camera beside our screen, now or the last time.
    #[serde(default)]
    pub tile_sent: Option<VideoFigures>,
    /// The other's camera beside their screen, now or the last time.
    #[serde(default)]
    pub tile_received: Option<VideoFigures>,
    /// From the camera's hand-over to the decoded picture, when the pictures carry stamps of a
    /// clock that both share.
    pub latency_ms: Option<LatencyFigures>,
    /// The other's sound.
    pub audio_received: Option<AudioFigures>,
    /// Share of the other's packets that were lost over the last seconds, before repair, 0 … 1.
    #[serde(default)]
    pub received_loss_ratio: Option<f64>,
    /// Packets of sound and pictures that were handed to the network, repairs aside.
    #[serde(default)]
    pub packets_sent: u64,
    /// The path between the two.
    pub path: Option<PathFigures>,
}

/// How a connection does at the moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConnectionFigures {
    /// The path, with its round trip.
    pub path: PathFigures,
    /// Share of the other's packets that were lost over the last seconds, before repair, 0 … 1.
    /// `None` when nothing came, and right after connecting.
    pub loss_ratio: Option<f64>,
    /// The other's pictures a second over the last seconds; `None` right after connecting.
    pub frames_per_second: Option<f64>,
}

/// Pictures in one direction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct VideoFigures {
    /// `vp8` or `h264`.
    pub codec: Option<String>,
    /// Of the last picture, in pixels.
    pub width: Option<u32>,
    /// Of the last picture, in pixels.
    pub height: Option<u32>,
    /// Pictures coded or decoded.
    pub frames: u64,
    /// Pictures a second, from the first to the last.
    pub fps: Option<f64>,
    /// Bits a second on the wire, from the first to the last picture.
    pub bitrate_bps: Option<u64>,
    /// Key frames among them.
    pub key_frames: u64,
    /// Time frozen by the W3C definition, in milliseconds (received only).
    pub freeze_ms: Option<u64>,
    /// Packets that never came (received), or that the other reports lost (sent).
    pub packets_lost: Option<u64>,
    /// Packets asked for again: by us (received), or of us (sent).
    pub nacks: Option<u64>,
    /// Key frames asked for: by us (received), or of us (sent).
    pub plis: Option<u64>,
}

/// What a pipeline counts, in either direction; times are of the media clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) size: (u32, u32),
    pub(crate) frames: u64,
    pub(crate) key_frames: u64,
    pub(crate) bytes: u64,
    pub(crate) first_frame_us: Option<i64>,
    pub(crate) last_frame_us: Option<i64>,
}

impl VideoFigures {
    /// What both directions have; the rest is not known.
    pub(crate) fn new(codec: VideoCodec, counted: &Counted) -> Self {
        Self {
            codec: Some(codec.to_string().to_lowercase()),
            width: Some(counted.size.0),
            height: Some(counted.size.1),
            frames: counted.frames,
            fps: counted.frames_per_second(),
            bitrate_bps: counted.bits_per_second(),
            key_frames: counted.key_frames,
            ..Self::default()
        }
    }
}

impl Counted {
    fn frames_per_second(&self) -> Option<f64> {
        let seconds = self.seconds()?;
        Some((self.frames - 1) as f64 / seconds)
    }

    fn bits_per_second(&self) -> Option<u64> {
        Some((self.bytes as f64 * 8.0 / self.seconds()?) as u64)
    }

    /// From the first to the last of at least two pictures.
    fn seconds(&self) -> Option<f64> {
        let seconds = (self.last_frame_us? - self.first_frame_us?) as f64 / 1e6;
        (self.frames >= 2 && seconds > 0.0).then_some(seconds)
    }
}

/// Delay over many pictures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyFigures {
    /// Half are faster.
    pub p50: f64,
    /// 95 of 100 are faster.
    pub p95: f64,
}

/// Sound received.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AudioFigures {
    /// `opus`.
    pub codec: Option<String>,
    /// Share of what was played that had to be made up.
    pub concealed_ratio: Option<f64>,
    /// Sound waiting in the jitter buffer, in milliseconds.
    pub jitter_buffer_ms: Option<f64>,
    /// Root mean square of what was played since the first packet, in dB of full scale.
    pub level_dbfs: Option<f64>,
}

/// The pair of candidates in use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PathFigures {
    /// Our candidate's type: `host`, `srflx`, `prflx` or `relay`.
    pub local: Option<String>,
    /// The other's.
    pub remote: Option<String>,
    /// Whether both ends are in one network, as far as their addresses show it.
    #[serde(skip)]
    pub is_one_network: bool,
    /// How our packets leave: `udp`, or to a relay also `tcp` or `tls`.
    pub protocol: Option<String>,
    /// Round trip, in milliseconds.
    pub rtt_ms: Option<f64>,
}

/// Collects delays and gives their percentiles; keeps at most an hour at 30 a second.
#[derive(Debug, Default, Clone)]
pub(crate) struct LatencySamples {
    samples_us: Vec<i64>,
}

const MAX_SAMPLES: usize = 108_000;

impl LatencySamples {
    /// Notes one delay; negative ones come from another machine's clock and are not noted.
    pub(crate) fn push(&mut self, latency_us: i64) {
        if (0..60_000_000).contains(&latency_us) && self.samples_us.len() < MAX_SAMPLES {
            self.samples_us.push(latency_us);
        }
    }

    pub(crate) fn figures(&self) -> Option<LatencyFigures> {
        let mut sorted = self.samples_us.clone();
        sorted.sort_unstable();
        let at = |share: f64| {
            let index = ((sorted.len().checked_sub(1)?) as f64 * share).round() as usize;
            sorted.get(index).map(|us| *us as f64 / 1000.0)
        };
        Some(LatencyFigures {
            p50: at(0.5)?,
            p95: at(0.95)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_delays() {
        let mut samples = LatencySamples::default();
        assert_eq!(samples.figures(), None);
        for ms in 1..=100 {
            samples.push(ms * 1000);
        }
        samples.push(-5);
        let figures = samples.figures().expect("there are samples");
        assert!((figures.p50 - 50.0).abs() <= 1.0, "{figures:?}");
        assert!((figures.p95 - 95.0).abs() <= 1.0, "{figures:?}");
    }
}
