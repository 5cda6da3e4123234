//! The junction between the devices and whoever sends or plays: the peer connection of the moment.
//!
//! Everything here is called on device threads and does little: clone a reference, copy 10 ms.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use duet_media::audio::{Level, PlayoutDelay, RingTone, SpeakerTest};
use duet_media::frame::{AudioBlock, VideoFrame};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::MediaNotice;
use crate::config::Taps;

/// Blocks of 10 ms between two reports of the level.
const BLOCKS_PER_LEVEL: u32 = 5;

/// Takes pictures to send.
pub(crate) type PictureConsumer = Arc<dyn Fn(VideoFrame) + Send + Sync>;
/// Takes sound to send.
pub(crate) type SoundConsumer = Arc<dyn Fn(&AudioBlock) + Send + Sync>;
/// Gives sound to play.
pub(crate) type SoundProducer = Arc<dyn Fn(&mut AudioBlock) + Send + Sync>;

/// What a peer connection takes from and gives to the devices.
#[derive(Clone)]
pub(crate) struct Consumers {
    /// Names the owner, so that it can take back only its own.
    pub(crate) session: String,
    pub(crate) pictures: PictureConsumer,
    /// Takes pictures of a screen, which are sent in place of the camera's.
    pub(crate) screen: PictureConsumer,
    /// Takes the camera's pictures meanwhile.
    pub(crate) tile: PictureConsumer,
    pub(crate) sound: SoundConsumer,
    pub(crate) play: SoundProducer,
}

/// See the module.
pub(crate) struct MediaLink {
    taps: Taps,
    notices: mpsc::Sender<MediaNotice>,
    consumers: Mutex<Option<Consumers>>,
    microphone_on: AtomicBool,
    is_sharing: AtomicBool,
    speaker_delay: Mutex<Option<PlayoutDelay>>,
    speaker_test: Mutex<Option<SpeakerTest>>,
    ringback: Mutex<Option<RingTone>>,
    blocks: AtomicU32,
}

impl fmt::Debug for MediaLink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MediaLink").finish_non_exhaustive()
    }
}

impl MediaLink {
    pub(super) fn new(taps: Taps, notices: mpsc::Sender<MediaNotice>) -> Self {
        Self {
            taps,
            notices,
            consumers: Mutex::new(None),
            microphone_on: AtomicBool::new(true),
            is_sharing: AtomicBool::new(false),
            speaker_delay: Mutex::new(None),
            speaker_test: Mutex::new(None),
            ringback: Mutex::new(None),
            blocks: AtomicU32::new(0),
        }
    }

    /// From now on pictures and sound go to this peer connection; the one before gets none.
    pub(crate) fn attach(&self, consumers: Consumers) {
        *self.consumers.lock() = Some(consumers);
    }

    /// The peer connection is gone, unless another has taken its place.
    pub(crate) fn detach(&self, session: &str) {
        let mut consumers = self.consumers.lock();
        if consumers
            .as_ref()
            .is_some_and(|present| present.session == session)
        {
            *consumers = None;
        }
    }

    /// The first picture of a connection was decoded.
    pub(crate) fn first_picture(&self) {
        self.tell(MediaNotice::FirstPicture(std::time::Instant::now()));
    }

    pub(super) fn set_microphone_on(&self, on: bool) {
        self.microphone_on.store(on, Ordering::Relaxed);
    }

    /// Another speaker plays from now on.
    pub(super) fn set_speaker_delay(&self, delay: PlayoutDelay) {
        *self.speaker_delay.lock() = Some(delay);
    }

    /// From the moment sound is taken for the speaker until it is heard, in microseconds.
    pub(crate) fn speaker_delay_us(&self) -> i64 {
        self.speaker_delay
            .lock()
            .as_ref()
            .map_or(0, PlayoutDelay::us)
    }

    pub(super) fn start_speaker_test(&self) {
        *self.speaker_test.lock() = Some(SpeakerTest::new());
    }

    pub(super) fn is_testing_speaker(&self) -> bool {
        self.speaker_test.lock().is_some()
    }

    /// It rings at the other's, or no more.
    pub(super) fn set_ringback(&self, on: bool) {
        let mut ringback = self.ringback.lock();
        if ringback.is_some() != on {
            *ringback = on.then(RingTone::ringback);
        }
    }

    pub(super) fn plays_ringback(&self) -> bool {
        self.ringback.lock().is_some()
    }

    /// The camera has a picture.
    pub(super) fn picture(&self, frame: VideoFrame) {
        self.taps.local_video.take(frame.clone());
        let is_sharing = self.is_sharing.load(Ordering::Relaxed);
        let consumer = self
            .consumers
            .lock()
            .as_ref()
            .map(|all| Arc::clone(if is_sharing { &all.tile } else { &all.pictures }));
        if let Some(consumer) = consumer {
            consumer(frame);
        }
    }

    /// A screen is sent in place of the camera from now on, or no longer.
    pub(super) fn set_sharing(&self, is_sharing: bool) {
        self.is_sharing.store(is_sharing, Ordering::Relaxed);
    }

    /// The screen that is shared has a picture. The last one may come when the sharing is over.
    pub(super) fn screen(&self, frame: VideoFrame) {
        if !self.is_sharing.load(Ordering::Relaxed) {
            return;
        }
        let consumer = self
            .consumers
            .lock()
            .as_ref()
            .map(|all| Arc::clone(&all.screen));
        if let Some(consumer) = consumer {
            consumer(frame);
        }
    }

    /// The microphone has 10 ms of sound. Muted, silence is sent in its place: the other side's
    /// buffer stays tuned and nothing has to be made up when we speak again.
    pub(super) fn sound(&self, block: &AudioBlock) {
        let number = self.blocks.fetch_add(1, Ordering::Relaxed);
        if number.is_multiple_of(BLOCKS_PER_LEVEL) {
            self.tell(MediaNotice::MicrophoneLevel(
                Level::of(&block.samples).rms_dbfs,
            ));
        }
        let consumer = self
            .consumers
            .lock()
            .as_ref()
            .map(|all| Arc::clone(&all.sound));
        let Some(consumer) = consumer else {
            return;
        };
        if self.microphone_on.load(Ordering::Relaxed) {
            consumer(block);
        } else {
            consumer(&AudioBlock {
                samples: [0.0; AudioBlock::LEN],
                capture_ts_us: block.capture_ts_us,
            });
        }
    }

    /// The speaker wants 10 ms of sound.
    pub(super) fn play(&self, block: &mut AudioBlock) {
        let producer = self
            .consumers
            .lock()
            .as_ref()
            .map(|all| Arc::clone(&all.play));
        match producer {
            Some(producer) => {
                producer(block);
                self.taps.remote_audio.take(block);
            }
            None => block.samples.fill(0.0),
        }
        if let Some(ringback) = self.ringback.lock().as_mut() {
            ringback.mix_into(&mut block.samples);
        }
        let mut test = self.speaker_test.lock();
        if let Some(sound) = test.as_mut()
            && !sound.mix_into(&mut block.samples)
        {
            *test = None;
            drop(test);
            self.tell(MediaNotice::SpeakerTestEnded);
        }
    }

    fn tell(&self, notice: MediaNotice) {
        if self.notices.try_send(notice).is_err() {
            tracing::trace!("nobody takes a device's notice");
        }
    }
}
