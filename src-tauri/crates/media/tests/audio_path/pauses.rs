//! A sender that stops on purpose is no loss, whether it stops for a moment or for long.

use super::trace::{Playout, at, packets};

#[test]
fn a_pause_of_the_sender_is_not_counted_as_concealed() {
    // Muted by not sending: sequence numbers go on, time stamps jump.
    for paused in [10, 200] {
        let mut all = packets(600, 5);
        for (index, packet) in all.iter_mut().enumerate().skip(300) {
            packet.timestamp = packet.timestamp.wrapping_add(paused * 960);
            packet.arrival_us = at(index + paused as usize);
        }
        let mut playout = Playout::new();
        playout.run(all, at(598 + paused as usize));
        let stats = playout.buffer.stats();
        println!("paused for {paused} packets: {stats:?}");
        assert_eq!(stats.concealed_samples, 0, "{stats:?}");
        assert!(stats.delay_us < 60_000, "{stats:?}");
        assert!(
            stats.level_dbfs.is_some_and(|level| level > -25.0),
            "{stats:?}"
        );
    }
}

#[test]
fn silence_before_the_first_packet() {
    let mut playout = Playout::new();
    playout.run(Vec::new(), at(50));
    let stats = playout.buffer.stats();
    assert_eq!((stats.played_samples, stats.level_dbfs), (0, None));
    assert!(playout.samples.iter().all(|sample| *sample == 0.0));
}
