//! The video bitrate until congestion control comes: a rule on the loss in receiver reports.
//! Sans-IO.
//!
//! More than 10 % loss cuts 30 %, less than 2 % adds 5 % a second, between them nothing changes.
//! It knows nothing of delay and is meant to be replaced by a bandwidth estimator; loss is all a
//! receiver report tells.

use std::time::{Duration, Instant};

/// Where video starts.
pub const START_BITRATE_BPS: u64 = 1_000_000;
/// The most it may use.
pub const MAX_BITRATE_BPS: u64 = 2_500_000;
/// The least that still makes a picture.
pub const MIN_BITRATE_BPS: u64 = 150_000;

/// Cuts follow each other by at least this, so that one loss seen in two reports counts once.
const CUT_SPACING: Duration = Duration::from_millis(900);
/// A report after a silence does not raise by more than this much time's worth.
const MAX_RAISE_TIME: Duration = Duration::from_secs(2);

/// The rule and its state.
#[derive(Debug, Clone)]
pub struct RateControl {
    target_bps: f64,
    last_report: Option<(Instant, u32)>,
    last_cut: Option<Instant>,
}

impl Default for RateControl {
    fn default() -> Self {
        Self {
            target_bps: START_BITRATE_BPS as f64,
            last_report: None,
            last_cut: None,
        }
    }
}

impl RateControl {
    /// The rate in force.
    pub fn target_bitrate_bps(&self) -> u64 {
        self.target_bps as u64
    }

    /// One report block about our video (RFC 3550, section 6.4.1): the share lost since the last
    /// report in 1/256, and the highest sequence number received. Gives the new rate if it
    /// changed.
    pub fn on_report(&mut self, now: Instant, fraction_lost: u8, highest: u32) -> Option<u64> {
        let before = self.target_bitrate_bps();
        let previous = self.last_report.replace((now, highest));
        let (elapsed, moved) = match previous {
            None => (Duration::ZERO, true),
            Some((at, seen)) => (now.saturating_duration_since(at), seen != highest),
        };
        if !moved {
            return None;
        }
        let loss = f64::from(fraction_lost) / 256.0;
        if loss > 0.10 {
            self.cut(now);
        } else if loss < 0.02 {
            let seconds = elapsed.min(MAX_RAISE_TIME).as_secs_f64();
            self.target_bps *= 1.05_f64.powf(seconds);
        }
        self.target_bps = self
            .target_bps
            .clamp(MIN_BITRATE_BPS as f64, MAX_BITRATE_BPS as f64);
        let after = self.target_bitrate_bps();
        (after != before).then_some(after)
    }

    fn cut(&mut self, now: Instant) {
        let spaced = self
            .last_cut
            .is_none_or(|last| now.saturating_duration_since(last) >= CUT_SPACING);
        if spaced {
            self.last_cut = Some(now);
            self.target_bps *= 0.7;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(control: &mut RateControl, start: Instant, seconds: u64, fraction_lost: u8) {
        for second in 0..seconds {
            let highest = (start.elapsed().as_nanos() as u32).wrapping_add(second as u32);
            control.on_report(start + Duration::from_secs(second), fraction_lost, highest);
        }
    }

    #[test]
    fn a_clean_path_rises_five_percent_a_second_to_the_cap() {
        let (start, mut control) = (Instant::now(), RateControl::default());
        control.on_report(start, 0, 1);
        let after = control.on_report(start + Duration::from_secs(1), 0, 2);
        assert_eq!(after, Some(1_050_000));
        for second in 2..60 {
            control.on_report(start + Duration::from_secs(second), 0, second as u32 + 1);
        }
        assert_eq!(control.target_bitrate_bps(), MAX_BITRATE_BPS);
    }

    #[test]
    fn heavy_loss_cuts_thirty_percent_down_to_the_floor() {
        let (start, mut control) = (Instant::now(), RateControl::default());
        assert_eq!(control.on_report(start, 40, 1), Some(700_000));
        run(&mut control, start + Duration::from_secs(1), 30, 128);
        assert_eq!(control.target_bitrate_bps(), MIN_BITRATE_BPS);
    }

    #[test]
    fn two_reports_of_one_loss_cut_once() {
        let (start, mut control) = (Instant::now(), RateControl::default());
        control.on_report(start, 40, 1);
        let soon = start + Duration::from_millis(100);
        assert_eq!(control.on_report(soon, 40, 2), None);
    }

    #[test]
    fn moderate_loss_and_silence_change_nothing() {
        let (start, mut control) = (Instant::now(), RateControl::default());
        assert_eq!(control.on_report(start, 13, 1), None);
        control.on_report(start + Duration::from_secs(1), 13, 2);
        assert_eq!(
            control.on_report(start + Duration::from_secs(2), 0, 2),
            None
        );
        assert_eq!(control.target_bitrate_bps(), START_BITRATE_BPS);
    }
}
