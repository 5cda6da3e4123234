//! The sender turns its camera off: nothing is missing then, and nothing is asked for.

use duet_media::codec::VideoCodec;

use super::stream::{FRAME_US, Receiver, Sender};

/// A receiver that has shown five pictures and lost the beginning of the sixth.
fn with_a_hole() -> (Sender, Receiver) {
    let mut sender = Sender::new(VideoCodec::Vp8);
    let mut receiver = Receiver::new(VideoCodec::Vp8);
    receiver.buffer.set_round_trip_us(20_000);
    for index in 0..8 {
        let packets = sender.next_frame(index == 0);
        for packet in packets.iter().skip(usize::from(index == 5)) {
            receiver.receive(packet);
        }
    }
    assert_eq!(receiver.pictures.len(), 5);
    (sender, receiver)
}

#[test]
fn no_key_frame_is_asked_for_while_the_camera_is_off() {
    let (_, mut receiver) = with_a_hole();
    receiver.buffer.pause(receiver.now_us);
    receiver.run_until(receiver.now_us + 3_000_000);
    assert_eq!(receiver.key_frame_requests, 0);
    let (_, mut receiver) = with_a_hole();
    receiver.run_until(receiver.now_us + 3_000_000);
    assert!(
        receiver.key_frame_requests > 0,
        "a camera that is on is asked"
    );
}

#[test]
fn packets_that_come_all_the_same_end_the_pause_but_late_ones_do_not() {
    let (mut sender, mut receiver) = with_a_hole();
    receiver.buffer.pause(receiver.now_us);
    let mut trailing = sender.next_frame(false);
    for packet in &mut trailing {
        packet.arrival_us = receiver.now_us + FRAME_US;
        receiver.receive(packet);
    }
    assert!(receiver.buffer.is_paused());
    for index in 0..60 {
        let later_us = receiver.now_us + if index == 0 { 5_000_000 } else { FRAME_US };
        for packet in &mut sender.next_frame(index == 30) {
            packet.arrival_us = later_us;
            receiver.receive(packet);
        }
    }
    assert!(!receiver.buffer.is_paused());
    assert!(receiver.key_frame_requests > 0, "the hole is still there");
    assert!(receiver.pictures.len() >= 5 + 25, "and is healed");
}
