//! Sounds made and measured: sine waves, levels, and the frequency that stands out.

use std::f32::consts::TAU;

/// Longest stretch analysed: 0.68 s at 48 kHz, bins 1.46 Hz apart.
const MAX_WINDOW: usize = 32_768;

/// A sine of `amplitude` (0 to 1).
pub fn sine(frequency_hz: f32, amplitude: f32, seconds: f32, rate_hz: u32) -> Vec<f32> {
    let count = (seconds * rate_hz as f32) as u32;
    let step = f64::from(frequency_hz) / f64::from(rate_hz);
    (0..count)
        .map(|index| {
            let turns = (f64::from(index) * step).fract() as f32;
            amplitude * (turns * TAU).sin()
        })
        .collect()
}

/// Root mean square, in decibels of full scale, where a full-scale sine has −3. Silence is −∞.
pub fn level_dbfs(samples: &[f32]) -> f32 {
    let energy: f32 = samples.iter().map(|sample| sample * sample).sum();
    10.0 * (energy / samples.len().max(1) as f32).log10()
}

/// The frequency with most energy, good to a fraction of a hertz for a steady tone; none if the
/// sound is shorter than 21 ms at 48 kHz or silent.
pub fn dominant_frequency_hz(samples: &[f32], rate_hz: u32) -> Option<f32> {
    let available = samples.len().min(MAX_WINDOW);
    if available < 1024 {
        return None;
    }
    let length = 1 << available.ilog2();
    let middle = (samples.len() - length) / 2;
    let power = power_spectrum(&samples[middle..middle + length]);
    // The first bins hold a constant offset and what the window smears from it.
    let loudest = (3..power.len() - 1).max_by(|a, b| power[*a].total_cmp(&power[*b]))?;
    if power[loudest] < 1e-9 {
        return None;
    }
    let [left, peak, right] = [loudest - 1, loudest, loudest + 1].map(|bin| power[bin].ln());
    let offset = 0.5 * (left - right) / (left - 2.0 * peak + right);
    Some((loudest as f32 + offset) * rate_hz as f32 / length as f32)
}

/// The energy at one frequency as a share of all: tells one tone out of two.
pub fn share_of_frequency(samples: &[f32], frequency_hz: f32, rate_hz: u32) -> f32 {
    let available = samples.len().min(MAX_WINDOW);
    if available < 1024 {
        return 0.0;
    }
    let length = 1 << available.ilog2();
    let power = power_spectrum(&samples[..length]);
    let bin = (frequency_hz * length as f32 / rate_hz as f32).round() as usize;
    let near = &power[bin.saturating_sub(4).max(1)..(bin + 5).min(power.len())];
    near.iter().sum::<f32>() / power[1..].iter().sum::<f32>().max(f32::MIN_POSITIVE)
}

/// Power of each bin from 0 to half the rate, under a Hann window.
fn power_spectrum(samples: &[f32]) -> Vec<f32> {
    let length = samples.len();
    let mut values: Vec<(f32, f32)> = samples
        .iter()
        .enumerate()
        .map(|(index, sample)| {
            let window = 0.5 - 0.5 * (TAU * index as f32 / length as f32).cos();
            (sample * window, 0.0)
        })
        .collect();
    fourier(&mut values);
    let half = values[..length / 2].iter();
    half.map(|(re, im)| (re * re + im * im) / (length * length) as f32)
        .collect()
}

/// Radix-2 Fourier transform in place; the length is a power of two.
fn fourier(values: &mut [(f32, f32)]) {
    let length = values.len();
    let bits = length.ilog2();
    for index in 0..length {
        let mirrored = index.reverse_bits() >> (usize::BITS - bits);
        if mirrored > index {
            values.swap(index, mirrored);
        }
    }
    let mut half = 1;
    while half < length {
        for start in (0..length).step_by(2 * half) {
            for offset in 0..half {
                let angle = -std::f64::consts::PI * offset as f64 / half as f64;
                let (sin, cos) = (angle.sin() as f32, angle.cos() as f32);
                let (a, b) = (values[start + offset], values[start + offset + half]);
                let turned = (b.0 * cos - b.1 * sin, b.0 * sin + b.1 * cos);
                values[start + offset] = (a.0 + turned.0, a.1 + turned.1);
                values[start + offset + half] = (a.0 - turned.0, a.1 - turned.1);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_frequency_of_a_sine() {
        for wanted in [100.0, 440.0, 997.3, 8_000.0] {
            let heard = dominant_frequency_hz(&sine(wanted, 0.1, 1.0, 48_000), 48_000);
            assert!((heard.unwrap() - wanted).abs() < 0.2, "{wanted}: {heard:?}");
        }
    }

    #[test]
    fn hears_nothing_in_silence() {
        assert_eq!(dominant_frequency_hz(&[0.0; 48_000], 48_000), None);
        assert_eq!(level_dbfs(&[0.0; 480]), f32::NEG_INFINITY);
    }

    #[test]
    fn a_full_scale_sine_has_minus_three_decibels() {
        let level = level_dbfs(&sine(1_000.0, 1.0, 1.0, 48_000));
        assert!((level + 3.01).abs() < 0.01, "{level}");
    }

    #[test]
    fn tells_the_share_of_one_tone_in_two() {
        let loud = sine(500.0, 0.3, 1.0, 48_000);
        let soft = sine(900.0, 0.1, 1.0, 48_000);
        let both: Vec<f32> = loud.iter().zip(&soft).map(|(a, b)| a + b).collect();
        let share = share_of_frequency(&both, 500.0, 48_000);
        assert!((share - 0.9).abs() < 0.01, "{share}");
    }
}
