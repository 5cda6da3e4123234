//! Delay: none on a clean path, enough on a jittery one, none again afterwards.

use duet_media::codec::VideoCodec;
use duet_testkit::dice::Dice;

use super::stream::{FRAME_US, Receiver, Sender};

#[test]
fn a_clean_path_is_not_delayed() {
    let mut sender = Sender::new(VideoCodec::Vp8);
    let mut receiver = Receiver::new(VideoCodec::Vp8);
    for index in 0..60_i64 {
        for mut packet in sender.next_frame(false) {
            // As an encoder's varying time and the scheduler make it.
            packet.arrival_us += 5_000 + index % 4 * 3_000;
            receiver.receive(&packet);
            if packet.marker {
                let shown = receiver.shown_us.last().copied();
                assert_eq!(shown, Some(packet.arrival_us), "frame {index} waited");
            }
        }
    }
}

#[test]
fn jitter_is_smoothed_and_then_forgotten() {
    let mut dice = Dice::new(11);
    let mut sender = Sender::new(VideoCodec::Vp8);
    let mut receiver = Receiver::new(VideoCodec::Vp8);
    let mut last_arrival = 0;
    for index in 0..450 {
        let jitter_us = if index < 225 {
            dice.roll(80_000) as i64
        } else {
            0
        };
        for mut packet in sender.next_frame(false) {
            // In order: a queue's jitter.
            packet.arrival_us = (packet.arrival_us + 20_000 + jitter_us).max(last_arrival);
            last_arrival = packet.arrival_us;
            receiver.receive(&packet);
        }
        if index == 224 {
            let target = receiver.buffer.stats().target_delay_us;
            assert!((40_000..70_000).contains(&target), "{target} us");
            let gaps = receiver.shown_us[100..]
                .windows(2)
                .map(|pair| pair[1] - pair[0]);
            let uneven = gaps.filter(|gap| (gap - FRAME_US).abs() > 20_000).count();
            assert!(uneven < 12, "{uneven} of 120 frames came unevenly");
        }
    }
    assert_eq!(receiver.buffer.stats().target_delay_us, 0);
}
