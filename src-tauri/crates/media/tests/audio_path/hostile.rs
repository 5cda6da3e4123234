//! Nothing a peer can send makes us panic or grow.

use bytes::Bytes;
use duet_media::audio_jitter::AudioJitterBuffer;
use duet_media::codec::{OpusDecoder, packet_has_fec};
use duet_media::rtp::ReceivedPacket;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

fn packet() -> impl Strategy<Value = (ReceivedPacket, u8)> {
    let numbers = prop_oneof![0_u16..30, any::<u16>()];
    let times = prop_oneof![
        (0_u32..30).prop_map(|n| n * 960),
        0_u32..5_000,
        any::<u32>()
    ];
    let payload = prop::collection::vec(any::<u8>(), 0..60);
    (numbers, times, payload, 0_i64..60_000, 0_u8..6).prop_map(
        |(sequence_number, timestamp, payload, arrival_us, pulls)| {
            let payload = Bytes::from(payload);
            let packet = ReceivedPacket {
                sequence_number,
                timestamp,
                marker: false,
                payload,
                arrival_us,
            };
            (packet, pulls)
        },
    )
}

/// Failing cases are written down beside the tests, to be committed.
fn config(cases: u32) -> ProptestConfig {
    let file = FileFailurePersistence::Direct("tests/regressions/audio_hostile.txt");
    ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(file)),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn any_packets_in_any_order(packets in prop::collection::vec(packet(), 1..150)) {
        let decoder = OpusDecoder::new().expect("decoder");
        let mut buffer = AudioJitterBuffer::new(Box::new(decoder));
        let mut now_us = 0;
        for (packet, pulls) in packets {
            now_us += packet.arrival_us;
            let _known = packet_has_fec(&packet.payload);
            buffer.push(&ReceivedPacket { arrival_us: now_us, ..packet });
            for _ in 0..pulls {
                let mut block = [f32::NAN; 480];
                buffer.pull(now_us, &mut block);
                prop_assert!(block.iter().all(|sample| sample.is_finite()));
                now_us += 10_000;
            }
        }
    }
}
