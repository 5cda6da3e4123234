//! Makes sound shorter or longer by one pitch period without changing its pitch.
//!
//! The period is the lag at which the sound resembles itself most. One period is faded into the
//! next (shorter), or played twice with a fade between (longer): overlap-add, at the cost of one
//! coarse search. Where nothing repeats (a consonant, noise) nothing is done unless forced; in
//! silence any lag will do.

/// Shortest and longest period, in samples: 2.5 ms and 15 ms.
const SHORTEST: usize = 120;
const LONGEST: usize = 720;
/// Samples that are compared.
const COMPARED: usize = 480;
/// The search first looks at every fourth sample and lag.
const COARSE: usize = 4;
/// What must be there to work on.
pub(super) const SAMPLES_NEEDED: usize = 2 * LONGEST;
/// Resemblance that is enough, 1 being sameness.
const ENOUGH: f32 = 0.6;
/// Mean square of silence: −55 dB of full scale.
const SILENCE: f32 = 3e-6;

/// The samples with the first period removed or repeated. `None`: not here, not now.
pub(super) fn stretch(samples: &[f32], shorten: bool, force: bool) -> Option<Vec<f32>> {
    if samples.len() < SAMPLES_NEEDED {
        return None;
    }
    let (period, resemblance) = best_period(samples);
    let energy = samples[..COMPARED].iter().map(|s| s * s).sum::<f32>() / COMPARED as f32;
    if resemblance < ENOUGH && energy > SILENCE && !force {
        return None;
    }
    let (first, second) = (&samples[..period], &samples[period..2 * period]);
    let mut out = Vec::with_capacity(samples.len() + period);
    if shorten {
        out.extend(fade(first, second));
        out.extend_from_slice(&samples[2 * period..]);
    } else {
        out.extend_from_slice(first);
        out.extend(fade(second, first));
        out.extend_from_slice(&samples[period..]);
    }
    Some(out)
}

fn fade<'a>(from: &'a [f32], to: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
    let step = 1.0 / from.len() as f32;
    let pairs = from.iter().zip(to).enumerate();
    pairs.map(move |(index, (from, to))| {
        let share = (index as f32 + 0.5) * step;
        from * (1.0 - share) + to * share
    })
}

/// The lag of greatest resemblance, and the resemblance.
fn best_period(samples: &[f32]) -> (usize, f32) {
    let better = |best: (usize, f32), lag: usize, step: usize| {
        let found = resemblance(samples, lag, step);
        if found > best.1 { (lag, found) } else { best }
    };
    let coarse = (SHORTEST..=LONGEST)
        .step_by(COARSE)
        .fold((SHORTEST, f32::MIN), |best, lag| better(best, lag, COARSE));
    let from = (coarse.0 - (COARSE - 1)).max(SHORTEST);
    let to = (coarse.0 + COARSE - 1).min(LONGEST);
    (from..=to).fold((coarse.0, f32::MIN), |best, lag| better(best, lag, 1))
}

/// Normalised correlation of the sound with itself `lag` samples later.
fn resemblance(samples: &[f32], lag: usize, step: usize) -> f32 {
    let (mut product, mut here, mut there) = (0.0_f32, 1e-9_f32, 1e-9_f32);
    let pairs = samples[..COMPARED]
        .iter()
        .zip(&samples[lag..lag + COMPARED]);
    for (a, b) in pairs.step_by(step) {
        product += a * b;
        here += a * a;
        there += b * b;
    }
    product / (here * there).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(samples: usize) -> Vec<f32> {
        let step = std::f32::consts::TAU * 200.0 / 48_000.0;
        (0..samples)
            .map(|index| (index as f32 * step).sin() * 0.3)
            .collect()
    }

    #[test]
    fn a_tone_changes_by_whole_periods_and_stays_a_tone() {
        let before = tone(2_000);
        for shorten in [true, false] {
            let after = stretch(&before, shorten, false).expect("a tone repeats");
            let changed = before.len().abs_diff(after.len());
            assert!(
                changed > 0 && changed % 240 <= 1,
                "{changed} samples of 240"
            );
            assert_eq!(after.len() < before.len(), shorten);
            let jump = after
                .windows(2)
                .map(|w| (w[1] - w[0]).abs())
                .fold(0.0, f32::max);
            assert!(jump < 0.012, "a click of {jump}");
        }
    }

    #[test]
    fn noise_is_left_alone_unless_forced() {
        let mut state = 1_u32;
        let noise: Vec<f32> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        })
        .take(2_000)
        .collect();
        assert!(stretch(&noise, true, false).is_none());
        assert!(stretch(&noise, true, true).is_some());
    }
}
