//! Lip-sync: how much longer to hold the stream that plays too early.
//!
//! Pure. Sender reports tie each stream's RTP clock to the sender's wall clock; playout points
//! tell what is played when. The difference between the streams is the skew; it is smoothed and
//! removed in small steps, by shortening a delay given before and only then by adding one.
//! RTP clocks and our clock may drift: every report renews the tie.

use crate::pipeline::PlayoutPoint;
use crate::rtp::SenderReport;

/// Which stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// 48 kHz.
    Audio,
    /// 90 kHz.
    Video,
}

/// How long each stream shall be held in addition to its own jitter buffer's delay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExtraDelays {
    /// For [`crate::pipeline::AudioReceive::set_extra_delay_us`].
    pub audio_us: i64,
    /// For [`crate::pipeline::VideoReceive::set_extra_delay_us`].
    pub video_us: i64,
}

/// Largest delay added to either stream. Beyond it, the report is wrong or sync is hopeless.
const MAX_DELAY_US: i64 = 300_000;
/// A skew that nobody sees is left alone.
const DEAD_ZONE_US: i64 = 5_000;
/// Largest change in one step, so that sound is never torn.
const MAX_STEP_US: i64 = 20_000;
/// A skew larger than this is a clock error, not something to correct.
const MAX_SKEW_US: i64 = 2_000_000;

/// See the module.
#[derive(Debug, Default)]
pub struct LipSync {
    audio: Option<SenderReport>,
    video: Option<SenderReport>,
    smoothed_skew_us: Option<i64>,
    delays: ExtraDelays,
}

impl LipSync {
    /// Takes a sender report.
    pub fn sender_report(&mut self, stream: Stream, report: SenderReport) {
        match stream {
            Stream::Audio => self.audio = Some(report),
            Stream::Video => self.video = Some(report),
        }
    }

    /// Compares what is played; call about five times a second. The delays to set from now on.
    pub fn update(
        &mut self,
        audio: Option<PlayoutPoint>,
        video: Option<PlayoutPoint>,
    ) -> ExtraDelays {
        let Some(skew) = self.skew_us(audio, video) else {
            return self.delays;
        };
        if skew.abs() > MAX_SKEW_US {
            return self.delays;
        }
        let smoothed = self.smoothed_skew_us.get_or_insert(skew);
        *smoothed += (skew - *smoothed) / 4;
        let step = (*smoothed / 2).clamp(-MAX_STEP_US, MAX_STEP_US);
        if smoothed.abs() <= DEAD_ZONE_US {
            return self.delays;
        }
        // The skew is about to shrink by this much; do not correct it twice.
        *smoothed -= step;
        self.move_by(step);
        self.delays
    }

    /// How much later the video plays than the audio, in microseconds, by the last smoothed
    /// measure.
    pub fn smoothed_skew_us(&self) -> Option<i64> {
        self.smoothed_skew_us
    }

    /// Positive: video is late.
    fn skew_us(&self, audio: Option<PlayoutPoint>, video: Option<PlayoutPoint>) -> Option<i64> {
        let audio_lag = lag_us(&self.audio?, 48_000, audio?);
        let video_lag = lag_us(&self.video?, 90_000, video?);
        Some(video_lag.wrapping_sub(audio_lag))
    }

    fn move_by(&mut self, step_us: i64) {
        let (early, late) = if step_us > 0 {
            (&mut self.delays.audio_us, &mut self.delays.video_us)
        } else {
            (&mut self.delays.video_us, &mut self.delays.audio_us)
        };
        let step = step_us.abs();
        let taken = step.min(*late);
        *late -= taken;
        *early = (*early + step - taken).min(MAX_DELAY_US);
    }
}

/// Playout time less the sender's wall clock at that sample; a constant offset cancels out.
fn lag_us(report: &SenderReport, clock_hz: i64, played: PlayoutPoint) -> i64 {
    let ticks = played.rtp_timestamp.wrapping_sub(report.rtp_timestamp) as i32;
    let since_report_us = i64::from(ticks) * 1_000_000 / clock_hz;
    // 32.32 fixed point to microseconds, modulo what an i64 holds: only differences count.
    let seconds = (report.ntp >> 32) as i64;
    let fraction_us = ((report.ntp & 0xffff_ffff) * 1_000_000) >> 32;
    let wall_us = seconds * 1_000_000 + fraction_us as i64 + since_report_us;
    played.played_us.wrapping_sub(wall_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL_S: u64 = 3_900_000_000;

    /// Both streams captured together, played with these delays.
    fn run(audio_delay_us: i64, video_delay_us: i64) -> (LipSync, ExtraDelays) {
        let mut sync = LipSync::default();
        let report = |rtp_timestamp| SenderReport {
            ntp: WALL_S << 32 | 1 << 31,
            rtp_timestamp,
        };
        sync.sender_report(Stream::Audio, report(u32::MAX - 100));
        sync.sender_report(Stream::Video, report(7_000));
        let mut delays = ExtraDelays::default();
        for step in 1..100_i64 {
            let captured_us = step * 200_000;
            let audio = PlayoutPoint {
                rtp_timestamp: (u32::MAX - 100).wrapping_add((captured_us * 48 / 1_000) as u32),
                played_us: captured_us + audio_delay_us + delays.audio_us,
            };
            let video = PlayoutPoint {
                rtp_timestamp: 7_000 + (captured_us * 9 / 100) as u32,
                played_us: captured_us + video_delay_us + delays.video_us,
            };
            delays = sync.update(Some(audio), Some(video));
        }
        (sync, delays)
    }

    #[test]
    fn the_early_stream_is_held() {
        let (sync, delays) = run(40_000, 120_000);
        assert_eq!(delays.video_us, 0);
        assert!((70_000..=85_000).contains(&delays.audio_us), "{delays:?}");
        assert!(
            sync.smoothed_skew_us()
                .is_some_and(|skew| skew.abs() <= 6_000)
        );
        let (_, delays) = run(120_000, 40_000);
        assert_eq!(delays.audio_us, 0);
        assert!((70_000..=85_000).contains(&delays.video_us), "{delays:?}");
    }

    #[test]
    fn delays_are_bounded_and_nonsense_is_ignored() {
        let (_, delays) = run(0, 900_000);
        assert_eq!(
            delays,
            ExtraDelays {
                audio_us: MAX_DELAY_US,
                video_us: 0
            }
        );
        let (_, delays) = run(0, 60_000_000);
        assert_eq!(delays, ExtraDelays::default());
        let none = LipSync::default().update(None, None);
        assert_eq!(none, ExtraDelays::default());
    }
}
