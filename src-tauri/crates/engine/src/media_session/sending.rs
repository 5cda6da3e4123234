//! From the devices to the connection: encoders and the tasks that hand packets over.

mod pictures;
mod tile;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};
use std::time::{Duration, Instant};

use duet_media::clock;
use duet_media::codec::{OpusSettings, VideoCodec, VideoContent};
use duet_media::frame::{AudioBlock, VideoFrame};
use duet_media::pipeline::{AudioInput, AudioSend, PipelineError};
use duet_media::rtp::OutgoingPacket;
use duet_peer::{Codec, OutgoingRtp, Peer, PeerStats, RtpSender, SendOutcome, StreamKind};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::shares::{Shares, TILE_BPS};
use crate::figures::VideoFigures;
use pictures::SentPictures;
use tile::Miniature;

/// Packets of sound that may wait: half a second.
const SOUND_WAITING: usize = 25;
const FRAME_RATE_HZ: u32 = 30;

/// See the module. Dropping it joins the encoders; the tasks end with their channels.
pub(super) struct Sending {
    video: SentPictures,
    /// While the camera goes beside the screen.
    tile: Mutex<Option<SentPictures>>,
    /// Of the tile there is, or of the last one.
    tile_figures: Mutex<Option<VideoFigures>>,
    miniature: Mutex<Miniature>,
    shares: Mutex<Shares>,
    sound: Mutex<SoundPart>,
    tile_sender: RtpSender,
    sound_sender: RtpSender,
    expected_loss_percent: AtomicU8,
    gone: Arc<AtomicBool>,
}

/// The encoder of sound and the task that hands its packets over.
struct SoundPart {
    encoder: AudioSend,
    input: AudioInput,
    task: JoinHandle<()>,
}

impl Sending {
    pub(super) fn start(peer: &Peer) -> Result<Self, PipelineError> {
        let total_bps = peer.target_bitrate_bps();
        let bitrate_bps = u32::try_from(total_bps).unwrap_or(u32::MAX);
        let sound_sender = peer.audio_sender();
        let gone = Arc::default();
        let settings = OpusSettings::default();
        let outgoing = Outgoing {
            sender: sound_sender.clone(),
            gone: Arc::clone(&gone),
        };
        let sound = SoundPart::start(settings, outgoing)?;
        let video_gone = Arc::clone(&gone);
        Ok(Self {
            video: SentPictures::start(
                peer.video_sender(),
                FRAME_RATE_HZ,
                bitrate_bps,
                video_gone,
            )?,
            tile: Mutex::default(),
            tile_figures: Mutex::default(),
            miniature: Mutex::default(),
            shares: Mutex::new(Shares::new(total_bps)),
            sound: Mutex::new(sound),
            tile_sender: peer.tile_sender(),
            sound_sender,
            expected_loss_percent: AtomicU8::new(settings.expected_loss_percent),
            gone,
        })
    }

    /// Whether the encoder of pictures or its task has ended.
    pub(super) fn video_is_broken(&self) -> bool {
        self.video.is_broken()
    }

    /// The same of the tile.
    pub(super) fn tile_is_broken(&self) -> bool {
        self.tile
            .lock()
            .as_ref()
            .is_some_and(SentPictures::is_broken)
    }

    /// Whether the encoder of sound or its task has ended.
    pub(super) fn sound_is_broken(&self) -> bool {
        let part = self.sound.lock();
        !part.encoder.is_running() || part.task.is_finished()
    }

    pub(super) fn rebuild_video(&self) -> Result<(), PipelineError> {
        self.video.rebuild()
    }

    pub(super) fn rebuild_tile(&self) -> Result<(), PipelineError> {
        match &*self.tile.lock() {
            Some(tile) => tile.rebuild(),
            None => Ok(()),
        }
    }

    pub(super) fn rebuild_sound(&self) -> Result<(), PipelineError> {
        let settings = OpusSettings {
            expected_loss_percent: self.expected_loss_percent.load(Relaxed),
            ..OpusSettings::default()
        };
        let outgoing = Outgoing {
            sender: self.sound_sender.clone(),
            gone: Arc::clone(&self.gone),
        };
        *self.sound.lock() = SoundPart::start(settings, outgoing)?;
        Ok(())
    }

    /// The camera goes beside the screen from now on, or no longer. Must be called on the runtime.
    pub(super) fn set_tile(&self, on: bool) -> Result<(), PipelineError> {
        let mut tile = self.tile.lock();
        if tile.is_some() != on {
            // Before another is started: its thread is joined here.
            *tile = None;
            if on {
                let (sender, gone) = (self.tile_sender.clone(), Arc::clone(&self.gone));
                let bps = TILE_BPS as u32;
                *tile = Some(SentPictures::start(sender, tile::FRAME_RATE_HZ, bps, gone)?);
            }
            self.video.set_bitrate_bps(self.shares.lock().main_bps(on));
        }
        Ok(())
    }

    /// Whether the path is wide enough for the camera beside the screen.
    pub(super) fn has_room_for_tile(&self) -> bool {
        self.shares.lock().has_room_for_tile()
    }

    /// A packet was refused since the last question.
    pub(super) fn connection_is_gone(&self) -> bool {
        self.gone.swap(false, Relaxed)
    }

    /// Uses what was negotiated last.
    pub(super) fn follow_negotiation(&self) {
        self.video.follow_negotiation();
        if let Some(tile) = &*self.tile.lock() {
            tile.follow_negotiation();
        }
    }

    pub(super) fn picture(&self, frame: VideoFrame, content: VideoContent) {
        self.video.picture(frame, content);
    }

    /// A picture of the camera while a screen is shown in its place.
    pub(super) fn tile_picture(&self, frame: &VideoFrame) {
        let tile = self.tile.lock();
        let Some(tile) = tile.as_ref().filter(|tile| tile.may_send()) else {
            return;
        };
        if let Some(small) = self.miniature.lock().of(frame) {
            tile.picture(small, VideoContent::Camera);
        }
    }

    pub(super) fn sound(&self, block: &AudioBlock) {
        self.sound.lock().input.put(block.clone());
    }

    /// The next picture of this stream is a key frame.
    pub(super) fn force_key_frame(&self, stream: StreamKind) {
        match stream {
            StreamKind::Audio => {}
            StreamKind::Video => self.video.force_key_frame(),
            StreamKind::Tile => {
                if let Some(tile) = &*self.tile.lock() {
                    tile.force_key_frame();
                }
            }
        }
    }

    /// All pictures together go at this rate.
    pub(super) fn set_bitrate_bps(&self, bps: u64) {
        let has_tile = self.tile.lock().is_some();
        let mut shares = self.shares.lock();
        shares.set_total_bps(bps);
        self.video.set_bitrate_bps(shares.main_bps(has_tile));
    }

    /// Prepares the sound for this loss.
    pub(super) fn set_expected_loss_percent(&self, percent: u8) {
        self.expected_loss_percent.store(percent, Relaxed);
        let sound = self.sound.lock();
        sound.encoder.set_expected_loss_percent(percent);
    }

    pub(super) fn video_figures(&self, stats: &PeerStats) -> Option<VideoFigures> {
        self.video.figures(&stats.video)
    }

    pub(super) fn tile_figures(&self, stats: &PeerStats) -> Option<VideoFigures> {
        let mut last = self.tile_figures.lock();
        if let Some(tile) = &*self.tile.lock() {
            *last = tile.figures(&stats.tile);
        }
        last.clone()
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
