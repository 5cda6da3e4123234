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
use super::route::{self, Candidate, Route};
use super::stream::{self, Port};
use crate::stop::StopSignal;

/// No callback for this long and the device is reopened.
const STALL: Duration = Duration::from_millis(450);
/// A wireless headset may take this long to its first callback.
const FIRST_CALLBACK: Duration = Duration::from_secs(2);
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
            tried,
        };
        let signal = stop.clone();
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
    tried: SyncSender<()>,
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
    next_look: Instant,
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
        let patience = if callbacks == 0 {
            FIRST_CALLBACK
        } else {
            STALL
        };
        if now.duration_since(open.alive_at) > patience {
            self.tell(AudioDeviceEvent::Stalled);
            return self.reopen(open);
        }
        if now >= open.next_look {
            open.next_look = now + LOOK;
            if self.route_changed(&open) {
                return self.reopen(open);
            }
        }
        State::Open(open)
    }

    /// Whether another device than the open one should be open. A sound system that does not
    /// answer changes nothing; the watchdog will tell.
    fn route_changed(&self, open: &Open) -> bool {
        Devices::read(self.direction).is_ok_and(|devices| match self.route(&devices) {
            Some(route) => {
                devices.0[route.place].info.id != open.id || route.is_fallback != open.is_fallback
            }
            None => true,
        })
    }

    fn route(&self, devices: &Devices) -> Option<Route> {
        let candidates: Vec<_> = devices
            .0
            .iter()
            .map(|present| Candidate {
                id: &present.info.id,
                short_id: &present.short_id,
                is_default: present.info.is_default,
            })
            .collect();
        route::choose(&self.wanted, &candidates)
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
                let lost = AudioDeviceEvent::Lost(error);
                if self.status.lock().as_ref() != Some(&lost) {
                    self.tell(lost);
                }
                let wait = RETRIES_S[tries.min(RETRIES_S.len() - 1)];
                State::Closed {
                    next_try: Instant::now() + Duration::from_secs(wait),
                    tries: tries + 1,
                }
            }
        }
    }

    fn try_open(&mut self) -> Result<Open, AudioError> {
        let devices = Devices::read(self.direction)?;
        let route = self.route(&devices).ok_or(AudioError::NoDevice)?;
        let present = &devices.0[route.place];
        let (stream, port) = stream::open(&present.device, self.direction)?;
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
            next_look: now + LOOK,
        })
    }

    fn tell(&self, event: AudioDeviceEvent) {
        *self.status.lock() = Some(event.clone());
        (self.events)(event);
    }
}
