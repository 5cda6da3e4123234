//! From the devices to the connection: two encoders and the tasks that hand packets over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use duet_media::clock;
use duet_media::codec::{OpusSettings, VideoCodec, VideoContent};
use duet_media::frame::{AudioBlock, VideoFrame};
use duet_media::pipeline::{
    AudioInput, AudioSend, PipelineError, VideoInput, VideoSend, VideoSendSettings,
};
use duet_media::rtp::OutgoingPacket;
use duet_peer::{Codec, OutgoingRtp, Peer, PeerStats, RtpSender, SendCodec, SendOutcome};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::figures::{Counted, VideoFigures};

/// Coded frames that may wait for the connection: a quarter of a second.
const FRAMES_WAITING: usize = 8;
/// Packets of sound that may wait: half a second.
const SOUND_WAITING: usize = 25;
const FRAME_RATE_HZ: u32 = 30;

/// See the module. Dropping it joins the encoders; the tasks end with their channels.
pub(super) struct Sending {
    video: Mutex<VideoPart>,
    sound: Mutex<SoundPart>,
    video_sender: RtpSender,
    sound_sender: RtpSender,
    coded: Arc<Mutex<VideoCodec>>,
    bitrate_bps: AtomicU32,
    expected_loss_percent: AtomicU8,
    dropped_frames: Arc<AtomicU64>,
    gone: Arc<AtomicBool>,
}

/// The encoder of pictures and the task that hands its packets over.
struct VideoPart {
    encoder: VideoSend,
    input: VideoInput,
    task: JoinHandle<()>,
}

/// The same for sound.
struct SoundPart {
    encoder: AudioSend,
    input: AudioInput,
    task: JoinHandle<()>,
}

impl Sending {
    pub(super) fn start(peer: &Peer) -> Result<Self, PipelineError> {
        let coded = Arc::new(Mutex::new(VideoCodec::Vp8));
        let bitrate_bps = u32::try_from(peer.target_bitrate_bps()).unwrap_or(u32::MAX);
        let (video_sender, sound_sender) = (peer.video_sender(), peer.audio_sender());
        let dropped_frames = Arc::default();
        let gone = Arc::default();
        let settings = OpusSettings::default();
        let outgoing = |sender: &RtpSender| Outgoing {
            sender: sender.clone(),
            gone: Arc::clone(&gone),
        };
        let video = VideoPart::start(
            bitrate_bps,
            outgoing(&video_sender),
            &coded,
            &dropped_frames,
        )?;
        let sound = SoundPart::start(settings, outgoing(&sound_sender))?;
        Ok(Self {
            video: Mutex::new(video),
            sound: Mutex::new(sound),
            video_sender,
            sound_sender,
            coded,
            bitrate_bps: AtomicU32::new(bitrate_bps),
            expected_loss_percent: AtomicU8::new(settings.expected_loss_percent),
            dropped_frames,
            gone,
        })
    }

    /// Whether the encoder of pictures or its task has ended.
    pub(super) fn video_is_broken(&self) -> bool {
        let part = self.video.lock();
        !part.encoder.is_running() || part.task.is_finished()
    }

    /// Whether the encoder of sound or its task has ended.
    pub(super) fn sound_is_broken(&self) -> bool {
        let part = self.sound.lock();
        !part.encoder.is_running() || part.task.is_finished()
    }

    /// A new encoder begins with a key frame.
    pub(super) fn rebuild_video(&self) -> Result<(), PipelineError> {
        let outgoing = self.outgoing(&self.video_sender);
        let bitrate_bps = self.bitrate_bps.load(Relaxed);
        let part = VideoPart::start(bitrate_bps, outgoing, &self.coded, &self.dropped_frames)?;
        *self.video.lock() = part;
        Ok(())
    }

    pub(super) fn rebuild_sound(&self) -> Result<(), PipelineError> {
        let settings = OpusSettings {
            expected_loss_percent: self.expected_loss_percent.load(Relaxed),
            ..OpusSettings::default()
        };
        let part = SoundPart::start(settings, self.outgoing(&self.sound_sender))?;
        *self.sound.lock() = part;
        Ok(())
    }

    /// A packet was refused since the last question.
    pub(super) fn connection_is_gone(&self) -> bool {
        self.gone.swap(false, Relaxed)
    }

    fn outgoing(&self, sender: &RtpSender) -> Outgoing {
        Outgoing {
            sender: sender.clone(),
            gone: Arc::clone(&self.gone),
        }
    }

    /// Uses the codec that was negotiated last.
    pub(super) fn follow_negotiation(&self) {
        let Some(codec) = self.video_sender.codec().and_then(video_codec) else {
            return;
        };
        let mut coded = self.coded.lock();
        if *coded != codec {
            *coded = codec;
            self.video.lock().encoder.set_codec(codec);
        }
    }

    pub(super) fn picture(&self, frame: VideoFrame, content: VideoContent) {
        let video = self.video.lock();
        video.encoder.set_content(content);
        // Frames that the connection did not take leave a hole that only a key frame closes.
        if self.dropped_frames.swap(0, Relaxed) > 0 {
            video.encoder.force_key_frame();
        }
        video.input.put(frame);
    }

    pub(super) fn sound(&self, block: &AudioBlock) {
        self.sound.lock().input.put(block.clone());
    }

    pub(super) fn force_key_frame(&self) {
        self.video.lock().encoder.force_key_frame();
    }

    pub(super) fn set_bitrate_bps(&self, bps: u64) {
        let bps = u32::try_from(bps).unwrap_or(u32::MAX);
        self.bitrate_bps.store(bps, Relaxed);
        self.video.lock().encoder.set_bitrate_bps(bps);
    }

    /// Prepares the sound for this loss.
    pub(super) fn set_expected_loss_percent(&self, percent: u8) {
        self.expected_loss_percent.store(percent, Relaxed);
        let sound = self.sound.lock();
        sound.encoder.set_expected_loss_percent(percent);
    }

    pub(super) fn figures(&self, stats: &PeerStats) -> Option<VideoFigures> {
        let video = self.video.lock().encoder.stats();
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

impl VideoPart {
    fn start(
        bitrate_bps: u32,
        outgoing: Outgoing,
        coded: &Arc<Mutex<VideoCodec>>,
        dropped_frames: &Arc<AtomicU64>,
    ) -> Result<Self, PipelineError> {
        let settings = VideoSendSettings {
            codec: *coded.lock(),
            bitrate_bps,
            frame_rate_hz: FRAME_RATE_HZ,
        };
        let (frames, waiting) = mpsc::channel(FRAMES_WAITING);
        let dropped = Arc::clone(dropped_frames);
        let encoder = VideoSend::start(settings, move |codec, packets| {
            if frames.try_send(CodedFrame { codec, packets }).is_err() {
                dropped.fetch_add(1, Relaxed);
            }
        })?;
        Ok(Self {
            input: encoder.input(),
            encoder,
            task: tokio::spawn(outgoing.send_frames(waiting)),
        })
    }
}

impl SoundPart {
    fn start(settings: OpusSettings, outgoing: Outgoing) -> Result<Self, PipelineError> {
        let (packets, waiting) = mpsc::channel(SOUND_WAITING);
        let encoder = AudioSend::start(settings, move |packet| {
            if packets.try_send(packet).is_err() {
                tracing::trace!("a packet of sound was too late");
            }
        })?;
        Ok(Self {
            input: encoder.input(),
            encoder,
            task: tokio::spawn(outgoing.send_sound(waiting)),
        })
    }
}

/// A frame that may wait while another codec is negotiated.
struct CodedFrame {
    codec: VideoCodec,
    packets: Vec<OutgoingPacket>,
}

/// Hands packets to the connection.
struct Outgoing {
    sender: RtpSender,
    /// Set when the connection refuses one.
    gone: Arc<AtomicBool>,
}

impl Outgoing {
    async fn send_frames(self, mut frames: mpsc::Receiver<CodedFrame>) {
        while let Some(frame) = frames.recv().await {
            let codec = match frame.codec {
                VideoCodec::Vp8 => Codec::Vp8,
                VideoCodec::H264 => Codec::H264,
            };
            for packet in frame.packets {
                if !self.send(codec, packet).await {
                    break;
                }
            }
        }
    }

    async fn send_sound(self, mut packets: mpsc::Receiver<OutgoingPacket>) {
        while let Some(packet) = packets.recv().await {
            self.send(Codec::Opus, packet).await;
        }
    }

    /// False when the rest of the frame is of no use.
    async fn send(&self, codec: Codec, packet: OutgoingPacket) -> bool {
        let captured = captured_at(codec, packet.timestamp);
        let packet = OutgoingRtp {
            codec,
            timestamp: packet.timestamp,
            marker: packet.marker,
            payload: packet.payload,
            captured,
        };
        match self.sender.send(packet).await {
            Ok(SendOutcome::Sent) => true,
            Ok(SendOutcome::Paused | SendOutcome::OtherCodec) => false,
            Err(error) => {
                tracing::debug!(%error, "a packet was not sent");
                self.gone.store(true, Relaxed);
                false
            }
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
