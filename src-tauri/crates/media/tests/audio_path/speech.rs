//! Sound that codecs take for speech: a gliding harmonic tone in syllables.

/// Sample `index` at 48 kHz, in −0.5 … 0.5.
pub(crate) fn speech(index: usize) -> f32 {
    let seconds = index as f32 / 48_000.0;
    let glide = 140.0 * seconds + 12.0 * (seconds * 2.1).sin();
    let phase = std::f32::consts::TAU * glide;
    let voice = phase.sin() + 0.5 * (2.0 * phase).sin() + 0.35 * (3.0 * phase).sin();
    let formant = 0.25 * (7.0 * phase).sin();
    let syllable = 0.55 + 0.45 * (std::f32::consts::TAU * 3.0 * seconds).sin();
    0.22 * (voice + formant) * syllable
}

/// Level of samples in dB of full scale.
pub(crate) fn level_db(samples: &[f32]) -> f32 {
    let mean = samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32;
    10.0 * mean.max(1e-12).log10()
}

/// Signal-to-noise ratio of `got` against `wanted`, in dB.
pub(crate) fn snr_db(wanted: &[f32], got: &[f32]) -> f32 {
    let signal = wanted.iter().map(|s| s * s).sum::<f32>();
    let noise = wanted
        .iter()
        .zip(got)
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f32>();
    10.0 * (signal / noise.max(1e-9)).log10()
}
