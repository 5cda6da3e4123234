//! Watches over a capture thread: notices within a second when no frames come, tries again when
//! the camera failed or went away, and never waits for a thread that hangs in a driver.
//!
//! A stalled camera keeps its thread, because the frames usually return and a second stream on the
//! same device is refused anyway. Only a device that is gone, or a source that is closed, makes
//! the supervisor abandon a hung thread, and it starts no other while an abandoned one lives.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::capture::{self, CaptureState, Report};
use super::{CameraError, list};
use crate::source::{VideoFormat, VideoSink, VideoSourceEvent, VideoSourceEvents};
use crate::stop::StopSignal;

/// No frame for this long is a stall.
const STALL: Duration = Duration::from_millis(900);
/// Longest wait for a camera to open.
const OPEN: Duration = Duration::from_secs(5);
/// Time between two tries to open a lost camera.
const RETRY: Duration = Duration::from_millis(700);
/// How often the supervisor looks.
const TICK: Duration = Duration::from_millis(50);
/// How long closing waits for the thread before it lets it go.
const CLOSE: Duration = Duration::from_millis(500);

/// A camera that delivers frames until it is dropped; dropping closes the device.
#[derive(Debug)]
pub struct OpenCamera {
    format: Arc<Mutex<VideoFormat>>,
    stop: StopSignal,
    thread: Option<JoinHandle<()>>,
}

impl OpenCamera {
    /// Opens the camera with this id in the format nearest to the wanted one, scaled down if it is
    /// larger. Blocks until it streams or the reason why it does not is known, 5 s at most.
    pub fn open(
        id: &str,
        wanted: VideoFormat,
        sink: VideoSink,
        events: VideoSourceEvents,
    ) -> Result<OpenCamera, CameraError> {
        let id = id.to_owned();
        let stop = StopSignal::default();
        let signal = stop.clone();
        let format = Arc::new(Mutex::new(wanted));
        let shared_format = format.clone();
        let (opened, result) = sync_channel(1);
        let thread = thread::Builder::new()
            .name("camera-watch".into())
            .spawn(move || {
                let capture = Capture::spawn(&id, wanted, &sink);
                let first = capture.wait_until_open(&signal);
                let failed = first.is_err();
                if let Ok(format) = &first {
                    *shared_format.lock() = *format;
                }
                let _ = opened.send(first.map(|_| ()));
                if failed {
                    capture.close();
                    return;
                }
                let mut watch = Watch {
                    id,
                    wanted,
                    sink,
                    events,
                    format: shared_format,
                    abandoned: None,
                };
                watch.run(capture, &signal);
            })
            .map_err(|error| CameraError::Failed(error.to_string()))?;
        let camera = OpenCamera {
            format,
            stop,
            thread: Some(thread),
        };
        result.recv().unwrap_or(Err(CameraError::NoAnswer))?;
        Ok(camera)
    }

    /// What is delivered.
    pub fn format(&self) -> VideoFormat {
        *self.format.lock()
    }
}

impl Drop for OpenCamera {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

/// A capture thread as the supervisor sees it.
struct Capture {
    state: Arc<CaptureState>,
    reports: Receiver<Report>,
    thread: Option<JoinHandle<()>>,
}

impl Capture {
    fn spawn(id: &str, wanted: VideoFormat, sink: &VideoSink) -> Capture {
        let state = Arc::new(CaptureState::default());
        // It reports twice at most: that it opened, and that it ended.
        let (sender, reports) = sync_channel(2);
        let (id, sink, shared) = (id.to_owned(), sink.clone(), state.clone());
        let thread = thread::Builder::new()
            .name("camera".into())
            .spawn(move || capture::run(&id, wanted, &sink, &shared, &sender));
        Capture {
            state,
            reports,
            thread: thread.ok(),
        }
    }

    fn wait_until_open(&self, stop: &StopSignal) -> Result<VideoFormat, CameraError> {
        let deadline = Instant::now() + OPEN;
        while Instant::now() < deadline && !stop.is_stopped() {
            match self.reports.recv_timeout(TICK) {
                Ok(Report::Opened(format)) => return Ok(format),
                Ok(Report::Ended(error)) => return Err(error.unwrap_or(CameraError::NoAnswer)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(CameraError::NoAnswer),
            }
        }
        Err(CameraError::NoAnswer)
    }

    /// The error with which the thread ended, if it did.
    fn ended(&self, wait: Duration) -> Option<CameraError> {
        match self.reports.recv_timeout(wait) {
            Ok(Report::Ended(error)) => Some(error.unwrap_or(CameraError::NoAnswer)),
            Err(RecvTimeoutError::Disconnected) => Some(CameraError::NoAnswer),
            Ok(Report::Opened(_)) | Err(RecvTimeoutError::Timeout) => None,
        }
    }

    fn frames(&self) -> u64 {
        self.state.frames.load(Ordering::Acquire)
    }

    /// Lets the thread go and waits for it a little; returns it if it hangs.
    fn close(mut self) -> Option<JoinHandle<()>> {
        self.state.stop.store(true, Ordering::Release);
        let thread = self.thread.take()?;
        let deadline = Instant::now() + CLOSE;
        while !thread.is_finished() {
            if Instant::now() > deadline {
                tracing::warn!("a camera thread hangs in the driver and is left behind");
                return Some(thread);
            }
            thread::sleep(Duration::from_millis(2));
        }
        let _ = thread.join();
        None
    }
}

/// The supervisor after the camera opened for the first time.
struct Watch {
    id: String,
    wanted: VideoFormat,
    sink: VideoSink,
    events: VideoSourceEvents,
    format: Arc<Mutex<VideoFormat>>,
    /// A thread that hangs in a driver; one at most.
    abandoned: Option<JoinHandle<()>>,
}

/// How the camera is doing.
enum Health {
    Delivering {
        capture: Capture,
        frames: u64,
        since: Instant,
    },
    Stalled {
        capture: Capture,
        frames: u64,
        next_look: Instant,
    },
    Lost {
        next_try: Instant,
    },
}

impl Watch {
    fn run(&mut self, capture: Capture, stop: &StopSignal) {
        let mut health = Health::Delivering {
            capture,
            frames: 0,
            since: Instant::now(),
        };
        while !stop.is_stopped() {
            health = match health {
                Health::Delivering {
                    capture,
                    frames,
                    since,
                } => self.delivering(capture, frames, since),
                Health::Stalled {
                    capture,
                    frames,
                    next_look,
                } => self.stalled(capture, frames, next_look),
                Health::Lost { next_try } => {
                    stop.wait_for(TICK);
                    self.lost(next_try, stop)
                }
            };
        }
        match health {
            Health::Delivering { capture, .. } | Health::Stalled { capture, .. } => {
                capture.close();
            }
            Health::Lost { .. } => {}
        }
    }

    fn delivering(&mut self, capture: Capture, frames: u64, since: Instant) -> Health {
        if let Some(error) = capture.ended(TICK) {
            return self.lose(capture, error);
        }
        let (now, count) = (Instant::now(), capture.frames());
        if count != frames {
            return Health::Delivering {
                capture,
                frames: count,
                since: now,
            };
        }
        if now.duration_since(since) < STALL {
            return Health::Delivering {
                capture,
                frames,
                since,
            };
        }
        (self.events)(VideoSourceEvent::Stalled);
        Health::Stalled {
            capture,
            frames,
            next_look: now,
        }
    }

    fn stalled(&mut self, capture: Capture, frames: u64, next_look: Instant) -> Health {
        if let Some(error) = capture.ended(TICK) {
            return self.lose(capture, error);
        }
        let (now, count) = (Instant::now(), capture.frames());
        if count != frames {
            (self.events)(VideoSourceEvent::Recovered);
            return Health::Delivering {
                capture,
                frames: count,
                since: now,
            };
        }
        if now < next_look {
            return Health::Stalled {
                capture,
                frames,
                next_look,
            };
        }
        if list::resolve(&self.id) == Err(CameraError::Missing) {
            return self.lose(capture, CameraError::Missing);
        }
        Health::Stalled {
            capture,
            frames,
            next_look: now + RETRY,
        }
    }

    fn lose(&mut self, capture: Capture, error: CameraError) -> Health {
        (self.events)(VideoSourceEvent::Lost(error));
        self.abandoned = capture.close();
        Health::Lost {
            next_try: Instant::now() + RETRY,
        }
    }

    fn lost(&mut self, next_try: Instant, stop: &StopSignal) -> Health {
        if self.abandoned.as_ref().is_some_and(JoinHandle::is_finished) {
            self.abandoned = None;
        }
        if Instant::now() < next_try || self.abandoned.is_some() {
            return Health::Lost { next_try };
        }
        let capture = Capture::spawn(&self.id, self.wanted, &self.sink);
        match capture.wait_until_open(stop) {
            Ok(format) => {
                *self.format.lock() = format;
                (self.events)(VideoSourceEvent::Recovered);
                Health::Delivering {
                    frames: capture.frames(),
                    capture,
                    since: Instant::now(),
                }
            }
            Err(error) => {
                tracing::debug!(%error, "the camera is not back yet");
                self.abandoned = capture.close();
                Health::Lost {
                    next_try: Instant::now() + RETRY,
                }
            }
        }
    }
}
