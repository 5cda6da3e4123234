//! An open cpal stream, and the port through which it meets the rest.
//!
//! The callbacks run on the device's real-time thread: they convert and mix samples, move them
//! through the ring, count, and wake the other side. They take no lock and allocate nothing.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::Duration;

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{
    BufferSize, Device, ErrorKind, FromSample, OutputCallbackInfo, Sample, SampleFormat,
    SizedSample, StreamConfig, SupportedStreamConfigRange,
};
use parking_lot::Mutex;

use super::AudioError;
use super::list::Direction;
use super::ring::SampleRing;
use crate::clock;
use crate::frame::AudioBlock;

/// Callbacks after which a device has started.
pub(super) const STARTED: u64 = 10;
/// Longest wait for a sound server to set a stream up.
const OPEN: Duration = Duration::from_secs(2);

/// A device that claims to play later than this is not believed.
const LONGEST_DEVICE_DELAY: Duration = Duration::from_millis(500);

/// What a device's callback and the thread behind it share.
#[derive(Debug)]
pub(super) struct Port {
    /// Mono samples at the device's rate.
    pub(super) ring: SampleRing,
    pub(super) rate_hz: u32,
    /// Callbacks so far: the watchdog's sign of life.
    pub(super) callbacks: AtomicU64,
    /// Frames that callbacks brought or took so far.
    pub(super) frames: AtomicU64,
    /// When the last callback came, in microseconds of the media clock.
    pub(super) last_callback_us: AtomicI64,
    /// Most frames that one callback brought or took.
    pub(super) largest_callback: AtomicUsize,
    /// Output: when the device plays the end of what the last callback gave it, in microseconds of
    /// the media clock; zero before the first callback.
    pub(super) played_until_us: AtomicI64,
    /// Output: samples that must wait in the ring before playing begins or goes on.
    pub(super) prime_level: AtomicUsize,
    /// Output: whether samples flow; false before the first and after the ring ran empty.
    pub(super) is_primed: AtomicBool,
    /// Input: the thread to wake.
    pub(super) waker: OnceLock<Thread>,
    /// Why the device ended the stream, if it did.
    pub(super) failure: Mutex<Option<AudioError>>,
}

impl Port {
    fn new(rate_hz: u32) -> Port {
        Port {
            ring: SampleRing::new(),
            rate_hz,
            callbacks: AtomicU64::new(0),
            frames: AtomicU64::new(0),
            last_callback_us: AtomicI64::new(0),
            largest_callback: AtomicUsize::new(0),
            played_until_us: AtomicI64::new(0),
            prime_level: AtomicUsize::new(usize::MAX),
            is_primed: AtomicBool::new(false),
            waker: OnceLock::new(),
            failure: Mutex::new(None),
        }
    }

    fn note(&self, frames: usize) {
        self.last_callback_us
            .store(clock::now_us(), Ordering::Relaxed);
        self.frames.fetch_add(frames as u64, Ordering::Relaxed);
        let before = self.callbacks.fetch_add(1, Ordering::Release);
        // The first ones fill the device's own buffer at once and say nothing about the others.
        if before == STARTED {
            self.largest_callback.store(frames, Ordering::Relaxed);
        } else {
            self.largest_callback.fetch_max(frames, Ordering::Relaxed);
        }
    }

    fn take<T: Sample>(&self, data: &[T], channels: usize)
    where
        f32: FromSample<T>,
    {
        // The first two channels: what comes after them on a multi-channel device is not speech.
        let used = channels.min(2);
        let mono = data.chunks_exact(channels).map(|frame| {
            let sum: f32 = frame[..used]
                .iter()
                .map(|value| value.to_sample::<f32>())
                .sum();
            sum / used as f32
        });
        self.ring.write(mono);
        self.note(data.len() / channels);
        if let Some(waker) = self.waker.get() {
            waker.unpark();
        }
    }

    /// `wait_us`: what the device says it plays before this.
    fn give<T: Sample + FromSample<f32>>(&self, data: &mut [T], channels: usize, wait_us: i64) {
        let frames = data.len() / channels;
        let mut primed = self.is_primed.load(Ordering::Relaxed);
        if !primed && self.ring.len() >= self.prime_level.load(Ordering::Relaxed) {
            primed = true;
        }
        let mut place = data.chunks_exact_mut(channels);
        if primed {
            let given = self.ring.read(frames, |sample| {
                if let Some(frame) = place.next() {
                    frame.fill(T::from_sample(sample));
                }
            });
            primed = given == frames;
        }
        place.for_each(|frame| frame.fill(T::EQUILIBRIUM));
        self.is_primed.store(primed, Ordering::Relaxed);
        self.note(frames);
        let length_us = frames as i64 * 1_000_000 / i64::from(self.rate_hz.max(1));
        let until_us = self.last_callback_us.load(Ordering::Relaxed) + wait_us + length_us;
        self.played_until_us.store(until_us, Ordering::Relaxed);
    }
}

/// Opens a device and starts it, with callbacks of about `period_ms`.
pub(super) fn open(
    device: &Device,
    direction: Direction,
    period_ms: u32,
) -> Result<(cpal::Stream, Arc<Port>), AudioError> {
    let (config, format) = pick_config(device, direction, period_ms)?;
    let port = Arc::new(Port::new(config.sample_rate));
    let build = |config| match format {
        SampleFormat::F32 => build::<f32>(device, direction, config, &port),
        SampleFormat::I16 => build::<i16>(device, direction, config, &port),
        SampleFormat::U16 => build::<u16>(device, direction, config, &port),
        SampleFormat::I32 => build::<i32>(device, direction, config, &port),
        SampleFormat::U8 => build::<u8>(device, direction, config, &port),
        // pick_config chooses among the five above.
        _ => Err(cpal::Error::new(ErrorKind::UnsupportedConfig)),
    };
    let default_size = StreamConfig {
        buffer_size: BufferSize::Default,
        ..config
    };
    let stream = build(config).or_else(|error| {
        tracing::debug!(%error, "the device does not take this buffer size");
        build(default_size)
    })?;
    stream.play()?;
    Ok((stream, port))
}

fn build<T>(
    device: &Device,
    direction: Direction,
    config: StreamConfig,
    port: &Arc<Port>,
) -> Result<cpal::Stream, cpal::Error>
where
    T: SizedSample + FromSample<f32>,
    f32: FromSample<T>,
{
    let channels = usize::from(config.channels);
    let (data_port, error_port) = (port.clone(), port.clone());
    let on_error = move |error: cpal::Error| match error.kind() {
        ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied | ErrorKind::Xrun => {
            tracing::debug!(%error, "the sound device reports");
        }
        _ => *error_port.failure.lock() = Some(error.into()),
    };
    match direction {
        Direction::Input => {
            let take = move |data: &[T], _: &_| data_port.take(data, channels);
            device.build_input_stream(config, take, on_error, Some(OPEN))
        }
        Direction::Output => {
            let give = move |data: &mut [T], info: &OutputCallbackInfo| {
                let times = info.timestamp();
                let wait = times.playback.duration_since(times.callback);
                let wait_us = wait.min(LONGEST_DEVICE_DELAY).as_micros() as i64;
                data_port.give(data, channels, wait_us);
            };
            device.build_output_stream(config, give, on_error, Some(OPEN))
        }
    }
}

/// 48 kHz where the device has it, floating point where it has it, its usual channels.
fn pick_config(
    device: &Device,
    direction: Direction,
    period_ms: u32,
) -> Result<(StreamConfig, SampleFormat), AudioError> {
    let (usual, offers): (_, Vec<SupportedStreamConfigRange>) = match direction {
        Direction::Input => (
            device.default_input_config(),
            device.supported_input_configs()?.collect(),
        ),
        Direction::Output => (
            device.default_output_config(),
            device.supported_output_configs()?.collect(),
        ),
    };
    let usual = usual
        .ok()
        .map(|usual| (usual.channels(), usual.sample_rate()));
    let (channels, rate) = usual.unwrap_or((2, AudioBlock::RATE_HZ));
    let best = offers
        .iter()
        .filter(|offer| offer.channels() > 0)
        .filter_map(|offer| {
            let format = format_rank(offer.sample_format())?;
            let range = offer.min_sample_rate()..=offer.max_sample_rate();
            let (rate_rank, rate) = if range.contains(&AudioBlock::RATE_HZ) {
                (0, AudioBlock::RATE_HZ)
            } else if range.contains(&rate) {
                (1, rate)
            } else {
                (2, offer.max_sample_rate())
            };
            let off = offer.channels().abs_diff(channels);
            Some(((rate_rank, off, format), rate, offer))
        })
        .min_by_key(|(rank, _, _)| *rank);
    let (_, sample_rate, offer) = best.ok_or(AudioError::UnsupportedFormat)?;
    let config = StreamConfig {
        channels: offer.channels(),
        sample_rate,
        buffer_size: BufferSize::Fixed((sample_rate * period_ms / 1000).max(1)),
    };
    Ok((config, offer.sample_format()))
}

fn format_rank(format: SampleFormat) -> Option<u8> {
    match format {
        SampleFormat::F32 => Some(0),
        SampleFormat::I16 => Some(1),
        SampleFormat::I32 => Some(2),
        SampleFormat::U16 => Some(3),
        SampleFormat::U8 => Some(4),
        // 24 bit in 4 bytes, 64 bit, DSD: whoever has them has one of the above as well.
        _ => None,
    }
}
