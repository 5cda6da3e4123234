//! From the devices to the connection: two encoders and the tasks that hand packets over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use duet_media::clock;
use duet_media::codec::{OpusSettings, VideoCodec};
use duet_media::frame::{AudioBlock, VideoFrame};
use duet_media::pipeline::{
    AudioInput, AudioSend, PipelineError, VideoInput, VideoSend, VideoSendSettings,
};
use duet_media::rtp::OutgoingPacket;
use duet_peer::{Codec, OutgoingRtp, Peer, PeerStats, RtpSender, SendCodec, SendOutcome};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::figures::{Counted, VideoFigures};

/// Coded frames that may wait for the connection: a quarter of a second.
const FRAMES_WAITING: usize = 8;
/// Packets of sound that may wait: half a second.
const SOUND_WAITING: usize = 25;
const FRAME_RATE_HZ: u32 = 30;

/// See the module. Dropping it joins the encoders; the tasks end with their channels.
pub(super) struct Sending {
    video: VideoSend,
    audio: AudioSend,
    pictures: VideoInput,
    sound: AudioInput,
    sender: RtpSender,
    coded: Arc<Mutex<VideoCodec>>,
    dropped_frames: Arc<AtomicU64>,
}

impl Sending {
    pub(super) fn start(peer: &Peer) -> Result<Self, PipelineError> {
        let codec = VideoCodec::Vp8;
        let coded = Arc::new(Mutex::new(codec));
        let settings = VideoSendSettings {
            codec,
            bitrate_bps: u32::try_from(peer.target_bitrate_bps()).unwrap_or(u32::MAX),
            frame_rate_hz: FRAME_RATE_HZ,
        };
        let (frames, waiting_frames) = mpsc::channel(FRAMES_WAITING);
        let dropped_frames = Arc::new(AtomicU64::new(0));
        let dropped = Arc::clone(&dropped_frames);
        let video = VideoSend::start(settings, move |packets: Vec<OutgoingPacket>| {
            if frames.try_send(packets).is_err() {
                dropped.fetch_add(1, Ordering::Relaxed);
            }
        })?;
        let (packets, waiting_packets) = mpsc::channel(SOUND_WAITING);
        let audio = AudioSend::start(OpusSettings::default(), move |packet| {
            if packets.try_send(packet).is_err() {
                tracing::trace!("a packet of sound was too late");
            }
        })?;
        let sender = peer.video_sender();
        let same = Arc::clone(&coded);
        tokio::spawn(send_frames(waiting_frames, sender.clone(), same));
        tokio::spawn(send_sound(waiting_packets, peer.audio_sender()));
        Ok(Self {
            pictures: video.input(),
            sound: audio.input(),
            video,
            audio,
            sender,
            coded,
            dropped_frames,
        })
    }

    /// Uses the codec that was negotiated last.
    pub(super) fn follow_negotiation(&self) {
        let Some(codec) = self.sender.codec().and_then(video_codec) else {
            return;
        };
        let mut coded = self.coded.lock();
        if *coded != codec {
            *coded = codec;
            self.video.set_codec(codec);
        }
    }

    pub(super) fn picture(&self, frame: VideoFrame) {
        // Frames that the connection did not take leave a hole that only a key frame closes.
        if self.dropped_frames.swap(0, Ordering::Relaxed) > 0 {
            self.video.force_key_frame();
        }
        self.pictures.put(frame);
    }

    pub(super) fn sound(&self, block: &AudioBlock) {
        self.sound.put(block.clone());
    }

    pub(super) fn force_key_frame(&self) {
        self.video.force_key_frame();
    }

    pub(super) fn set_bitrate_bps(&self, bps: u64) {
        self.video
            .set_bitrate_bps(u32::try_from(bps).unwrap_or(u32::MAX));
    }

    /// Prepares the sound for this loss.
    pub(super) fn set_expected_loss_percent(&self, percent: u8) {
        self.audio.set_expected_loss_percent(percent);
    }

    pub(super) fn figures(&self, stats: &PeerStats) -> Option<VideoFigures> {
        let video = self.video.stats();
        let counted = Counted {
            size: (video.width, video.height),
            frames: video.frames,
            key_frames: video.key_frames,
            bytes: video.bytes,
            first_frame_us: video.first_frame_us,
            last_frame_us: video.last_frame_us,
        };
        Some(VideoFigures {
            packets_lost: Some(stats.video.remote_packets_lost),
            nacks: Some(stats.video.nacks_received),
            plis: Some(stats.video.plis_received),
            ..VideoFigures::new(video.codec?, &counted)
        })
    }
}

fn video_codec(negotiated: SendCodec) -> Option<VideoCodec> {
    match negotiated.codec {
        Codec::Vp8 => Some(VideoCodec::Vp8),
        Codec::H264 => Some(VideoCodec::H264),
        Codec::Opus => None,
    }
}

async fn send_frames(
    mut frames: mpsc::Receiver<Vec<OutgoingPacket>>,
    sender: RtpSender,
    coded: Arc<Mutex<VideoCodec>>,
) {
    while let Some(packets) = frames.recv().await {
        let codec = match *coded.lock() {
            VideoCodec::Vp8 => Codec::Vp8,
            VideoCodec::H264 => Codec::H264,
        };
        for packet in packets {
            if !send(&sender, codec, packet).await {
                break;
            }
        }
    }
}

async fn send_sound(mut packets: mpsc::Receiver<OutgoingPacket>, sender: RtpSender) {
    while let Some(packet) = packets.recv().await {
        send(&sender, Codec::Opus, packet).await;
    }
}

/// False when the rest of the frame is of no use.
async fn send(sender: &RtpSender, codec: Codec, packet: OutgoingPacket) -> bool {
    let captured = captured_at(codec, packet.timestamp);
    let packet = OutgoingRtp {
        codec,
        timestamp: packet.timestamp,
        marker: packet.marker,
        payload: packet.payload,
        captured,
    };
    match sender.send(packet).await {
        Ok(SendOutcome::Sent) => true,
        Ok(SendOutcome::Paused | SendOutcome::OtherCodec) => false,
        Err(error) => {
            tracing::debug!(%error, "a packet was not sent");
            false
        }
    }
}

/// When the picture or sound of this RTP timestamp was captured: the pipelines' timestamps are the
/// media clock in ticks of the codec, cut to 32 bits.
fn captured_at(codec: Codec, timestamp: u32) -> Option<Instant> {
    let rate_hz = i64::from(codec.clock_rate_hz());
    let now = (clock::now_us().wrapping_mul(rate_hz / 1000) / 1000) as u32;
    let age_ticks = now.wrapping_sub(timestamp).cast_signed();
    let age_us = u64::try_from(i64::from(age_ticks) * 1_000_000 / rate_hz).ok()?;
    Instant::now().checked_sub(Duration::from_micros(age_us))
}
