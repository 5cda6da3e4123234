//! Where pictures come from: a camera, a screen, a file, a test pattern, or nowhere.
//!
//! [`open_video_source`] gives every kind an OS thread of its own, which hands frames to a callback
//! at the wanted pace and stamps them with the media clock at that moment. Dropping the handle
//! stops the thread and closes the device. The callback runs on the source's thread and must not
//! block; pipelines keep the newest frame only.
//! Rejected: a pull interface (a camera cannot be asked, and a late consumer must not delay it).

mod file;
pub(crate) mod pacer;
mod pattern;
mod spec;

pub use pattern::TestPattern;
pub use spec::{ParseSpecError, VideoFormat, VideoSourceSpec};

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::camera::{CameraError, OpenCamera};
use crate::frame::VideoFrame;
use crate::screen::{OpenScreen, ScreenError};
use crate::stop::StopSignal;
use crate::y4m::{Y4mError, Y4mReader};

/// Takes the frames of a source, on the source's thread.
pub type VideoSink = Arc<dyn Fn(VideoFrame) + Send + Sync>;

/// Takes the events of a source, on one of the source's threads.
pub type VideoSourceEvents = Arc<dyn Fn(VideoSourceEvent) + Send + Sync>;

/// What happens to an open source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VideoSourceEvent {
    /// No frame for a second although the device is there.
    Stalled,
    /// The device is gone, or it failed; it is tried again about once a second.
    Lost(CameraError),
    /// Frames come again.
    Recovered,
    /// The screen or window is gone for good, or was never to be seen.
    Ended(ScreenError),
}

/// Why a source cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum VideoSourceError {
    /// The file cannot be played.
    #[error("{path}: {error}")]
    File {
        /// The file's path as it was given.
        path: String,
        /// Why not.
        error: Y4mError,
    },
    /// The camera cannot be opened.
    #[error(transparent)]
    Camera(#[from] CameraError),
    /// The screen or window cannot be shown.
    #[error(transparent)]
    Screen(#[from] ScreenError),
    /// The wanted size or rate cannot be made.
    #[error("video format {0} is not possible")]
    Format(VideoFormat),
    /// The system gave no thread.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

impl VideoSourceError {
    /// A stable word for the UI, which has the sentences.
    pub fn code(&self) -> &'static str {
        match self {
            VideoSourceError::File { .. } => "video-file",
            VideoSourceError::Camera(error) => error.code(),
            VideoSourceError::Screen(error) => error.code(),
            VideoSourceError::Format(_) => "video-format",
            VideoSourceError::Thread(_) => "thread",
        }
    }
}

/// An open source. Dropping it stops the frames, ends the thread and closes the device.
#[derive(Debug)]
pub struct OpenVideoSource {
    format: VideoFormat,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Nothing,
    Paced {
        /// Held for its drop, which ends it.
        _thread: PacedThread,
    },
    Camera(OpenCamera),
    Screen(OpenScreen),
}

impl Kind {
    fn paced(
        name: &str,
        run: impl FnOnce(&StopSignal) + Send + 'static,
    ) -> Result<Kind, VideoSourceError> {
        let _thread = PacedThread::spawn(name, run)?;
        Ok(Kind::Paced { _thread })
    }
}

impl OpenVideoSource {
    /// What is delivered: the wanted format, or for a camera the nearest one it offers, or for a screen
    /// its own size at the start, if that is not larger than the wanted one.
    pub fn format(&self) -> VideoFormat {
        match &self.kind {
            Kind::Nothing | Kind::Paced { .. } => self.format,
            Kind::Camera(camera) => camera.format(),
            Kind::Screen(screen) => screen.format(),
        }
    }
}

/// Opens a source and starts it. Returns when the first frame can come: a missing file, and a
/// camera that is missing, in use or forbidden, are errors here and not events later.
pub fn open_video_source(
    spec: &VideoSourceSpec,
    wanted: VideoFormat,
    sink: VideoSink,
    events: VideoSourceEvents,
) -> Result<OpenVideoSource, VideoSourceError> {
    if !wanted.is_possible() {
        return Err(VideoSourceError::Format(wanted));
    }
    let kind = match spec {
        VideoSourceSpec::None => Kind::Nothing,
        VideoSourceSpec::Test => Kind::paced("video-test", move |stop| {
            pattern::run(wanted, &sink, stop);
        })?,
        VideoSourceSpec::File { path, stamp } => {
            let reader = open_file(path)?;
            let stamp = *stamp;
            Kind::paced("video-file", move |stop| {
                file::run(reader, wanted, stamp, &sink, stop);
            })?
        }
        VideoSourceSpec::Screen(target) => {
            Kind::Screen(OpenScreen::open(target, wanted, sink, events)?)
        }
        VideoSourceSpec::Device(id) => Kind::Camera(OpenCamera::open(id, wanted, sink, events)?),
    };
    Ok(OpenVideoSource {
        format: wanted,
        kind,
    })
}

fn open_file(path: &Path) -> Result<Y4mReader, VideoSourceError> {
    Y4mReader::open(path).map_err(|error| VideoSourceError::File {
        path: path.display().to_string(),
        error,
    })
}

#[derive(Debug)]
struct PacedThread {
    stop: StopSignal,
    thread: Option<JoinHandle<()>>,
}

impl PacedThread {
    fn spawn(
        name: &str,
        run: impl FnOnce(&StopSignal) + Send + 'static,
    ) -> Result<PacedThread, VideoSourceError> {
        let stop = StopSignal::default();
        let signal = stop.clone();
        let thread = thread::Builder::new()
            .name(name.into())
            .spawn(move || run(&signal))
            .map_err(VideoSourceError::Thread)?;
        Ok(PacedThread {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for PacedThread {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}
