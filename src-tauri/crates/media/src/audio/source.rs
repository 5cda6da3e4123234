//! Opening a sound source: a microphone, a file in a loop, a tone, or nothing.
//!
//! Every kind has a thread of its own that hands blocks to a callback, in real time. The callback
//! must not block for longer than a block lasts.

use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use parking_lot::Mutex;

use super::list::Direction;
use super::resample::MonoResampler;
use super::spec::AudioSourceSpec;
use super::supervisor::{AudioDeviceEvents, AudioDeviceStatus, PortSlot, Supervisor};
use super::tone::Tone;
use super::{AudioError, microphone};
use crate::clock;
use crate::frame::AudioBlock;
use crate::source::pacer::Pacer;
use crate::stop::StopSignal;
use crate::wav::{WavError, WavReader};

/// Takes the blocks of a source, on the source's thread.
pub type AudioBlockSink = Box<dyn FnMut(&AudioBlock) + Send>;

/// An open source. Dropping it ends the blocks and closes the device.
#[derive(Debug)]
pub struct OpenAudioSource {
    device: Option<Supervisor>,
    /// Held for its drop, which ends it.
    _thread: Option<SoundThread>,
}

impl OpenAudioSource {
    /// How the microphone is doing; `None` for a source that is no device.
    pub fn status(&self) -> Option<AudioDeviceStatus> {
        self.device.as_ref().map(Supervisor::status)
    }
}

/// Opens a source and starts it.
///
/// A microphone that is missing or does not work is no error: the call goes on without it, the
/// event says so, and it is tried again until it comes. A file that cannot be played is an error.
pub fn open_audio_source(
    spec: &AudioSourceSpec,
    mut sink: AudioBlockSink,
    events: AudioDeviceEvents,
) -> Result<OpenAudioSource, AudioError> {
    let mut device = None;
    let thread = match spec {
        AudioSourceSpec::None => None,
        AudioSourceSpec::Test(frequency_hz) => {
            let mut tone = Tone::new(*frequency_hz as f32);
            Some(SoundThread::spawn("audio-test", move |stop| {
                pace(&mut sink, stop, |samples| {
                    tone.fill(samples);
                    true
                });
            })?)
        }
        AudioSourceSpec::File(path) => {
            let mut music = Loop::open(path)?;
            Some(SoundThread::spawn("audio-file", move |stop| {
                pace(&mut sink, stop, |samples| music.fill(samples));
            })?)
        }
        AudioSourceSpec::Device(id) => {
            let slot = PortSlot::new(Mutex::new(None));
            device = Some(Supervisor::spawn(
                Direction::Input,
                id,
                slot.clone(),
                events,
            )?);
            Some(SoundThread::spawn("microphone", move |stop| {
                microphone::run(&slot, &mut sink, stop);
            })?)
        }
    };
    Ok(OpenAudioSource {
        device,
        _thread: thread,
    })
}

/// Hands out what `fill` makes, every 10 ms, until it has no more or the signal is raised.
fn pace(sink: &mut AudioBlockSink, stop: &StopSignal, mut fill: impl FnMut(&mut [f32]) -> bool) {
    let mut pacer = Pacer::new(Instant::now(), 100);
    let mut block = AudioBlock {
        samples: [0.0; AudioBlock::LEN],
        capture_ts_us: 0,
    };
    while !stop.wait_until(pacer.due()) {
        // A late wake-up is made up for: a tone must not lose samples.
        let passed = pacer.advance(Instant::now()).min(50);
        for missed in (0..passed).rev() {
            if !fill(&mut block.samples) {
                return;
            }
            block.capture_ts_us = clock::now_us() - 10_000 * missed as i64;
            sink(&block);
        }
    }
}

/// A WAV file at 48 kHz without an end.
struct Loop {
    reader: WavReader,
    resampler: MonoResampler,
    /// Samples at 48 kHz that did not fit into the last block.
    ready: Vec<f32>,
}

impl Loop {
    fn open(path: &Path) -> Result<Loop, AudioError> {
        let failed = |error: WavError| AudioError::File {
            path: path.display().to_string(),
            reason: error.to_string(),
        };
        let reader = WavReader::open(path).map_err(failed)?;
        let resampler = MonoResampler::new(reader.header().rate_hz, AudioBlock::RATE_HZ)?;
        Ok(Loop {
            reader,
            resampler,
            ready: Vec::new(),
        })
    }

    fn fill(&mut self, samples: &mut [f32]) -> bool {
        let same_rate = self.reader.header().rate_hz == AudioBlock::RATE_HZ;
        let mut part = [0.0; AudioBlock::LEN];
        while self.ready.len() < samples.len() {
            let read = match self.reader.read(&mut part) {
                Ok(read) => read,
                Err(error) => {
                    // Only a file that was damaged or removed while it played comes here.
                    tracing::warn!(%error, "the sound file cannot be played on");
                    return false;
                }
            };
            if read < part.len() && self.reader.rewind().is_err() {
                return false;
            }
            let ready = &mut self.ready;
            if same_rate {
                ready.extend_from_slice(&part[..read]);
            } else {
                self.resampler
                    .push(&part[..read], |made| ready.extend_from_slice(made));
            }
        }
        samples.copy_from_slice(&self.ready[..samples.len()]);
        self.ready.drain(..samples.len());
        true
    }
}

/// A thread with a stop signal.
#[derive(Debug)]
pub(super) struct SoundThread {
    stop: StopSignal,
    thread: Option<JoinHandle<()>>,
}

impl SoundThread {
    pub(super) fn spawn(
        name: &str,
        run: impl FnOnce(&StopSignal) + Send + 'static,
    ) -> Result<SoundThread, AudioError> {
        let stop = StopSignal::default();
        let signal = stop.clone();
        let thread = thread::Builder::new()
            .name(name.into())
            .spawn(move || run(&signal))
            .map_err(|error| AudioError::Failed(error.to_string()))?;
        Ok(SoundThread {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for SoundThread {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}
