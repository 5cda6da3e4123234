//! The link emulator against its own word.

use duet_testkit::link::{Fate, Link, LinkConfig};

fn fates(config: LinkConfig, seed: u64, count: u32) -> Vec<Fate> {
    let mut link = Link::new(config, seed);
    (0..count)
        .map(|index| link.send(i64::from(index) * 1_000, 1_000, index))
        .collect()
}

fn lost_share(fates: &[Fate]) -> f64 {
    let lost = fates.iter().filter(|fate| **fate == Fate::Lost).count();
    lost as f64 / fates.len() as f64
}

#[test]
fn the_same_seed_gives_the_same_fates() {
    let config = LinkConfig {
        loss: 0.2,
        jitter_us: 5_000,
        delay_us: 20_000,
        ..LinkConfig::PERFECT
    };
    assert_eq!(fates(config, 7, 5_000), fates(config, 7, 5_000));
    assert_ne!(fates(config, 7, 5_000), fates(config, 8, 5_000));
}

#[test]
fn loses_the_share_asked_for_in_bursts_of_the_length_asked_for() {
    for burst in [1.0, 4.0] {
        let config = LinkConfig {
            loss: 0.1,
            loss_burst_packets: burst,
            ..LinkConfig::PERFECT
        };
        let fates = fates(config, 1, 200_000);
        let share = lost_share(&fates);
        assert!((share - 0.1).abs() < 0.01, "burst {burst}: lost {share}");
        let starts = fates
            .windows(2)
            .filter(|pair| pair[0] != Fate::Lost && pair[1] == Fate::Lost)
            .count();
        let mean = share * fates.len() as f64 / starts as f64;
        // Independent loss of one tenth makes runs of 1.11 by chance.
        let wanted = if burst > 1.0 { burst } else { 1.11 };
        assert!((mean - wanted).abs() < 0.1 * wanted, "burst {mean}");
    }
}

#[test]
fn delays_within_the_jitter_and_keeps_the_order() {
    let config = LinkConfig {
        delay_us: 25_000,
        jitter_us: 15_000,
        ..LinkConfig::PERFECT
    };
    let mut last_us = i64::MIN;
    for (index, fate) in fates(config, 3, 10_000).into_iter().enumerate() {
        let Fate::Arrives(at_us) = fate else {
            panic!("lost without loss");
        };
        let took_us = at_us - index as i64 * 1_000;
        assert!((10_000..=40_000).contains(&took_us), "{took_us}");
        assert!(at_us >= last_us);
        last_us = at_us;
    }
}

#[test]
fn reorders_only_when_asked() {
    let config = LinkConfig {
        jitter_us: 15_000,
        delay_us: 25_000,
        reorder: true,
        ..LinkConfig::PERFECT
    };
    let mut link = Link::new(config, 5);
    for index in 0..1_000 {
        link.send(index * 1_000, 1_000, index);
    }
    let mut arrived = Vec::new();
    while let Some((_, index)) = link.receive(i64::MAX) {
        arrived.push(index);
    }
    assert_eq!(arrived.len(), 1_000);
    assert!(!arrived.is_sorted());
}

#[test]
fn nothing_arrives_before_its_time() {
    let config = LinkConfig {
        delay_us: 10_000,
        ..LinkConfig::PERFECT
    };
    let mut link = Link::new(config, 0);
    link.send(500, 100, "packet");
    assert_eq!(link.next_arrival_us(), Some(10_500));
    assert_eq!(link.receive(10_499), None);
    assert_eq!(link.receive(10_500), Some((10_500, "packet")));
    assert_eq!(link.receive(i64::MAX), None);
}

#[test]
fn a_bottleneck_spaces_packets_and_drops_at_a_full_queue() {
    let config = LinkConfig {
        rate_bps: Some(800_000),
        queue_bytes: 5_000,
        ..LinkConfig::PERFECT
    };
    let mut link = Link::new(config, 0);
    let fates: Vec<Fate> = (0..10).map(|index| link.send(0, 1_000, index)).collect();
    // 1,000 bytes take 10 ms at 800 kbit/s; five of them fill the queue.
    let arrivals: Vec<Fate> = (1..=5).map(|place| Fate::Arrives(place * 10_000)).collect();
    assert_eq!(fates[..5], arrivals);
    assert_eq!(fates[5..], [Fate::QueueFull; 5]);
    assert_eq!(link.send(50_000, 1_000, 10), Fate::Arrives(60_000));
}

#[test]
fn duplicates_the_share_asked_for() {
    let config = LinkConfig {
        duplicate: 0.25,
        ..LinkConfig::PERFECT
    };
    let mut link = Link::new(config, 9);
    for index in 0..20_000 {
        link.send(index, 100, index);
    }
    let mut arrived = 0;
    while link.receive(i64::MAX).is_some() {
        arrived += 1;
    }
    assert!((24_500..25_500).contains(&arrived), "{arrived}");
}
