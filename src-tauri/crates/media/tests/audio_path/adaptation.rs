//! The delay follows the jitter, up and down, without losing sound.

use duet_testkit::dice::Dice;

use super::trace::{Playout, at, packets};

#[test]
fn the_delay_grows_with_jitter_and_returns() {
    for seed in 1..=3 {
        let mut dice = Dice::new(seed * 104_729);
        let mut all = packets(2_500, 5);
        for (index, packet) in all.iter_mut().enumerate() {
            let jitter_us = if (500..1_500).contains(&index) {
                dice.roll(120_000) as i64
            } else {
                0
            };
            packet.arrival_us += 30_000 + jitter_us;
        }
        let mut playout = Playout::new();
        let later = all.split_off(1_500);
        playout.run(all, at(1_500));
        let rough = playout.buffer.stats();
        println!("seed {seed}, 120 ms of jitter: {rough:?}");
        assert!(
            (100_000..=150_000).contains(&rough.target_delay_us),
            "{rough:?}"
        );
        assert!(rough.concealed_ratio() < 0.04, "{rough:?}");
        playout.run(later, at(2_400));
        let calm = playout.buffer.stats();
        println!("seed {seed}, calm again: {calm:?}");
        assert!(calm.delay_us <= 80_000, "{calm:?}");
        assert!(calm.removed_samples > 0, "{calm:?}");
    }
}

#[test]
fn a_drifting_clock_is_followed() {
    // The sender's clock runs 300 ppm fast: in 50 s it gains 15 ms.
    let mut all = packets(2_500, 5);
    for (index, packet) in all.iter_mut().enumerate() {
        packet.arrival_us = at(index) - index as i64 * 6 + 30_000;
    }
    let mut playout = Playout::new();
    playout.run(all, at(2_490));
    let stats = playout.buffer.stats();
    assert!(stats.delay_us < 60_000, "{stats:?}");
    assert_eq!(stats.concealed_samples, 0, "{stats:?}");
}
