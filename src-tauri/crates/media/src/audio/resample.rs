//! Mono resampling in pieces of 10 ms, with a ratio that can be bent a little while it runs.

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Async, FixedAsync, Resampler, SincInterpolationParameters, WindowFunction};

use super::AudioError;

/// How far the ratio may be bent from its nominal value.
const MAX_RELATIVE_RATIO: f64 = 1.02;
/// Length of the filter in samples: a delay of half of it, 1.3 ms at 48 kHz.
const FILTER_LEN: usize = 128;

/// Turns samples at one rate into samples at another. Takes any number at a time, works in pieces
/// of 10 ms, and allocates nothing once it runs.
pub struct MonoResampler {
    resampler: Async<f32>,
    /// Samples of the piece that is being filled.
    waiting: Vec<f32>,
    piece: usize,
    output: Vec<f32>,
}

impl std::fmt::Debug for MonoResampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MonoResampler")
    }
}

impl MonoResampler {
    /// A resampler between two rates in Hz.
    pub fn new(from_hz: u32, to_hz: u32) -> Result<MonoResampler, AudioError> {
        let piece = (from_hz as usize / 100).max(1);
        let filter = SincInterpolationParameters::new(FILTER_LEN, WindowFunction::BlackmanHarris2);
        let ratio = f64::from(to_hz) / f64::from(from_hz);
        let resampler = Async::new_sinc(
            ratio,
            MAX_RELATIVE_RATIO,
            &filter,
            piece,
            1,
            FixedAsync::Input,
        )
        .map_err(|_| AudioError::UnsupportedFormat)?;
        Ok(MonoResampler {
            output: vec![0.0; resampler.output_frames_max()],
            resampler,
            waiting: Vec::with_capacity(piece),
            piece,
        })
    }

    /// Bends the ratio: a factor above one makes more samples, slower and lower. From 0.99 to 1.01.
    pub fn bend(&mut self, factor: f64) {
        if let Some(adjustable) = self.resampler.as_adjustable() {
            let factor = factor.clamp(0.99, 1.01);
            if let Err(error) = adjustable.set_resample_ratio_relative(factor, true) {
                tracing::debug!(%error, "the resampling ratio could not be bent");
            }
        }
    }

    /// Takes samples and passes the result on, in as many parts as pieces became full.
    pub fn push(&mut self, mut samples: &[f32], mut take: impl FnMut(&[f32])) {
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(self.piece - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            samples = later;
            if self.waiting.len() == self.piece {
                let made = self.process();
                self.waiting.clear();
                take(&self.output[..made]);
            }
        }
    }

    fn process(&mut self) -> usize {
        let room = self.output.len();
        let input = SequentialSlice::new(&self.waiting[..], 1, self.piece);
        let output = SequentialSlice::new_mut(&mut self.output[..], 1, room);
        let (Ok(input), Ok(mut output)) = (input, output) else {
            return 0;
        };
        match self
            .resampler
            .process_into_buffer(&input, &mut output, None)
        {
            Ok((_, made)) => made,
            Err(error) => {
                tracing::warn!(%error, "resampling failed");
                0
            }
        }
    }
}
