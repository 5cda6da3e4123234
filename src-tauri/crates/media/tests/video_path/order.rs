//! Packets in any order, some of them twice: the same pictures in the same order.

use duet_media::codec::VideoCodec;
use duet_media::rtp::ReceivedPacket;
use duet_testkit::dice::Dice;

use super::stream::{Receiver, Sender};

#[test]
fn reordered_and_doubled_packets_change_nothing() {
    for &codec in VideoCodec::supported() {
        for seed in 1..=5 {
            let mut dice = Dice::new(seed * 7_919);
            let mut sender = Sender::new(codec);
            let mut sent = Vec::new();
            let mut packets: Vec<ReceivedPacket> = Vec::new();
            for _ in 0..90 {
                let mut frame = sender.next_frame(false);
                sent.extend(frame.first().map(|packet| packet.timestamp));
                for packet in &mut frame {
                    packet.arrival_us += 20_000 + dice.roll(40_000) as i64;
                }
                if dice.roll(10) == 0 {
                    packets.extend(frame.first().cloned());
                }
                packets.extend(frame);
            }
            packets.sort_by_key(|packet| packet.arrival_us);
            let mut receiver = Receiver::new(codec);
            for packet in &packets {
                receiver.receive(packet);
            }
            receiver.run_until(receiver.now_us + 1_000_000);
            assert_eq!(receiver.timestamps, sent, "{codec}, seed {seed}");
            assert_eq!(receiver.key_frame_requests, 0, "{codec}, seed {seed}");
        }
    }
}
