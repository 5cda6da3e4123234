//! The two audio pipelines joined.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use duet_media::clock;
use duet_media::codec::OpusSettings;
use duet_media::frame::AudioBlock;
use duet_media::pipeline::{AudioReceive, AudioSend};
use duet_media::rtp::{OutgoingPacket, ReceivedPacket};

use super::speech::{level_db, speech};

/// Generous: only a hang reaches it.
const LONG: Duration = Duration::from_secs(30);

fn block(index: usize) -> AudioBlock {
    AudioBlock {
        samples: std::array::from_fn(|sample| speech(index * 480 + sample)),
        capture_ts_us: 1_000_000 + index as i64 * 10_000,
    }
}

fn received(number: u16, packet: OutgoingPacket) -> ReceivedPacket {
    ReceivedPacket {
        sequence_number: number,
        timestamp: packet.timestamp,
        marker: packet.marker,
        payload: packet.payload,
        arrival_us: clock::now_us(),
    }
}

#[test]
fn sound_comes_through_and_mute_silences_it() {
    let (to, packets) = sync_channel(64);
    let send = AudioSend::start(OpusSettings::default(), move |packet| {
        to.send(packet).expect("the test listens");
    })
    .expect("starts");
    let receive = Arc::new(AudioReceive::new().expect("starts"));
    let mut number = 0_u16;
    let mut next_timestamp = None;
    let mut levels = Vec::new();
    for stretch in 0..2_usize {
        send.set_muted(stretch == 1);
        let mut played = Vec::new();
        for pair in 0..60_usize {
            let index = stretch * 120 + pair * 2;
            send.input().put(block(index));
            send.input().put(block(index + 1));
            let packet = packets.recv_timeout(LONG).expect("a packet for two blocks");
            assert_eq!(
                packet.timestamp,
                *next_timestamp.get_or_insert(packet.timestamp)
            );
            next_timestamp = Some(packet.timestamp.wrapping_add(960));
            receive.push(&received(number, packet));
            number += 1;
            std::thread::sleep(Duration::from_millis(20));
            for _ in 0..2 {
                let mut out = block(0);
                receive.pull(&mut out);
                played.extend(out.samples);
            }
        }
        levels.push(level_db(&played[played.len() / 2..]));
    }
    assert!(levels[0] > -25.0 && levels[1] < -60.0, "{levels:?}");
    assert_eq!(send.stats().packets, 120);
    assert!(receive.playout_point().is_some());
    drop(send);
    assert!(packets.recv_timeout(LONG).is_err(), "the thread has ended");
}

#[test]
fn a_gap_in_capture_moves_the_time_stamps_on() {
    let (to, packets) = sync_channel(64);
    let send = AudioSend::start(OpusSettings::default(), move |packet| {
        to.send(packet).expect("the test listens");
    })
    .expect("starts");
    let mut timestamps = Vec::new();
    for index in [0, 1, 2, 3, 104, 105] {
        send.input().put(block(index));
        if index % 2 == 1 {
            let packet = packets.recv_timeout(LONG).expect("a packet");
            timestamps.push((packet.timestamp, packet.marker));
        }
    }
    assert_eq!(timestamps[1].0 - timestamps[0].0, 960);
    assert_eq!(timestamps[2].0 - timestamps[1].0, 51 * 960);
    assert_eq!(
        timestamps.iter().map(|(_, m)| *m).collect::<Vec<_>>(),
        [true, false, true]
    );
}
