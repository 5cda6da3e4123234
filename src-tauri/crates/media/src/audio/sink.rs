//! Opening a sound sink: a speaker, a file, or nothing.
//!
//! Every kind pulls a block from a callback every 10 ms of real time, on a thread of its own, so
//! that a call without a speaker decodes like one with a speaker.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;

use super::AudioError;
use super::list::Direction;
use super::source::SoundThread;
use super::speaker::{self, SinkState};
use super::spec::AudioSinkSpec;
use super::supervisor::{AudioDeviceEvents, AudioDeviceStatus, PortSlot, Supervisor};
use super::tone::SpeakerTest;
use crate::frame::AudioBlock;
use crate::wav::WavWriter;

/// Gives the next block; it comes filled with silence. Runs on the sink's thread.
pub type AudioPull = Box<dyn FnMut(&mut AudioBlock) + Send>;

/// An open sink. Dropping it ends the pulling and closes the device.
#[derive(Debug)]
pub struct OpenAudioSink {
    device: Option<Supervisor>,
    state: Arc<SinkState>,
    /// Held for its drop, which ends it.
    _thread: SoundThread,
}

impl OpenAudioSink {
    /// How the speaker is doing; `None` for a sink that is no device.
    pub fn status(&self) -> Option<AudioDeviceStatus> {
        self.device.as_ref().map(Supervisor::status)
    }

    /// From the pull of a block until it is heard, for lip-sync; may outlive the sink.
    pub fn delay(&self) -> PlayoutDelay {
        PlayoutDelay(self.state.clone())
    }

    /// Plays the short test sound into whatever else is playing, from its beginning.
    pub fn play_test(&self) {
        *self.state.test.lock() = Some(SpeakerTest::new());
    }

    /// Whether the test sound still plays.
    pub fn is_test_playing(&self) -> bool {
        self.state.test.lock().is_some()
    }
}

/// How long sound takes from a sink's pull to the ear.
#[derive(Debug, Clone)]
pub struct PlayoutDelay(Arc<SinkState>);

impl PlayoutDelay {
    /// In microseconds, about. 0 where nothing is heard, and after the sink has closed.
    pub fn us(&self) -> i64 {
        self.0.delay_us.load(Ordering::Relaxed)
    }
}

/// Opens a sink and starts it.
///
/// A speaker that is missing or does not work is no error: blocks are pulled all the same, the
/// event says so, and it is tried again until it comes. A file that cannot be written is an error.
pub fn open_audio_sink(
    spec: &AudioSinkSpec,
    mut pull: AudioPull,
    events: AudioDeviceEvents,
) -> Result<OpenAudioSink, AudioError> {
    let state = Arc::new(SinkState::default());
    let shared = state.clone();
    let mut device = None;
    let thread = match spec {
        AudioSinkSpec::None => SoundThread::spawn("audio-pull", move |stop| {
            speaker::run(None, &mut pull, |_| {}, &shared, stop);
        })?,
        AudioSinkSpec::File(path) => {
            let writer = WavWriter::create(path).map_err(|error| AudioError::File {
                path: path.display().to_string(),
                reason: error.to_string(),
            })?;
            SoundThread::spawn("audio-pull", move |stop| {
                speaker::run(None, &mut pull, |block| writer.write(block), &shared, stop);
            })?
        }
        AudioSinkSpec::Device(id) => {
            let slot = PortSlot::new(Mutex::new(None));
            device = Some(Supervisor::spawn(
                Direction::Output,
                id,
                slot.clone(),
                events,
            )?);
            SoundThread::spawn("speaker", move |stop| {
                speaker::run(Some(&slot), &mut pull, |_| {}, &shared, stop);
            })?
        }
    };
    Ok(OpenAudioSink {
        device,
        state,
        _thread: thread,
    })
}
