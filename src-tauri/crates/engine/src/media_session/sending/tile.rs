//! The camera beside a shared screen, made small: what a corner of a window shows, at half the usual
//! frame rate.

use duet_media::display::{covering_size, scaled};
use duet_media::frame::VideoFrame;
use duet_media::scale::I420Scaler;

/// The box that a picture of the tile covers, in pixels.
const SIZE: (u32, u32) = (320, 180);
pub(super) const FRAME_RATE_HZ: u32 = 15;
/// A camera's pictures do not come to the millisecond: of one with 30 a second each second one passes,
/// of one with 15 all of them.
const LEAST_SPACING_US: i64 = 1_000_000 / FRAME_RATE_HZ as i64 * 3 / 4;

/// See the module. Runs on the camera's thread; a picture takes less than a millisecond.
#[derive(Default)]
pub(super) struct Miniature {
    scaler: Option<I420Scaler>,
    last_us: Option<i64>,
}

impl Miniature {
    /// The picture in the tile's size; `None` for those left out.
    pub(super) fn of(&mut self, frame: &VideoFrame) -> Option<VideoFrame> {
        let now_us = frame.capture_ts_us;
        let is_early = |last: i64| (0..LEAST_SPACING_US).contains(&(now_us - last));
        if self.last_us.is_some_and(is_early) {
            return None;
        }
        self.last_us = Some(now_us);
        let (width, height) = covering_size((frame.width, frame.height), SIZE)?;
        let scaler = self.scaler.get_or_insert_with(I420Scaler::new);
        Some(scaled(scaler, frame, width, height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(width: u32, height: u32, capture_ts_us: i64) -> VideoFrame {
        VideoFrame {
            width,
            height,
            data: vec![128; VideoFrame::i420_len(width, height)].into(),
            capture_ts_us,
        }
    }

    #[test]
    fn a_large_camera_is_made_small_and_a_small_one_left_alone() {
        let mut miniature = Miniature::default();
        let sizes = [(1280, 720), (640, 480), (320, 180), (160, 120)];
        let small = sizes.iter().zip(0..).map(|((width, height), number)| {
            let frame = frame(*width, *height, number * 1_000_000);
            let small = miniature.of(&frame).expect("none is early");
            (small.width, small.height)
        });
        let small: Vec<_> = small.collect();
        assert_eq!(small, [(320, 180), (320, 240), (320, 180), (160, 120)]);
    }

    #[test]
    fn at_most_some_fifteen_a_second_pass() {
        for (rate_hz, passes) in [(60, 15..=20), (30, 15..=15), (15, 15..=15), (10, 10..=10)] {
            let mut miniature = Miniature::default();
            let passed = (0..rate_hz)
                // Three milliseconds early or late.
                .map(|number| {
                    number * 1_000_000 / rate_hz + [0, 3_000, -3_000][number as usize % 3]
                })
                .filter(|at| miniature.of(&frame(320, 180, *at)).is_some())
                .count();
            assert!(passes.contains(&passed), "{passed} of {rate_hz}");
        }
    }
}
