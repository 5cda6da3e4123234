//! Sound in and out: microphones, speakers, files, tones.
//!
//! Inside Duet sound is one thing: blocks of 10 ms, mono, 48 kHz ([`AudioBlock`]). This module
//! brings whatever a device or file has into that form and back. Nothing blocks or allocates on a
//! device's real-time thread: it only moves samples through a lock-free ring (see `audio/ring.rs`).
//!
//! | file | what |
//! |---|---|
//! | `source`, `sink` | opening and closing, files, tones, the timer for `none` |
//! | `microphone`, `speaker` | the threads between a device's ring and blocks |
//! | `supervisor`, `stream`, `route` | keeping a device open: watchdog, fallback, default device |
//! | `drift`, `resample` | two clocks that never agree |
//! | `timeline`, `level`, `tone`, `spec` | small pure parts |
//!
//! [`AudioBlock`]: crate::frame::AudioBlock

mod drift;
mod error;
mod level;
mod list;
mod microphone;
mod resample;
mod ring;
mod route;
mod sink;
mod source;
mod speaker;
mod spec;
mod stream;
mod supervisor;
mod timeline;
mod tone;

pub use drift::DriftCorrector;
pub use error::AudioError;
pub use level::{Level, SILENCE_DBFS};
pub use list::{AudioDeviceInfo, DEFAULT_DEVICE, list_microphones, list_speakers};
pub use resample::MonoResampler;
pub use sink::{AudioPull, OpenAudioSink, PlayoutDelay, open_audio_sink};
pub use source::{AudioBlockSink, OpenAudioSource, open_audio_source};
pub use spec::{AudioSinkSpec, AudioSourceSpec};
pub use supervisor::{AudioDeviceEvent, AudioDeviceEvents, AudioDeviceStatus};
pub use tone::{RingTone, SpeakerTest, Tone};
