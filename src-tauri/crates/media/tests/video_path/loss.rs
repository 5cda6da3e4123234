//! Loss: repaired if the repair comes in time; otherwise given up, and a key frame asked for.

use duet_media::codec::VideoCodec;
use duet_testkit::dice::Dice;

use super::stream::{FRAME_US, Receiver, Sender};

#[test]
fn a_repair_in_time_loses_nothing() {
    for &codec in VideoCodec::supported() {
        let mut dice = Dice::new(42);
        let mut sender = Sender::new(codec);
        let mut packets = Vec::new();
        let mut frames = 0;
        for _ in 0..90 {
            let mut frame = sender.next_frame(false);
            frames += usize::from(!frame.is_empty());
            for packet in &mut frame {
                // One packet in five is lost and repaired after one to three round trips.
                let lost = dice.roll(5) == 0;
                let repair_us = if lost {
                    50_000 * (1 + dice.roll(3) as i64)
                } else {
                    0
                };
                packet.arrival_us += 25_000 + repair_us;
            }
            packets.extend(frame);
        }
        packets.sort_by_key(|packet| packet.arrival_us);
        let mut receiver = Receiver::new(codec);
        receiver.buffer.set_round_trip_us(50_000);
        packets.iter().for_each(|packet| receiver.receive(packet));
        receiver.run_until(receiver.now_us + 1_000_000);
        assert_eq!(receiver.pictures.len(), frames, "{codec}");
        assert_eq!(receiver.key_frame_requests, 0, "{codec}");
        assert_eq!(
            receiver.buffer.stats().target_delay_us,
            0,
            "{codec}: repairs are no jitter"
        );
    }
}

#[test]
fn an_unrepaired_loss_asks_for_a_key_frame_and_goes_on_there() {
    for &codec in VideoCodec::supported() {
        let mut sender = Sender::new(codec);
        let mut receiver = Receiver::new(codec);
        receiver.buffer.set_round_trip_us(20_000);
        let mut answered = None;
        for index in 0..90 {
            // The sender answers a request two frames later.
            let asked = receiver.key_frame_requests > 0 && answered.is_none();
            let force = asked && index % 2 == 0;
            if force {
                answered = Some(index);
            }
            let mut packets = sender.next_frame(force);
            if index == 20 {
                packets.remove(0);
            }
            packets.iter().for_each(|packet| receiver.receive(packet));
        }
        let answered = answered.expect("a key frame was asked for");
        // 200 ms of waiting are six frames; the request comes right after.
        assert!(
            (26..=30).contains(&answered),
            "{codec}: answered at {answered}"
        );
        assert_eq!(receiver.key_frame_requests, 1, "{codec}");
        let stats = receiver.buffer.stats();
        assert_eq!((stats.given_up, stats.key_frames), (1, 2), "{codec}");
        assert_eq!(receiver.pictures.len(), 20 + 90 - answered, "{codec}");
    }
}

#[test]
fn requests_repeat_while_packets_come_but_not_too_often() {
    let mut sender = Sender::new(VideoCodec::Vp8);
    let mut receiver = Receiver::new(VideoCodec::Vp8);
    sender.next_frame(false);
    for _ in 0..90 {
        sender
            .next_frame(false)
            .iter()
            .for_each(|packet| receiver.receive(packet));
    }
    // Three seconds without the first key frame, at most one request in 300 ms.
    assert!(
        (8..=11).contains(&receiver.key_frame_requests),
        "{}",
        receiver.key_frame_requests
    );
    let asked = receiver.key_frame_requests;
    receiver.run_until(receiver.now_us + 100 * FRAME_US);
    assert!(
        receiver.key_frame_requests <= asked + 2,
        "a silent sender is left alone"
    );
}
