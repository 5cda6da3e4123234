//! One stream of pictures on its way out: its encoder, and the task that hands packets over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use duet_media::codec::{VideoCodec, VideoContent};
use duet_media::frame::VideoFrame;
use duet_media::pipeline::{PipelineError, VideoInput, VideoSend, VideoSendSettings};
use duet_peer::{Codec, RtpSender, SendCodec, StreamStats};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{CodedFrame, Outgoing};
use crate::figures::{Counted, VideoFigures};

/// Coded frames that may wait for the connection: a quarter of a second.
const FRAMES_WAITING: usize = 8;

/// See the module. Dropping it joins the encoder; the task ends with its channel.
pub(super) struct SentPictures {
    part: Mutex<Part>,
    sender: RtpSender,
    frame_rate_hz: u32,
    coded: Mutex<VideoCodec>,
    bitrate_bps: AtomicU32,
    /// The stream was negotiated when it was looked at last.
    may_send: AtomicBool,
    dropped_frames: Arc<AtomicU64>,
    gone: Arc<AtomicBool>,
}

struct Part {
    encoder: VideoSend,
    input: VideoInput,
    task: JoinHandle<()>,
}

impl SentPictures {
    /// Must be called on the runtime. `gone` is set when the connection refuses a packet.
    pub(super) fn start(
        sender: RtpSender,
        frame_rate_hz: u32,
        bitrate_bps: u32,
        gone: Arc<AtomicBool>,
    ) -> Result<Self, PipelineError> {
        let dropped_frames = Arc::default();
        let outgoing = Outgoing {
            sender: sender.clone(),
            gone: Arc::clone(&gone),
        };
        let settings = VideoSendSettings {
            codec: VideoCodec::Vp8,
            bitrate_bps,
            frame_rate_hz,
        };
        let part = Part::start(settings, outgoing, &dropped_frames)?;
        let sent = Self {
            part: Mutex::new(part),
            sender,
            frame_rate_hz,
            coded: Mutex::new(settings.codec),
            bitrate_bps: AtomicU32::new(bitrate_bps),
            may_send: AtomicBool::new(false),
            dropped_frames,
            gone,
        };
        sent.follow_negotiation();
        Ok(sent)
    }

    /// Whether the encoder or its task has ended.
    pub(super) fn is_broken(&self) -> bool {
        let part = self.part.lock();
        !part.encoder.is_running() || part.task.is_finished()
    }

    /// A new encoder begins with a key frame.
    pub(super) fn rebuild(&self) -> Result<(), PipelineError> {
        let outgoing = Outgoing {
            sender: self.sender.clone(),
            gone: Arc::clone(&self.gone),
        };
        let settings = VideoSendSettings {
            codec: *self.coded.lock(),
            bitrate_bps: self.bitrate_bps.load(Relaxed),
            frame_rate_hz: self.frame_rate_hz,
        };
        *self.part.lock() = Part::start(settings, outgoing, &self.dropped_frames)?;
        Ok(())
    }

    /// Uses the codec that was negotiated last. A stream that may be sent (again) begins with a key
    /// frame.
    pub(super) fn follow_negotiation(&self) {
        let codec = self.sender.codec().and_then(video_codec);
        let might_send = self.may_send.swap(codec.is_some(), Relaxed);
        let Some(codec) = codec else {
            return;
        };
        if !might_send {
            self.force_key_frame();
        }
        let mut coded = self.coded.lock();
        if *coded != codec {
            *coded = codec;
            self.part.lock().encoder.set_codec(codec);
        }
    }

    /// Whether the other takes this stream, as far as is negotiated.
    pub(super) fn may_send(&self) -> bool {
        self.may_send.load(Relaxed)
    }

    pub(super) fn picture(&self, frame: VideoFrame, content: VideoContent) {
        let part = self.part.lock();
        part.encoder.set_content(content);
        // Frames that the connection did not take leave a hole that only a key frame closes.
        if self.dropped_frames.swap(0, Relaxed) > 0 {
            part.encoder.force_key_frame();
        }
        part.input.put(frame);
    }

    pub(super) fn force_key_frame(&self) {
        self.part.lock().encoder.force_key_frame();
    }

    pub(super) fn set_bitrate_bps(&self, bps: u64) {
        let bps = u32::try_from(bps).unwrap_or(u32::MAX);
        self.bitrate_bps.store(bps, Relaxed);
        self.part.lock().encoder.set_bitrate_bps(bps);
    }

    /// What was sent, with what the connection counted of it.
    pub(super) fn figures(&self, stats: &StreamStats) -> Option<VideoFigures> {
        let video = self.part.lock().encoder.stats();
        let counted = Counted {
            size: (video.width, video.height),
            frames: video.frames,
            key_frames: video.key_frames,
            bytes: video.bytes,
            first_frame_us: video.first_frame_us,
            last_frame_us: video.last_frame_us,
        };
        Some(VideoFigures {
            packets_lost: Some(stats.remote_packets_lost),
            nacks: Some(stats.nacks_received),
            plis: Some(stats.plis_received),
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

impl Part {
    fn start(
        settings: VideoSendSettings,
        outgoing: Outgoing,
        dropped_frames: &Arc<AtomicU64>,
    ) -> Result<Self, PipelineError> {
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
