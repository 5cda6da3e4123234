//! The test pattern: a gradient that drifts, a disc and a box that cross it, and a stamp.
//!
//! It is content that a codec has to work for (motion, edges, smooth areas) and yet costs well
//! under a millisecond per 720p frame, because every row is one copy out of a prepared ramp.

use std::sync::Arc;
use std::time::Instant;

use super::pacer::Pacer;
use super::{VideoFormat, VideoSink};
use crate::barcode::{self, Stamp};
use crate::clock;
use crate::frame::VideoFrame;
use crate::stop::StopSignal;

/// Draws frames of the test pattern.
#[derive(Debug)]
pub struct TestPattern {
    width: u32,
    height: u32,
    luma_ramp: Vec<u8>,
    chroma_ramp: Vec<u8>,
}

/// Length of the luma ramp in pixels before it repeats.
const RAMP: usize = 512;

impl TestPattern {
    /// A pattern of an even size.
    pub fn new(width: u32, height: u32) -> TestPattern {
        let triangle = |i: usize, low: usize, high: usize| {
            let phase = i % RAMP;
            let rising = phase.min(RAMP - phase);
            (low + rising * (high - low) / (RAMP / 2)) as u8
        };
        let length = width as usize + RAMP;
        TestPattern {
            width,
            height,
            luma_ramp: (0..length).map(|i| triangle(i, 40, 210)).collect(),
            chroma_ramp: (0..length).map(|i| triangle(i, 84, 172)).collect(),
        }
    }

    /// Draws frame `number` into a packed I420 picture, without a stamp.
    ///
    /// # Panics
    /// If `data` is shorter than an I420 picture of the size.
    pub fn draw(&self, number: u32, data: &mut [u8]) {
        let (width, height) = (self.width as usize, self.height as usize);
        let shift = number as usize;
        let (luma, chroma) = data.split_at_mut(width * height);
        for (y, row) in luma.chunks_exact_mut(width).enumerate() {
            let from = (y + shift * 4) % RAMP;
            row.copy_from_slice(&self.luma_ramp[from..from + width]);
        }
        let half = width / 2;
        for (index, plane) in chroma
            .chunks_exact_mut(half * (height / 2))
            .take(2)
            .enumerate()
        {
            for (y, row) in plane.chunks_exact_mut(half).enumerate() {
                let from = (y * (index + 1) + shift * (2 - index) + index * 200) % RAMP;
                row.copy_from_slice(&self.chroma_ramp[from..from + half]);
            }
        }
        self.draw_disc(shift, data);
        self.draw_box(shift, data);
    }

    fn draw_disc(&self, time: usize, data: &mut [u8]) {
        let (width, height) = (self.width as usize, self.height as usize);
        let radius = height / 8;
        let centre_x = radius + bounce(time * width / 200, width - 2 * radius);
        let centre_y = radius + bounce(time * height / 150, height - 2 * radius);
        for y in centre_y - radius..centre_y + radius {
            let off = y.abs_diff(centre_y);
            let reach = (radius * radius - off * off).isqrt();
            let colour = if (off / 8) % 2 == 0 { 225 } else { 190 };
            data[y * width + centre_x - reach..y * width + centre_x + reach].fill(colour);
        }
    }

    fn draw_box(&self, time: usize, data: &mut [u8]) {
        let (width, height) = (self.width as usize, self.height as usize);
        let side = height / 6;
        let left = bounce(time * width / 320, width - side);
        let top = bounce(height / 2 + time * height / 240, height - side);
        for y in top..top + side {
            data[y * width + left..][..side].fill(30);
        }
    }
}

/// A point that runs to and fro between 0 and `range`.
fn bounce(distance: usize, range: usize) -> usize {
    let range = range.max(1);
    let phase = distance % (2 * range);
    phase.min(2 * range - phase)
}

/// Delivers the pattern until the signal is raised. The picture is drawn ahead; only the stamp is
/// written when the frame is due.
pub(super) fn run(format: VideoFormat, sink: &VideoSink, stop: &StopSignal) {
    let VideoFormat { width, height, .. } = format;
    let pattern = TestPattern::new(width, height);
    let mut pacer = Pacer::new(Instant::now(), format.frames_per_second);
    let mut number = 0_u32;
    loop {
        let mut data: Arc<[u8]> =
            std::iter::repeat_n(0, VideoFrame::i420_len(width, height)).collect();
        let pixels = Arc::make_mut(&mut data);
        pattern.draw(number, pixels);
        if stop.wait_until(pacer.due()) {
            return;
        }
        let capture_ts_us = clock::now_us();
        let stamp = Stamp {
            frame_number: number,
            capture_ts_us,
        };
        barcode::write_i420(pixels, width, height, stamp);
        sink(VideoFrame {
            width,
            height,
            data,
            capture_ts_us,
        });
        number = number.wrapping_add(1);
        pacer.advance(Instant::now());
    }
}
