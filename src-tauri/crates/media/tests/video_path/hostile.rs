//! Nothing a peer can send makes us panic, grow without bound or stand still for ever.

use bytes::Bytes;
use duet_media::codec::{VideoCodec, video_decoder};
use duet_media::rtp::ReceivedPacket;
use duet_media::video_jitter::{VideoJitterBuffer, VideoOutput};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use super::stream::{Receiver, Sender};

fn packet() -> impl Strategy<Value = ReceivedPacket> {
    let numbers = prop_oneof![0_u16..40, any::<u16>()];
    let times = prop_oneof![0_u32..4, any::<u32>()];
    let payload = prop::collection::vec(any::<u8>(), 0..40);
    (numbers, times, any::<bool>(), payload, 0_i64..50_000).prop_map(
        |(sequence_number, timestamp, marker, payload, arrival_us)| ReceivedPacket {
            sequence_number,
            timestamp,
            marker,
            payload: Bytes::from(payload),
            arrival_us,
        },
    )
}

/// Failing cases are written down beside the tests, to be committed.
fn config(cases: u32) -> ProptestConfig {
    let file = FileFailurePersistence::Direct("tests/regressions/video_hostile.txt");
    ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(file)),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn any_packets_in_any_order(packets in prop::collection::vec(packet(), 1..120), h264: bool) {
        let codec = if h264 { VideoCodec::H264 } else { VideoCodec::Vp8 };
        let mut buffer = VideoJitterBuffer::default();
        let mut now_us = 0;
        for packet in &packets {
            now_us += packet.arrival_us;
            let packet = ReceivedPacket { arrival_us: now_us, ..packet.clone() };
            buffer.push(codec, &packet);
            let mut outputs = 0;
            while let Some(output) = buffer.poll(now_us) {
                outputs += 1;
                prop_assert!(outputs <= 300, "polling does not end");
                if let VideoOutput::Frame(frame) = output {
                    prop_assert!(!frame.data.is_empty());
                    if frame.data.len() % 3 == 0 {
                        buffer.decoder_lost(now_us);
                    }
                }
            }
        }
    }

    #[test]
    fn any_bytes_as_a_frame(data in prop::collection::vec(any::<u8>(), 0..300), h264: bool) {
        let codec = if h264 { VideoCodec::H264 } else { VideoCodec::Vp8 };
        if VideoCodec::supported().contains(&codec) {
            let mut decoder = video_decoder(codec).expect("decoder");
            let _damaged = decoder.decode(&data);
        }
    }

    #[test]
    fn damaged_frames(at in prop::collection::vec((0_usize..2_000, any::<u8>()), 1..20), h264: bool) {
        let codec = if h264 { VideoCodec::H264 } else { VideoCodec::Vp8 };
        if VideoCodec::supported().contains(&codec) {
            let mut sender = Sender::new(codec);
            let mut decoder = video_decoder(codec).expect("decoder");
            let mut buffer = VideoJitterBuffer::default();
            for _ in 0..4 {
                for packet in sender.next_frame(false) {
                    let mut payload = packet.payload.to_vec();
                    for (index, byte) in &at {
                        let length = payload.len();
                        payload[index % length] ^= byte;
                    }
                    let damaged = ReceivedPacket { payload: payload.into(), ..packet };
                    buffer.push(codec, &damaged);
                    while let Some(output) = buffer.poll(damaged.arrival_us) {
                        if let VideoOutput::Frame(frame) = output {
                            let _damaged = decoder.decode(&frame.data);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_header_that_claims_a_huge_picture_is_refused() {
    // 16383 x 16383 would be 400 MB.
    let huge = [
        0x10, 0, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 0, 0, 0, 0,
    ];
    let mut decoder = video_decoder(VideoCodec::Vp8).expect("decoder");
    assert!(decoder.decode(&huge).is_err());
}

#[test]
fn a_sender_that_begins_anew_is_followed() {
    let mut receiver = Receiver::new(VideoCodec::Vp8);
    let mut first = Sender::new(VideoCodec::Vp8);
    for _ in 0..30 {
        first
            .next_frame(false)
            .iter()
            .for_each(|packet| receiver.receive(packet));
    }
    let before = receiver.pictures.len();
    let shift_us = receiver.now_us;
    let mut second = Sender::new(VideoCodec::Vp8);
    for index in 0..120 {
        for mut packet in second.next_frame(index % 30 == 0) {
            packet.sequence_number = packet.sequence_number.wrapping_sub(20_000);
            packet.arrival_us += shift_us;
            receiver.receive(&packet);
        }
    }
    let after = receiver.pictures.len() - before;
    assert!(after >= 60, "{after} pictures of 120 after the restart");
}
