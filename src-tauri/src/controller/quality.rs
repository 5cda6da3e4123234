//! One word for how well a call goes, from what its connection measures.
//!
//! The worst of three decides: packets lost (what speech suffers from first), the round trip (when
//! people start to talk over each other; ITU-T G.114 calls 150 ms one way unnoticed and 400 ms the
//! limit) and pictures a second. A word that flickers tells nothing, so a worse one is shown when two
//! measurements in a row say so, and a better one after three.

use duet_engine::ConnectionFigures;

use crate::view::Quality;

/// Best first. A measure at or beyond a limit is worse than that word.
const WORDS: [Quality; 4] = [
    Quality::Excellent,
    Quality::Good,
    Quality::Fair,
    Quality::Poor,
];
/// Share of packets lost before repair.
const LOSS_LIMITS: [f64; 3] = [0.01, 0.03, 0.08];
/// Milliseconds there and back.
const ROUND_TRIP_LIMITS_MS: [f64; 3] = [200.0, 350.0, 600.0];
/// Milliseconds from picture to picture: 14, 10 and 5 a second. Cameras give 15 in the dark.
const PICTURE_GAP_LIMITS_MS: [f64; 3] = [1000.0 / 14.0, 100.0, 200.0];

const WORSE_AFTER: u32 = 2;
const BETTER_AFTER: u32 = 3;

/// See the module. Takes one measurement every two seconds.
#[derive(Debug, Default)]
pub(super) struct QualityMeter {
    /// An index into [`WORDS`].
    shown: Option<usize>,
    worse_in_a_row: u32,
    better_in_a_row: u32,
}

impl QualityMeter {
    /// Takes a measurement; `sends_pictures` is whether the other's camera is on.
    pub(super) fn note(&mut self, figures: &ConnectionFigures, sends_pictures: bool) {
        let Some(measured) = measured(figures, sends_pictures) else {
            return;
        };
        let Some(shown) = self.shown else {
            self.shown = Some(measured);
            return;
        };
        self.worse_in_a_row = count(measured > shown, self.worse_in_a_row);
        self.better_in_a_row = count(measured < shown, self.better_in_a_row);
        if self.worse_in_a_row >= WORSE_AFTER {
            self.shown = Some(measured);
            self.worse_in_a_row = 0;
        } else if self.better_in_a_row >= BETTER_AFTER {
            // One step at a time: a path that was bad has to earn its word.
            self.shown = Some(shown - 1);
            self.better_in_a_row = 0;
        }
    }

    /// The word; none before enough was measured.
    pub(super) fn quality(&self) -> Option<Quality> {
        self.shown.and_then(|word| WORDS.get(word).copied())
    }
}

fn count(holds: bool, so_far: u32) -> u32 {
    if holds { so_far + 1 } else { 0 }
}

/// The worst of what is known; none right after connecting, when only the round trip is.
fn measured(figures: &ConnectionFigures, sends_pictures: bool) -> Option<usize> {
    let loss = figures.loss_ratio.map(|loss| step(loss, &LOSS_LIMITS));
    let frame_rate = figures.frames_per_second.filter(|_| sends_pictures);
    let gaps = frame_rate.map(|rate| step(1000.0 / rate.max(0.1), &PICTURE_GAP_LIMITS_MS));
    let known = loss.into_iter().chain(gaps).max()?;
    let round_trip = figures.path.rtt_ms;
    let round_trip = round_trip.map_or(0, |rtt_ms| step(rtt_ms, &ROUND_TRIP_LIMITS_MS));
    Some(known.max(round_trip))
}

fn step(value: f64, limits: &[f64]) -> usize {
    limits.iter().filter(|limit| value >= **limit).count()
}

#[cfg(test)]
mod tests {
    use duet_engine::PathFigures;

    use super::*;

    fn figures(loss: f64, rtt_ms: f64, frames_per_second: f64) -> ConnectionFigures {
        ConnectionFigures {
            path: PathFigures {
                rtt_ms: Some(rtt_ms),
                ..PathFigures::default()
            },
            loss_ratio: Some(loss),
            frames_per_second: Some(frames_per_second),
        }
    }

    fn word(figures: &ConnectionFigures) -> Option<Quality> {
        let mut meter = QualityMeter::default();
        meter.note(figures, true);
        meter.quality()
    }

    #[test]
    fn the_worst_measure_gives_the_word() {
        assert_eq!(word(&figures(0.0, 20.0, 30.0)), Some(Quality::Excellent));
        assert_eq!(word(&figures(0.0, 20.0, 15.0)), Some(Quality::Excellent));
        assert_eq!(word(&figures(0.02, 20.0, 30.0)), Some(Quality::Good));
        assert_eq!(word(&figures(0.0, 400.0, 30.0)), Some(Quality::Fair));
        assert_eq!(word(&figures(0.0, 20.0, 3.0)), Some(Quality::Poor));
        assert_eq!(word(&figures(0.3, 20.0, 30.0)), Some(Quality::Poor));
        assert_eq!(word(&ConnectionFigures::default()), None);
    }

    #[test]
    fn a_camera_that_is_off_is_no_bad_picture() {
        let mut meter = QualityMeter::default();
        meter.note(&figures(0.0, 20.0, 0.0), false);
        assert_eq!(meter.quality(), Some(Quality::Excellent));
    }

    #[test]
    fn one_bad_moment_changes_no_word_and_the_way_back_is_slower() {
        let (fine, bad) = (figures(0.0, 20.0, 30.0), figures(0.3, 20.0, 30.0));
        let mut meter = QualityMeter::default();
        let mut words = |figures: &ConnectionFigures, times: u32| {
            for _ in 0..times {
                meter.note(figures, true);
            }
            meter.quality()
        };
        assert_eq!(words(&fine, 1), Some(Quality::Excellent));
        assert_eq!(words(&bad, 1), Some(Quality::Excellent));
        assert_eq!(words(&fine, 1), Some(Quality::Excellent));
        assert_eq!(words(&bad, 2), Some(Quality::Poor));
        assert_eq!(words(&fine, 2), Some(Quality::Poor));
        assert_eq!(words(&fine, 1), Some(Quality::Fair));
        assert_eq!(words(&fine, 6), Some(Quality::Excellent));
    }
}
