//! A stream of real Opus packets through a seeded network into the jitter buffer, in virtual time.

use duet_media::audio_jitter::AudioJitterBuffer;
use duet_media::codec::{AudioEncoder, OpusDecoder, OpusEncoder, OpusSettings};
use duet_media::rtp::ReceivedPacket;

use super::speech::speech;

/// Between two packets.
pub(crate) const PACKET_US: i64 = 20_000;
const START_US: i64 = 5_000_000;

/// Encodes speech; `loss_percent` decides about FEC.
pub(crate) fn packets(count: usize, loss_percent: u8) -> Vec<ReceivedPacket> {
    let settings = OpusSettings {
        expected_loss_percent: loss_percent,
        ..OpusSettings::default()
    };
    let mut encoder = OpusEncoder::new(settings).expect("encoder");
    let packet = |index: usize| {
        let samples: Vec<f32> = (index * 960..(index + 1) * 960).map(speech).collect();
        ReceivedPacket {
            // Both wrap in a longer stream.
            sequence_number: 65_000_u16.wrapping_add(index as u16),
            timestamp: (u32::MAX - 100_000).wrapping_add(index as u32 * 960),
            marker: index == 0,
            payload: encoder.encode(&samples).expect("encodes"),
            arrival_us: START_US + index as i64 * PACKET_US,
        }
    };
    (0..count).map(packet).collect()
}

/// A buffer, what it played, and its clock.
pub(crate) struct Playout {
    pub(crate) buffer: AudioJitterBuffer,
    pub(crate) samples: Vec<f32>,
    pub(crate) now_us: i64,
}

impl Playout {
    pub(crate) fn new() -> Self {
        let decoder = OpusDecoder::new().expect("decoder");
        Self {
            buffer: AudioJitterBuffer::new(Box::new(decoder)),
            samples: Vec::new(),
            now_us: START_US,
        }
    }

    /// Delivers the packets in order of arrival and pulls every 10 ms until `until_us`.
    pub(crate) fn run(&mut self, mut packets: Vec<ReceivedPacket>, until_us: i64) {
        packets.sort_by_key(|packet| packet.arrival_us);
        let mut packets = packets.iter().peekable();
        while self.now_us < until_us {
            while let Some(packet) = packets.next_if(|packet| packet.arrival_us <= self.now_us) {
                self.buffer.push(packet);
            }
            let mut block = [0.0; 480];
            self.buffer.pull(self.now_us, &mut block);
            self.samples.extend(block);
            self.now_us += 10_000;
        }
    }
}

/// When packet `index` leaves.
pub(crate) fn at(index: usize) -> i64 {
    START_US + index as i64 * PACKET_US
}
