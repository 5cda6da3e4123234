//! Keeps the fill of a ring between two clocks at its target by bending the resampling ratio.
//!
//! The feeder runs on the system's clock, the device on its own; a hundred parts per million
//! between them fill or empty a ring within minutes. A proportional-integral controller, damped
//! critically, finds the difference in about a minute and never bends the pitch by more than
//! 0.1 %, which nobody hears. Pure: time comes in as a parameter.

/// Proportional gain, per second: an error of 10 ms bends by 500 parts per million.
const PROPORTIONAL: f64 = 0.05;
/// Integral gain, per second squared: a quarter of the square of the other, for critical damping.
const INTEGRAL: f64 = PROPORTIONAL * PROPORTIONAL / 4.0;
/// Largest bend.
const MAX_BEND: f64 = 1e-3;
/// Time constant of the smoothing of the fill, which jumps with every callback.
const SMOOTHING_S: f64 = 0.5;

/// Turns the fill of a ring into a correction of the resampling ratio.
#[derive(Debug, Clone, Default)]
pub struct DriftCorrector {
    smoothed_error_s: Option<f64>,
    integral: f64,
}

impl DriftCorrector {
    /// A corrector that knows nothing about the clocks yet.
    pub fn new() -> DriftCorrector {
        DriftCorrector::default()
    }

    /// Takes the error of the fill in seconds of sound (positive: too full), `elapsed_s` after the
    /// last one. Returns the factor for the number of samples to produce: below one if too full.
    pub fn update(&mut self, error_s: f64, elapsed_s: f64) -> f64 {
        let weight = 1.0 - (-elapsed_s / SMOOTHING_S).exp();
        let before = self.smoothed_error_s.unwrap_or(error_s);
        let error = before + weight * (error_s - before);
        self.smoothed_error_s = Some(error);
        let integral = self.integral + INTEGRAL * error * elapsed_s;
        let bend = PROPORTIONAL * error + integral;
        // While the bend is at its limit the integral must not wind up.
        if bend.abs() < MAX_BEND {
            self.integral = integral;
        }
        1.0 - bend.clamp(-MAX_BEND, MAX_BEND)
    }

    /// Forgets the fill but not what is known about the clocks: after the ring ran empty.
    pub fn restart(&mut self) {
        self.smoothed_error_s = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A feeder on a perfect clock and a device whose clock is off, for an hour of virtual time.
    /// Returns the worst error after five minutes in ms, and the final factor.
    fn simulate(device_ppm: f64, callback_s: f64, start_error_s: f64) -> (f64, f64) {
        let mut corrector = DriftCorrector::new();
        let (mut fill, target) = (0.030 + start_error_s, 0.030);
        let (mut factor, mut worst) = (1.0, 0.0_f64);
        let mut device_due = 0.0;
        for tick in 0..360_000_u32 {
            let now = f64::from(tick) * 0.01;
            while device_due <= now {
                fill -= callback_s;
                device_due += callback_s / (1.0 + device_ppm * 1e-6);
            }
            // Before it is fed the ring is half a callback below its mean.
            let error = fill + callback_s / 2.0 - target;
            if tick > 30_000 {
                worst = worst.max(corrector.smoothed_error_s.unwrap_or(0.0).abs());
            }
            factor = corrector.update(error, 0.01);
            fill += 0.01 * factor;
        }
        (worst * 1000.0, factor)
    }

    #[test]
    fn holds_the_target_whatever_the_clocks_do() {
        for ppm in [-400.0, -150.0, 0.0, 30.0, 400.0] {
            for callback_s in [0.005, 0.010_666, 0.021_333] {
                for start_error_s in [-0.02, 0.0, 0.04] {
                    let (worst_ms, factor) = simulate(ppm, callback_s, start_error_s);
                    assert!(worst_ms < 5.0, "{worst_ms} ms at {ppm} ppm");
                    let found = (factor - 1.0) * 1e6;
                    assert!((found - ppm).abs() < 120.0, "{found} instead of {ppm} ppm");
                }
            }
        }
    }

    #[test]
    fn never_bends_the_pitch_by_more_than_a_thousandth() {
        let mut corrector = DriftCorrector::new();
        for error in [10.0, -10.0, 0.5, -0.5] {
            for _ in 0..10_000 {
                let factor = corrector.update(error, 0.01);
                assert!((factor - 1.0).abs() <= MAX_BEND + 1e-12);
            }
        }
        // And it comes back from there at once.
        for _ in 0..500 {
            corrector.update(0.0, 0.01);
        }
        assert!((corrector.update(0.0, 0.01) - 1.0).abs() < 5e-4);
    }
}
