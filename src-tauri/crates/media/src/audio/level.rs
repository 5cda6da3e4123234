//! How loud a block is.

/// What silence reads on the meter.
pub const SILENCE_DBFS: f32 = -100.0;

/// Level of a block in decibels of full scale, after AES17: a sine of full scale is 0 dBFS in both
/// numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Root mean square, plus 3.01 dB as AES17 has it.
    pub rms_dbfs: f32,
    /// Largest sample.
    pub peak_dbfs: f32,
}

impl Level {
    /// The level of samples in −1.0 … 1.0; never below [`SILENCE_DBFS`].
    pub fn of(samples: &[f32]) -> Level {
        let peak = samples
            .iter()
            .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        let sum: f32 = samples.iter().map(|sample| sample * sample).sum();
        let mean = sum / samples.len().max(1) as f32;
        Level {
            rms_dbfs: dbfs((2.0 * mean).sqrt()),
            peak_dbfs: dbfs(peak),
        }
    }
}

fn dbfs(amplitude: f32) -> f32 {
    // `max` also answers a NaN with the limit.
    (20.0 * amplitude.log10()).max(SILENCE_DBFS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_sine_is_zero_and_silence_is_the_floor() {
        let sine: Vec<f32> = (0..480)
            .map(|i| (i as f32 * std::f32::consts::TAU / 48.0).sin())
            .collect();
        let level = Level::of(&sine);
        assert!(
            level.rms_dbfs.abs() < 0.01 && level.peak_dbfs.abs() < 0.01,
            "{level:?}"
        );
        let tenth: Vec<f32> = sine.iter().map(|sample| sample / 10.0).collect();
        assert!((Level::of(&tenth).rms_dbfs + 20.0).abs() < 0.01);
        for nothing in [&[0.0; 480][..], &[], &[f32::NAN]] {
            assert_eq!(Level::of(nothing).rms_dbfs, SILENCE_DBFS);
        }
    }
}
