//! Tones: a steady one for tests, and a short pleasant one to try a speaker.

use std::f32::consts::TAU;

use crate::frame::AudioBlock;

const RATE_HZ: f32 = AudioBlock::RATE_HZ as f32;

/// A sine at −20 dBFS (amplitude 0.1).
#[derive(Debug, Clone)]
pub struct Tone {
    step: f32,
    phase: f32,
}

impl Tone {
    /// A tone of this frequency, which should be below 20 kHz.
    pub fn new(frequency_hz: f32) -> Tone {
        Tone {
            step: frequency_hz / RATE_HZ,
            phase: 0.0,
        }
    }

    /// Continues the tone.
    pub fn fill(&mut self, samples: &mut [f32]) {
        for sample in samples {
            *sample = 0.1 * (self.phase * TAU).sin();
            self.phase = (self.phase + self.step).fract();
        }
    }
}

/// The sound of the lobby's "Test speaker": two soft notes, a fifth apart, 1.2 s in all.
#[derive(Debug, Clone, Default)]
pub struct SpeakerTest {
    position: usize,
}

impl SpeakerTest {
    /// Length in samples.
    pub const LEN: usize = AudioBlock::RATE_HZ as usize * 12 / 10;
    /// Start of each note in seconds and its frequency in Hz.
    const NOTES: [(f32, f32); 2] = [(0.0, 523.25), (0.35, 783.99)];

    /// At its beginning.
    pub fn new() -> SpeakerTest {
        SpeakerTest::default()
    }

    /// Mixes the sound into samples that may carry something else. False once it is over.
    pub fn mix_into(&mut self, samples: &mut [f32]) -> bool {
        for sample in samples {
            if self.position >= SpeakerTest::LEN {
                return false;
            }
            *sample = (*sample + self.sample()).clamp(-1.0, 1.0);
            self.position += 1;
        }
        self.position < SpeakerTest::LEN
    }

    fn sample(&self) -> f32 {
        let time = self.position as f32 / RATE_HZ;
        let end = SpeakerTest::LEN as f32 / RATE_HZ;
        let fade_out = ((end - time) / 0.05).min(1.0);
        let note = |(start, frequency): &(f32, f32)| {
            let since = time - start;
            if since < 0.0 {
                return 0.0;
            }
            bell(since, *frequency)
        };
        fade_out * SpeakerTest::NOTES.iter().map(note).sum::<f32>()
    }
}

/// A bell: quick attack, slow decay, a second harmonic that dies sooner.
fn bell(since: f32, frequency_hz: f32) -> f32 {
    let attack = (since / 0.01).min(1.0);
    let fundamental = (since * frequency_hz * TAU).sin() * (-since * 4.0).exp();
    let harmonic = (since * frequency_hz * 2.0 * TAU).sin() * (-since * 9.0).exp();
    attack * (0.18 * fundamental + 0.05 * harmonic)
}

/// Notes that come again after a while: what rings here, and what a caller hears of the ringing there.
#[derive(Debug, Clone)]
pub struct RingTone {
    /// Start of each note in seconds and its frequency in Hz.
    notes: &'static [(f32, f32)],
    volume: f32,
    period: usize,
    position: usize,
}

impl RingTone {
    /// A rising figure, twice, every 4 s: to be noticed from another room, and not to startle.
    const INCOMING: [(f32, f32); 8] = [
        (0.0, 659.26),
        (0.16, 783.99),
        (0.32, 987.77),
        (0.48, 1318.51),
        (1.0, 659.26),
        (1.16, 783.99),
        (1.32, 987.77),
        (1.48, 1318.51),
    ];
    /// Two low notes every 3 s, quieter: the caller has them at the ear.
    const RINGBACK: [(f32, f32); 2] = [(0.0, 440.0), (0.4, 440.0)];

    /// For the one who is called.
    pub fn incoming() -> RingTone {
        RingTone {
            notes: &RingTone::INCOMING,
            volume: 1.0,
            period: AudioBlock::RATE_HZ as usize * 4,
            position: 0,
        }
    }

    /// For the one who calls.
    pub fn ringback() -> RingTone {
        RingTone {
            notes: &RingTone::RINGBACK,
            volume: 0.5,
            period: AudioBlock::RATE_HZ as usize * 3,
            position: 0,
        }
    }

    /// Mixes the tone into samples that may carry something else.
    pub fn mix_into(&mut self, samples: &mut [f32]) {
        for sample in samples {
            let time = self.position as f32 / RATE_HZ;
            let note = |(start, frequency): &(f32, f32)| {
                let since = time - start;
                if since < 0.0 {
                    0.0
                } else {
                    bell(since, *frequency)
                }
            };
            let sound = self.notes.iter().map(note).sum::<f32>();
            *sample = (*sample + self.volume * sound).clamp(-1.0, 1.0);
            self.position = (self.position + 1) % self.period;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Level;

    #[test]
    fn the_tone_has_its_level_and_never_breaks() {
        let mut tone = Tone::new(440.0);
        let mut all = vec![0.0; 4800];
        all.chunks_mut(480).for_each(|block| tone.fill(block));
        assert!((Level::of(&all).rms_dbfs + 20.0).abs() < 0.1);
        let largest_step = all
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .fold(0.0, f32::max);
        assert!(largest_step < 0.1 * TAU * 440.0 / RATE_HZ * 1.01);
    }

    #[test]
    fn ring_tones_are_heard_come_again_and_have_no_clicks() {
        for (mut tone, peaks) in [
            (RingTone::incoming(), -12.0..-3.0),
            (RingTone::ringback(), -24.0..-12.0),
        ] {
            let period = tone.period;
            let mut all = vec![0.0; 2 * period];
            all.chunks_mut(480).for_each(|block| tone.mix_into(block));
            let peak = Level::of(&all).peak_dbfs;
            assert!(peaks.contains(&peak), "{peak}");
            assert_eq!(all[..period], all[period..]);
            let silence = &all[period - 480..period];
            assert!(silence.iter().all(|sample| sample.abs() < 0.001));
            let steps = all.windows(2).map(|pair| (pair[1] - pair[0]).abs());
            assert!(steps.fold(0.0, f32::max) < 0.1);
        }
    }

    #[test]
    fn the_speaker_test_starts_and_ends_softly_and_is_heard() {
        let mut test = SpeakerTest::new();
        let mut all = Vec::new();
        let mut block = [0.0; 480];
        while test.mix_into(&mut block) {
            all.extend(block);
            block = [0.0; 480];
        }
        all.extend(block);
        assert!(all[0].abs() < 0.01 && all[SpeakerTest::LEN - 1].abs() < 0.001);
        let peak = Level::of(&all).peak_dbfs;
        assert!((-20.0..-6.0).contains(&peak), "{peak}");
        assert!(!test.mix_into(&mut block));
    }
}
