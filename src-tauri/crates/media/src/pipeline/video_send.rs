//! Pictures to packets: one OS thread that encodes the newest picture.
//!
//! The capture thread puts pictures into a slot and never waits; while the encoder is busy, newer
//! pictures replace older ones, so overload costs frame rate and not delay. Settings are atomics
//! that the thread reads before each picture.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use super::{PipelineError, is_running, join, spawn};
use crate::clock;
use crate::codec::{VideoCodec, VideoContent, VideoEncoder, VideoEncoderSettings, video_encoder};
use crate::frame::VideoFrame;
use crate::frame_slot::{FrameReader, FrameWriter, Taken, frame_slot};
use crate::packetize::VideoPacketizer;
use crate::rtp::OutgoingPacket;
use crate::screen::SCREEN_FORMAT;

/// How often the thread looks at its settings when no picture comes.
const IDLE: Duration = Duration::from_millis(500);
/// Key frames are forced at most this often: a peer that asks faster is hostile or broken.
const KEY_FRAME_INTERVAL_US: i64 = 200_000;

/// How to start.
#[derive(Debug, Clone, Copy)]
pub struct VideoSendSettings {
    /// The codec to begin with.
    pub codec: VideoCodec,
    /// Target rate in bits per second.
    pub bitrate_bps: u32,
    /// Frame rate to expect.
    pub frame_rate_hz: u32,
}

/// What was sent so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct VideoSendStats {
    /// Codec of the last frame.
    pub codec: Option<VideoCodec>,
    /// Width of the last frame in pixels.
    pub width: u32,
    /// Height of the last frame in pixels.
    pub height: u32,
    /// Frames handed to the network.
    pub frames: u64,
    /// Key frames among them.
    pub key_frames: u64,
    /// Packets handed to the network.
    pub packets: u64,
    /// Bytes of coded data.
    pub bytes: u64,
    /// Pictures that a newer one replaced because the encoder was busy.
    pub replaced: u64,
    /// Pictures that the rate control left out.
    pub left_out: u64,
    /// Pictures that could not be encoded.
    pub errors: u64,
    /// Time spent encoding, in microseconds.
    pub encode_us: u64,
    /// Media clock at the first and the last frame.
    pub first_frame_us: Option<i64>,
    /// See `first_frame_us`.
    pub last_frame_us: Option<i64>,
}

/// Where pictures go in. Cheap to clone; outlives the pipeline harmlessly.
#[derive(Debug, Clone)]
pub struct VideoInput(FrameWriter<VideoFrame>);

impl VideoInput {
    /// Offers a picture. Returns at once.
    pub fn put(&self, frame: VideoFrame) {
        self.0.put(frame);
    }
}

/// The sending pipeline. Dropping it stops and joins the encoder thread.
#[derive(Debug)]
pub struct VideoSend {
    input: VideoInput,
    control: Arc<Control>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Control {
    codec: Mutex<VideoCodec>,
    content: Mutex<VideoContent>,
    bitrate_bps: AtomicU32,
    force_key_frame: AtomicBool,
    enabled: AtomicBool,
    stop: AtomicBool,
    errors: AtomicU64,
    stats: Mutex<VideoSendStats>,
}

impl VideoSend {
    /// Starts the encoder thread. `on_packets` gets the packets of one frame at a time, on that
    /// thread, with the codec that they were coded with: they may wait across a change of it.
    pub fn start(
        settings: VideoSendSettings,
        on_packets: impl FnMut(VideoCodec, Vec<OutgoingPacket>) + Send + 'static,
    ) -> Result<Self, PipelineError> {
        let (writer, reader) = frame_slot();
        let control = Arc::new(Control {
            codec: Mutex::new(settings.codec),
            content: Mutex::default(),
            bitrate_bps: AtomicU32::new(settings.bitrate_bps),
            force_key_frame: AtomicBool::new(true),
            enabled: AtomicBool::new(true),
            stop: AtomicBool::new(false),
            errors: AtomicU64::new(0),
            stats: Mutex::new(VideoSendStats::default()),
        });
        let encoding = EncodeLoop {
            control: Arc::clone(&control),
            frame_rate_hz: settings.frame_rate_hz,
            current: None,
            last_key_frame_us: None,
            on_packets,
        };
        let thread = spawn("video-encode", move || encoding.run(&reader))?;
        Ok(Self {
            input: VideoInput(writer),
            control,
            thread: Some(thread),
        })
    }

    /// Where pictures go in.
    pub fn input(&self) -> VideoInput {
        self.input.clone()
    }

    /// Changes the target rate, in bits per second.
    pub fn set_bitrate_bps(&self, bitrate_bps: u32) {
        self.control.bitrate_bps.store(bitrate_bps, Relaxed);
    }

    /// Makes the next picture a key frame, at most five times a second.
    pub fn force_key_frame(&self) {
        self.control.force_key_frame.store(true, Relaxed);
    }

    /// Stops and resumes sending; the first picture after a pause is a key frame.
    pub fn set_enabled(&self, enabled: bool) {
        let was = self.control.enabled.swap(enabled, Relaxed);
        if enabled && !was {
            self.force_key_frame();
        }
    }

    /// Changes the codec; the next picture is a key frame of the new one.
    pub fn set_codec(&self, codec: VideoCodec) {
        *self.control.codec.lock() = codec;
    }

    /// Codes what comes from now on as pictures of this content; a change begins with a key frame.
    pub fn set_content(&self, content: VideoContent) {
        *self.control.content.lock() = content;
    }

    /// False after a panic on the pipeline's thread: build another one.
    pub fn is_running(&self) -> bool {
        is_running(self.thread.as_ref())
    }

    /// Counters so far.
    pub fn stats(&self) -> VideoSendStats {
        let mut stats = *self.control.stats.lock();
        stats.replaced = self.input.0.replaced();
        stats.errors = self.control.errors.load(Relaxed);
        stats
    }
}

impl Drop for VideoSend {
    fn drop(&mut self) {
        self.control.stop.store(true, Relaxed);
        self.input.0.poke();
        join(&mut self.thread);
    }
}

struct EncodeLoop<F> {
    control: Arc<Control>,
    frame_rate_hz: u32,
    current: Option<Current>,
    last_key_frame_us: Option<i64>,
    on_packets: F,
}

struct Current {
    encoder: Box<dyn VideoEncoder>,
    packetizer: VideoPacketizer,
    bitrate_bps: u32,
    content: VideoContent,
}

impl<F: FnMut(VideoCodec, Vec<OutgoingPacket>)> EncodeLoop<F> {
    fn run(mut self, reader: &FrameReader<VideoFrame>) {
        while !self.control.stop.load(Relaxed) {
            match reader.take(IDLE) {
                Taken::Frame(frame) if self.control.enabled.load(Relaxed) => {
                    if let Err(error) = self.encode(&frame) {
                        // One line for a broken stretch, not one for each picture.
                        let before = self.control.errors.fetch_add(1, Relaxed);
                        if before.is_multiple_of(300) {
                            tracing::warn!(%error, "a picture could not be encoded");
                        }
                        self.current = None;
                    }
                }
                Taken::Frame(_) | Taken::Nothing => {}
                Taken::Closed => return,
            }
        }
    }

    fn encode(&mut self, frame: &VideoFrame) -> Result<(), PipelineError> {
        let begun_us = clock::now_us();
        let force = self.key_frame_due(begun_us);
        let current = self.current()?;
        let encoded = current.encoder.encode(frame, force)?;
        let encode_us = (clock::now_us() - begun_us).unsigned_abs();
        let Some(encoded) = encoded else {
            if force {
                self.control.force_key_frame.store(true, Relaxed);
            }
            self.control.stats.lock().left_out += 1;
            return Ok(());
        };
        let codec = current.encoder.codec();
        let packets = current.packetizer.packetize(&encoded);
        if encoded.key_frame {
            self.last_key_frame_us = Some(begun_us);
        }
        let mut stats = self.control.stats.lock();
        stats.codec = Some(codec);
        (stats.width, stats.height) = (encoded.width, encoded.height);
        stats.frames += 1;
        stats.key_frames += u64::from(encoded.key_frame);
        stats.packets += packets.len() as u64;
        stats.bytes += encoded.data.len() as u64;
        stats.encode_us += encode_us;
        stats.first_frame_us.get_or_insert(begun_us);
        stats.last_frame_us = Some(begun_us);
        drop(stats);
        tracing::trace!(
            bytes = encoded.data.len(),
            encoded.key_frame,
            "frame encoded"
        );
        (self.on_packets)(codec, packets);
        Ok(())
    }

    /// Takes the wish for a key frame, unless the last one was a moment ago: then it waits.
    fn key_frame_due(&self, now_us: i64) -> bool {
        let recent = |last: i64| now_us - last < KEY_FRAME_INTERVAL_US;
        !self.last_key_frame_us.is_some_and(recent)
            && self.control.force_key_frame.swap(false, Relaxed)
    }

    /// The encoder for the codec and rate wanted now.
    fn current(&mut self) -> Result<&mut Current, PipelineError> {
        let codec = *self.control.codec.lock();
        let content = *self.control.content.lock();
        let bitrate_bps = self.control.bitrate_bps.load(Relaxed);
        let same =
            |current: &Current| current.encoder.codec() == codec && current.content == content;
        let mut current = match self.current.take() {
            Some(current) if same(&current) => current,
            Some(_) | None => Current {
                encoder: video_encoder(
                    codec,
                    VideoEncoderSettings {
                        bitrate_bps,
                        frame_rate_hz: frame_rate_hz(content, self.frame_rate_hz),
                        content,
                    },
                )?,
                packetizer: VideoPacketizer::new(codec),
                bitrate_bps,
                content,
            },
        };
        if current.bitrate_bps != bitrate_bps {
            current.encoder.set_bitrate_bps(bitrate_bps);
            current.bitrate_bps = bitrate_bps;
        }
        Ok(self.current.insert(current))
    }
}

/// What to expect until the pictures' own times tell better.
fn frame_rate_hz(content: VideoContent, of_camera_hz: u32) -> u32 {
    match content {
        VideoContent::Camera => of_camera_hz,
        VideoContent::Screen => SCREEN_FORMAT.frames_per_second,
    }
}
