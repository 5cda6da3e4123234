//! The four pipelines of a call: pictures and sound to packets, packets to pictures and sound.
//!
//! Each owns its OS threads (codecs block for milliseconds and have no place on an async runtime)
//! and talks through callbacks that must not block: they push into a bounded queue and return.
//! Dropping a pipeline stops and joins its thread; so never drop one inside its own callback.
//!
//! ```text
//! camera → VideoSend → packets        packets → VideoReceive → picture callback
//! microphone → AudioSend → packets    packets → AudioReceive ← playout thread pulls
//! ```

mod audio_receive;
mod audio_send;
mod video_decode;
mod video_receive;
mod video_send;

pub use self::audio_receive::{AudioReceive, AudioReceiveStats};
pub use self::audio_send::{AudioInput, AudioSend, AudioSendStats};
pub use self::video_receive::{VideoReceive, VideoReceiveStats};
pub use self::video_send::{VideoInput, VideoSend, VideoSendSettings, VideoSendStats};

/// The moment of a stream that is being played, for lip-sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayoutPoint {
    /// Time stamp of what is played.
    pub rtp_timestamp: u32,
    /// When, in microseconds of the media clock.
    pub played_us: i64,
}

/// Why a pipeline could not start.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The system gave no thread.
    #[error("no thread for {name}: {source}")]
    Thread {
        /// The thread's name.
        name: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The codec would not start.
    #[error(transparent)]
    Codec(#[from] crate::codec::CodecError),
}

/// Starts a named thread that ends with its pipeline.
fn spawn(
    name: &'static str,
    run: impl FnOnce() + Send + 'static,
) -> Result<std::thread::JoinHandle<()>, PipelineError> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(run)
        .map_err(|source| PipelineError::Thread { name, source })
}

/// Whether a pipeline's thread lives: it ends by itself only by a panic.
fn is_running(thread: Option<&std::thread::JoinHandle<()>>) -> bool {
    thread.is_some_and(|thread| !thread.is_finished())
}

/// Joins a thread, and says so if it had panicked.
fn join(thread: &mut Option<std::thread::JoinHandle<()>>) {
    if let Some(thread) = thread.take() {
        let name = thread.thread().name().unwrap_or("?").to_owned();
        if thread.join().is_err() {
            tracing::error!(name, "a media thread had panicked");
        }
    }
}
