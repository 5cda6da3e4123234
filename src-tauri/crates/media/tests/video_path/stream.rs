//! An encoded stream as numbered packets, and a jitter buffer with a decoder behind it.

use bytes::Bytes;
use duet_media::codec::{
    VideoCodec, VideoContent, VideoDecoder, VideoEncoder, VideoEncoderSettings, video_decoder,
    video_encoder,
};
use duet_media::frame::VideoFrame;
use duet_media::packetize::VideoPacketizer;
use duet_media::rtp::ReceivedPacket;
use duet_media::video_jitter::{VideoJitterBuffer, VideoOutput};

use super::moving_picture::moving_picture;

/// Between two pictures.
pub(crate) const FRAME_US: i64 = 33_333;
const START_US: i64 = 1_000_000;

/// Encodes the moving picture and numbers the packets.
pub(crate) struct Sender {
    encoder: Box<dyn VideoEncoder>,
    packetizer: VideoPacketizer,
    sequence: u16,
    index: u32,
}

impl Sender {
    pub(crate) fn new(codec: VideoCodec) -> Self {
        let settings = VideoEncoderSettings {
            bitrate_bps: 800_000,
            frame_rate_hz: 30,
            content: VideoContent::Camera,
        };
        Self {
            encoder: video_encoder(codec, settings).expect("this build has it"),
            packetizer: VideoPacketizer::new(codec),
            // Wraps in every longer test.
            sequence: 65_500,
            index: 0,
        }
    }

    /// The packets of the next picture, as they leave.
    pub(crate) fn next_frame(&mut self, force_key_frame: bool) -> Vec<ReceivedPacket> {
        let picture = moving_picture(320, 240, self.index);
        let sent_us = START_US + i64::from(self.index) * FRAME_US;
        self.index += 1;
        let encoded = self
            .encoder
            .encode(&picture, force_key_frame)
            .expect("encodes");
        let Some(encoded) = encoded else {
            return Vec::new();
        };
        let packets = self.packetizer.packetize(&encoded);
        let numbered = packets.into_iter().map(|packet| {
            let number = self.sequence;
            self.sequence = number.wrapping_add(1);
            ReceivedPacket {
                sequence_number: number,
                timestamp: packet.timestamp,
                marker: packet.marker,
                payload: packet.payload,
                arrival_us: sent_us,
            }
        });
        numbered.collect()
    }

    /// Padding on the media stream, as browsers send it to probe the path.
    pub(crate) fn padding(&mut self, after: &ReceivedPacket) -> ReceivedPacket {
        let number = self.sequence;
        self.sequence = number.wrapping_add(1);
        ReceivedPacket {
            sequence_number: number,
            payload: Bytes::new(),
            marker: false,
            ..after.clone()
        }
    }
}

/// A jitter buffer that decodes at once what it gives.
pub(crate) struct Receiver {
    pub(crate) buffer: VideoJitterBuffer,
    decoder: Box<dyn VideoDecoder>,
    codec: VideoCodec,
    pub(crate) pictures: Vec<VideoFrame>,
    /// When each picture came out.
    pub(crate) shown_us: Vec<i64>,
    pub(crate) timestamps: Vec<u32>,
    pub(crate) key_frame_requests: usize,
    pub(crate) now_us: i64,
}

impl Receiver {
    pub(crate) fn new(codec: VideoCodec) -> Self {
        Self {
            buffer: VideoJitterBuffer::default(),
            decoder: video_decoder(codec).expect("this build has it"),
            codec,
            pictures: Vec::new(),
            shown_us: Vec::new(),
            timestamps: Vec::new(),
            key_frame_requests: 0,
            now_us: START_US,
        }
    }

    /// Lets virtual time pass, then hands the packet over.
    pub(crate) fn receive(&mut self, packet: &ReceivedPacket) {
        self.run_until(packet.arrival_us);
        self.buffer.push(self.codec, packet);
        self.drain();
    }

    /// Polls at every time-out up to `until_us`.
    pub(crate) fn run_until(&mut self, until_us: i64) {
        while let Some(at_us) = self
            .buffer
            .poll_timeout()
            .filter(|at_us| *at_us <= until_us)
        {
            // A time-out in the past must do something or move on.
            self.now_us = at_us.max(self.now_us + 1_000);
            if self.now_us > until_us {
                break;
            }
            self.drain();
        }
        self.now_us = self.now_us.max(until_us);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.buffer.poll(self.now_us) {
            match output {
                VideoOutput::RequestKeyFrame => self.key_frame_requests += 1,
                VideoOutput::Frame(frame) => match self.decoder.decode(&frame.data) {
                    Ok(picture) => {
                        self.pictures.extend(picture);
                        self.shown_us.push(self.now_us);
                        self.timestamps.push(frame.rtp_timestamp);
                    }
                    Err(error) => panic!("the buffer gave what cannot be decoded: {error}"),
                },
            }
        }
    }
}
