//! Keeps a sound device open.
//!
//! One thread owns the cpal stream and everything that may block: opening, closing, asking the
//! sound system which devices there are. It reopens when no callback came for half a second (a
//! device may die without an error), when the device reports a failure, when the wanted device
//! appears or goes, and when the system's default changes while that is what is wanted. The thread
//! that moves the sound never waits for it: it looks at the slot, finds a port or none.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::AudioError;
use super::list::{Devices, Direction};
use super::stream::{self, Port, STARTED};
use crate::stop::StopSignal;

/// No callback for this long and the device is reopened.
const STALL: Duration = Duration::from_millis(450);
/// A wireless headset may take this long to its first callbacks, and so may a device that has
/// played silence ahead.
const STARTING: Duration = Duration::from_secs(3);
/// Length of a microphone's callback.
const INPUT_PERIOD_MS: u32 = 10;
/// Length of a speaker's callback at first, and at most. PulseAudio holds two of them, and on a busy
/// machine it plays gaps: with 10 ms 7 to 40 % of the time, with 20 ms up to 13 %, with 40 ms none
/// (two cores under load). So a speaker that takes fewer samples than it should gets more at a time.
const OUTPUT_PERIOD_MS: (u32, u32) = (20, 40);
/// Time over which a speaker's appetite is measured.
const APPETITE: Duration = Duration::from_secs(2);
/// Share of the samples below which there are gaps.
const HUNGRY: f64 = 0.97;
/// How often the watchdog looks.
const TICK: Duration = Duration::from_millis(50);
/// How often the sound system is asked for its devices.
const LOOK: Duration = Duration::from_millis(700);
/// Waits between tries to open: 1, 2, then every 5 s.
const RETRIES_S: [u64; 3] = [1, 2, 5];
/// Longest wait for the first try when a device is opened, and for the thread when it is closed.
const PATIENCE: Duration = Duration::from_secs(3);

/// What happens to an open microphone or speaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AudioDeviceEvent {
    /// A device was opened, for the first time or again.
    Running {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
        /// The wanted one is not there; this is the system's default instead.
        is_fallback: bool,
    },
    /// No sound flows although the device is there; it is being opened again.
    Stalled,
    /// There is no device any more; it is tried again, and at once when one appears.
    Lost(AudioError),
}

/// How an open microphone or speaker is doing: its last event.
pub type AudioDeviceStatus = AudioDeviceEvent;

/// Takes the events of a microphone or speaker, on its supervisor's thread.
pub type AudioDeviceEvents = Arc<dyn Fn(AudioDeviceEvent) + Send + Sync>;

/// Where the port of the device that is open at the moment is found.
pub(super) type PortSlot = Arc<Mutex<Option<Arc<Port>>>>;

/// Handle of the thread; dropping it closes the device.
#[derive(Debug)]
pub(super) struct Supervisor {
    status: Arc<Mutex<Option<AudioDeviceStatus>>>,
    stop: StopSignal,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    /// Starts the thread and waits for its first try to open the device.
    pub(super) fn spawn(
        direction: Direction,
        wanted: &str,
        slot: PortSlot,
        events: AudioDeviceEvents,
    ) -> Result<Supervisor, AudioError> {
        let stop = StopSignal::default();
        let status = Arc::new(Mutex::new(None));
        let (tried, first_try) = sync_channel(1);
        let mut watch = Watch {
            direction,
            wanted: wanted.to_owned(),
            slot,
            events,
            status: status.clone(),
            period_ms: match direction {
                Direction::Input => INPUT_PERIOD_MS,
                Direction::Output => OUTPUT_PERIOD_MS.0,
            },
            looked: Arc::new(Mutex::new(None)),
            tried,
        };
        let signal = stop.clone();
        watch.spawn_looks(&stop)?;
        let thread = thread::Builder::new()
            .name("audio-device".into())
            .spawn(move || watch.run(&signal))
            .map_err(|error| AudioError::Failed(error.to_string()))?;
        let _ = first_try.recv_timeout(PATIENCE);
        Ok(Supervisor {
            status,
            stop,
            thread: Some(thread),
        })
    }

    pub(super) fn status(&self) -> AudioDeviceStatus {
        let status = self.status.lock().clone();
        status.unwrap_or(AudioDeviceEvent::Lost(AudioError::NoAnswer))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop.stop();
        let Some(thread) = self.thread.take() else {
            return;
        };
        if thread.thread().id() == thread::current().id() {
            return;
        }
        let deadline = Instant::now() + PATIENCE;
        while !thread.is_finished() {
            if Instant::now() > deadline {
                tracing::warn!("a sound device hangs while closing and is left behind");
                return;
            }
            thread::sleep(Duration::from_millis(2));
        }
        let _ = thread.join();
    }
}

struct Watch {
    direction: Direction,
    wanted: String,
    slot: PortSlot,
    events: AudioDeviceEvents,
    status: Arc<Mutex<Option<AudioDeviceStatus>>>,
    period_ms: u32,
    /// What the last look found.
    looked: Arc<Mutex<Option<Look>>>,
    tried: SyncSender<()>,
}

/// What the sound system answered. It may take for ever to, so a thread of its own asks.
struct Look {
    asked_at: Instant,
    /// The device that should be open, and whether it is a fallback.
    target: Option<(String, bool)>,
}

/// An open device.
struct Open {
    /// Held for its drop, which closes the device.
    _stream: cpal::Stream,
    port: Arc<Port>,
    id: String,
    is_fallback: bool,
    callbacks: u64,
    alive_at: Instant,
    opened_at: Instant,
    /// Start of the measurement of a speaker's appetite, and its frames by then.
    measured_from: Option<(Instant, u64)>,
}

enum State {
    Open(Open),
    Closed { next_try: Instant, tries: usize },
}

impl Watch {
    fn run(&mut self, stop: &StopSignal) {
        let mut state = self.open(0);
        let _ = self.tried.send(());
        while !stop.wait_for(TICK) {
            state = match state {
                State::Open(open) => self.watch(open),
                State::Closed { next_try, tries } if Instant::now() >= next_try => self.open(tries),
                State::Closed { next_try, tries } => State::Closed { next_try, tries },
            };
        }
        *self.slot.lock() = None;
    }

    fn watch(&mut self, mut open: Open) -> State {
        let now = Instant::now();
        let failure = open.port.failure.lock().take();
        if let Some(error) = failure {
            tracing::debug!(%error, "the sound device failed");
            return self.reopen(open);
        }
        let callbacks = open.port.callbacks.load(Ordering::Acquire);
        if callbacks != open.callbacks {
            open.callbacks = callbacks;
            open.alive_at = now;
        }
        let patience = if callbacks < STARTED { STARTING } else { STALL };
        if now.duration_since(open.alive_at) > patience {
            self.tell(AudioDeviceEvent::Stalled);
            return self.reopen(open);
        }
        if self.is_starving(&mut open, now) {
            self.period_ms = OUTPUT_PERIOD_MS.1;
            tracing::debug!(
                period_ms = self.period_ms,
                "the speaker plays gaps and gets larger buffers"
            );
            return self.reopen(open);
        }
        let look = self.looked.lock().take();
        // What was asked before the device was opened is out of date.
        if let Some(look) = look.filter(|look| look.asked_at > open.opened_at)
            && look.target != Some((open.id.clone(), open.is_fallback))
        {
            return self.reopen(open);
        }
        State::Open(open)
    }

    /// Whether a speaker takes clearly fewer samples than it plays, and more at a time may help.
    fn is_starving(&self, open: &mut Open, now: Instant) -> bool {
        let is_adaptable =
            self.direction == Direction::Output && self.period_ms < OUTPUT_PERIOD_MS.1;
        if !is_adaptable || open.callbacks < STARTED {
            return false;
        }
        let frames = open.port.frames.load(Ordering::Relaxed);
        let (since, before) = *open.measured_from.get_or_insert((now, frames));
        let elapsed = now.duration_since(since);
        if elapsed < APPETITE {
            return false;
        }
        open.measured_from = Some((now, frames));
        let wanted = elapsed.as_secs_f64() * f64::from(open.port.rate_hz);
        ((frames - before) as f64) < wanted * HUNGRY
    }

    /// Starts the thread that asks the sound system. Nobody waits for it: it ends after the answer
    /// that follows the stop.
    fn spawn_looks(&self, stop: &StopSignal) -> Result<(), AudioError> {
        let (stop, looked) = (stop.clone(), self.looked.clone());
        let (direction, wanted) = (self.direction, self.wanted.clone());
        let looks = move || {
            while !stop.wait_for(LOOK) {
                let asked_at = Instant::now();
                // A sound system that fails changes nothing; the watchdog will tell.
                let Ok(devices) = Devices::look(direction) else {
                    continue;
                };
                let target = devices.route(&wanted).map(|route| {
                    let id = devices.0[route.place].info.id.clone();
                    (id, route.is_fallback)
                });
                *looked.lock() = Some(Look { asked_at, target });
            }
        };
        thread::Builder::new()
            .name("audio-route".into())
            .spawn(looks)
            .map(drop)
            .map_err(|error| AudioError::Failed(error.to_string()))
    }

    fn reopen(&mut self, open: Open) -> State {
        *self.slot.lock() = None;
        // The device must be closed before it can be opened again.
        drop(open);
        self.open(0)
    }

    fn open(&mut self, tries: usize) -> State {
        match self.try_open() {
            Ok(open) => State::Open(open),
            Err(error) => {
                tracing::debug!(%error, direction = ?self.direction, "no sound device could be opened");
                self.tell(AudioDeviceEvent::Lost(error));
                let wait = RETRIES_S[tries.min(RETRIES_S.len() - 1)];
                State::Closed {
                    next_try: Instant::now() + Duration::from_secs(wait),
                    tries: tries + 1,
                }
            }
        }
    }

    fn try_open(&mut self) -> Result<Open, AudioError> {
        // A connection of its own only where there is something to open.
        let looked = Devices::look(self.direction)?;
        looked.route(&self.wanted).ok_or(AudioError::NoDevice)?;
        let devices = Devices::read(self.direction)?;
        let route = devices.route(&self.wanted).ok_or(AudioError::NoDevice)?;
        let present = &devices.0[route.place];
        let (stream, port) = stream::open(&present.device, self.direction, self.period_ms)?;
        *self.slot.lock() = Some(port.clone());
        self.tell(AudioDeviceEvent::Running {
            id: present.info.id.clone(),
            name: present.info.name.clone(),
            is_fallback: route.is_fallback,
        });
        let now = Instant::now();
        Ok(Open {
            _stream: stream,
            port,
            id: present.info.id.clone(),
            is_fallback: route.is_fallback,
            callbacks: 0,
            alive_at: now,
            opened_at: now,
            measured_from: None,
        })
    }

    /// Tells what is new.
    fn tell(&self, event: AudioDeviceEvent) {
        let before = self.status.lock().replace(event.clone());
        if before.as_ref() != Some(&event) {
            (self.events)(event);
        }
    }
}
