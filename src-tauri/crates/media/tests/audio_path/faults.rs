//! Reordering, duplicates, heavy jitter and an outage.

use duet_testkit::dice::Dice;

use super::trace::{Playout, at, packets};

#[test]
fn heavy_jitter_reordering_and_duplicates_stay_bounded() {
    let mut dice = Dice::new(77);
    let mut all = Vec::new();
    for mut packet in packets(2_000, 10) {
        packet.arrival_us += 20_000 + dice.roll(200_000) as i64;
        if dice.roll(10) == 0 {
            all.push(packet.clone());
        }
        all.push(packet);
    }
    let mut playout = Playout::new();
    playout.run(all, at(1_990));
    let stats = playout.buffer.stats();
    println!("200 ms of jitter: {stats:?}");
    assert!(stats.duplicates > 100, "{stats:?}");
    assert!(stats.delay_us <= 300_000, "{stats:?}");
    assert!(stats.concealed_ratio() < 0.05, "{stats:?}");
}

#[test]
fn after_an_outage_the_delay_is_small_again() {
    let mut all = packets(1_000, 5);
    // Two seconds lost, and then one second that a queue held back.
    all.retain(|packet| !(at(300)..at(400)).contains(&packet.arrival_us));
    for packet in &mut all {
        if (at(500)..at(550)).contains(&packet.arrival_us) {
            packet.arrival_us = at(550);
        }
    }
    let later = all.split_off(
        all.iter()
            .position(|p| p.arrival_us >= at(560))
            .expect("there"),
    );
    let mut playout = Playout::new();
    playout.run(all, at(560));
    assert!(
        playout.buffer.stats().delay_us < 330_000,
        "{:?}",
        playout.buffer.stats()
    );
    playout.run(later, at(998));
    let stats = playout.buffer.stats();
    println!("after the outage: {stats:?}");
    assert!(stats.delay_us <= 80_000, "{stats:?}");
}
