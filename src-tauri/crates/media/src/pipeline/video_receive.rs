//! Packets to pictures: one OS thread with the jitter buffer and the decoder.
//!
//! [`VideoReceive::push`] only queues: the network's task must not wait for a decoder. The queue
//! is bounded; a decoder so late that it fills up loses packets and recovers as from loss.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::video_decode::{Decoded, RestartableDecoder};
use super::{PipelineError, PlayoutPoint, is_running, join, spawn};
use crate::clock;
use crate::codec::VideoCodec;
use crate::frame::VideoFrame;
use crate::rtp::ReceivedPacket;
use crate::video_jitter::freeze::FreezeCount;
use crate::video_jitter::{AssembledFrame, VideoJitterBuffer, VideoJitterStats, VideoOutput};

/// Packets queued before the thread takes them: more than a second of any call.
const MAX_QUEUED: usize = 2_048;

/// What was received so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct VideoReceiveStats {
    /// Codec of the last picture.
    pub codec: Option<VideoCodec>,
    /// Width of the last picture in pixels.
    pub width: u32,
    /// Height of the last picture in pixels.
    pub height: u32,
    /// Pictures decoded.
    pub frames: u64,
    /// Bytes of coded data that was decoded.
    pub bytes: u64,
    /// Frames the decoder refused.
    pub decode_errors: u64,
    /// Packets lost because the queue was full.
    pub overflowed: u64,
    /// Freezes by the W3C's definition.
    pub freezes: u64,
    /// Their length together, in milliseconds.
    pub freeze_ms: u64,
    /// Time spent decoding, in microseconds.
    pub decode_us: u64,
    /// Media clock at the first decoded picture.
    pub first_frame_us: Option<i64>,
    /// Media clock at the last decoded picture.
    pub last_frame_us: Option<i64>,
    /// The jitter buffer's own counters.
    pub jitter: VideoJitterStats,
}

/// The receiving pipeline. Dropping it stops and joins the decoder thread.
#[derive(Debug)]
pub struct VideoReceive {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    inbox: Mutex<Inbox>,
    changed: Condvar,
    published: Mutex<Published>,
}

#[derive(Debug, Default)]
struct Inbox {
    packets: VecDeque<(VideoCodec, ReceivedPacket)>,
    overflowed: u64,
    round_trip_us: Option<i64>,
    extra_delay_us: Option<i64>,
    camera: Option<Camera>,
    /// The camera was off since the last look, even if it is on again.
    was_off: bool,
    stop: bool,
}

/// What the sender says about its camera.
#[derive(Debug, Clone, Copy)]
enum Camera {
    OffSince(i64),
    On,
}

#[derive(Debug, Default, Clone, Copy)]
struct Published {
    stats: VideoReceiveStats,
    playout: Option<PlayoutPoint>,
}

impl VideoReceive {
    /// Starts the decoder thread. Both callbacks run on it. A picture's `capture_ts_us` is its
    /// place on the sender's clock, moved to ours by the least transit time seen.
    pub fn start(
        on_frame: impl FnMut(VideoFrame) + Send + 'static,
        on_key_frame_wanted: impl FnMut() + Send + 'static,
    ) -> Result<Self, PipelineError> {
        let shared = Arc::new(Shared::default());
        let decoding = DecodeLoop {
            shared: Arc::clone(&shared),
            buffer: VideoJitterBuffer::default(),
            decoder: RestartableDecoder::default(),
            freezes: FreezeCount::default(),
            stats: VideoReceiveStats::default(),
            playout: None,
            on_frame,
            on_key_frame_wanted,
        };
        let thread = spawn("video-decode", move || decoding.run())?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Hands a packet over. Returns at once.
    pub fn push(&self, codec: VideoCodec, packet: ReceivedPacket) {
        let mut inbox = self.shared.inbox.lock();
        if inbox.packets.len() >= MAX_QUEUED {
            inbox.overflowed += 1;
            return;
        }
        inbox.packets.push_back((codec, packet));
        drop(inbox);
        self.shared.changed.notify_one();
    }

    /// Tells the round trip to the sender; see [`VideoJitterBuffer::set_round_trip_us`].
    pub fn set_round_trip_us(&self, round_trip_us: i64) {
        self.shared.inbox.lock().round_trip_us = Some(round_trip_us);
    }

    /// Holds pictures longer, for lip-sync.
    pub fn set_extra_delay_us(&self, extra_delay_us: i64) {
        self.shared.inbox.lock().extra_delay_us = Some(extra_delay_us);
    }

    /// Tells that the sender turned its camera off: the gap that follows is no freeze, and no key
    /// frame is asked for. It ends with [`Self::resume`], or when packets come all the same.
    pub fn pause(&self) {
        let mut inbox = self.shared.inbox.lock();
        inbox.camera = Some(Camera::OffSince(clock::now_us()));
        inbox.was_off = true;
    }

    /// Tells that the camera is on again.
    pub fn resume(&self) {
        self.shared.inbox.lock().camera = Some(Camera::On);
    }

    /// The picture shown last.
    pub fn playout_point(&self) -> Option<PlayoutPoint> {
        self.shared.published.lock().playout
    }

    /// False after a panic on the pipeline's thread: build another one.
    pub fn is_running(&self) -> bool {
        is_running(self.thread.as_ref())
    }

    /// Counters so far.
    pub fn stats(&self) -> VideoReceiveStats {
        let mut stats = self.shared.published.lock().stats;
        stats.overflowed = self.shared.inbox.lock().overflowed;
        stats
    }
}

impl Drop for VideoReceive {
    fn drop(&mut self) {
        self.shared.inbox.lock().stop = true;
        self.shared.changed.notify_one();
        join(&mut self.thread);
    }
}

struct DecodeLoop<F, K> {
    shared: Arc<Shared>,
    buffer: VideoJitterBuffer,
    decoder: RestartableDecoder,
    freezes: FreezeCount,
    stats: VideoReceiveStats,
    playout: Option<PlayoutPoint>,
    on_frame: F,
    on_key_frame_wanted: K,
}

impl<F: FnMut(VideoFrame), K: FnMut()> DecodeLoop<F, K> {
    fn run(mut self) {
        while self.take_inbox() {
            while let Some(output) = self.buffer.poll(clock::now_us()) {
                match output {
                    VideoOutput::Frame(frame) => self.decode(&frame),
                    VideoOutput::RequestKeyFrame => (self.on_key_frame_wanted)(),
                }
            }
            self.publish();
        }
    }

    /// Waits for packets or the buffer's time-out, and takes what came. False: stop.
    fn take_inbox(&mut self) -> bool {
        let shared = Arc::clone(&self.shared);
        let mut inbox = shared.inbox.lock();
        if inbox.packets.is_empty() && !inbox.stop {
            match self.buffer.poll_timeout() {
                None => shared.changed.wait(&mut inbox),
                Some(at_us) => {
                    let wait_us = (at_us - clock::now_us()).max(0).unsigned_abs();
                    let wait = Duration::from_micros(wait_us);
                    shared.changed.wait_for(&mut inbox, wait);
                }
            }
        }
        if let Some(round_trip_us) = inbox.round_trip_us.take() {
            self.buffer.set_round_trip_us(round_trip_us);
        }
        if let Some(extra_delay_us) = inbox.extra_delay_us.take() {
            self.buffer.set_extra_delay_us(extra_delay_us);
        }
        if std::mem::take(&mut inbox.was_off) {
            self.freezes.pause();
        }
        match inbox.camera.take() {
            Some(Camera::OffSince(at_us)) => self.buffer.pause(at_us),
            Some(Camera::On) => self.buffer.resume(),
            None => {}
        }
        for (codec, packet) in inbox.packets.drain(..) {
            self.buffer.push(codec, &packet);
        }
        !inbox.stop
    }

    fn decode(&mut self, frame: &AssembledFrame) {
        let begun_us = clock::now_us();
        let decoded = self.decoder.decode(frame, begun_us);
        let now_us = clock::now_us();
        self.stats.decode_us += (now_us - begun_us).unsigned_abs();
        match decoded {
            Decoded::Picture(mut picture) => {
                picture.capture_ts_us = frame.sent_us;
                self.stats.codec = Some(frame.codec);
                (self.stats.width, self.stats.height) = (picture.width, picture.height);
                self.stats.frames += 1;
                self.stats.bytes += frame.data.len() as u64;
                self.stats.first_frame_us.get_or_insert(now_us);
                self.stats.last_frame_us = Some(now_us);
                self.freezes.frame(now_us);
                if self.buffer.is_paused() {
                    self.freezes.pause();
                }
                self.playout = Some(PlayoutPoint {
                    rtp_timestamp: frame.rtp_timestamp,
                    played_us: now_us,
                });
                (self.on_frame)(picture);
            }
            Decoded::Nothing => {}
            Decoded::Lost => {
                self.stats.decode_errors += 1;
                self.buffer.decoder_lost(now_us);
            }
        }
    }

    fn publish(&mut self) {
        self.stats.freezes = self.freezes.count();
        self.stats.freeze_ms = self.freezes.total_ms();
        self.stats.jitter = self.buffer.stats();
        *self.shared.published.lock() = Published {
            stats: self.stats,
            playout: self.playout,
        };
    }
}
