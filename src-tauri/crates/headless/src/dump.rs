//! What was received, counted and into files: pictures as YUV4MPEG2, sound as WAV. Writing happens on
//! threads of the writers, which lose data rather than hold the call up.
//!
//! A file is whole once its writer is dropped. The taps share the writers and do not own them: threads
//! of the call may still hold a tap when the program ends.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use duet_engine::{AudioTap, Taps, VideoTap};
use duet_media::wav::WavWriter;
use duet_media::y4m::Y4mWriter;
use parking_lot::Mutex;

use crate::arguments::CallArguments;
use crate::best_window::BestWindow;

/// The files that the person asked for; clones are the same files.
#[derive(Debug, Clone)]
pub(crate) struct Dumps {
    video: Arc<Mutex<Option<Y4mWriter>>>,
    audio: Arc<Mutex<Option<WavWriter>>>,
}

impl Dumps {
    /// Creates the files.
    pub(crate) fn create(arguments: &CallArguments) -> anyhow::Result<Self> {
        let rate = arguments.camera_format.frames_per_second;
        let video = created(arguments.dump_video.as_deref(), |path| {
            Y4mWriter::create(path, rate)
        })?;
        let audio = created(arguments.dump_audio.as_deref(), WavWriter::create)?;
        Ok(Self {
            video: Arc::new(Mutex::new(video)),
            audio: Arc::new(Mutex::new(audio)),
        })
    }

    /// The taps that count pictures and fill the files.
    pub(crate) fn taps(&self, pictures: BestWindow) -> Taps {
        let Self { video, audio } = self.clone();
        Taps {
            remote_video: VideoTap::new(move |frame| {
                pictures.note(Instant::now());
                if let Some(writer) = &*video.lock() {
                    writer.write(&frame);
                }
            }),
            remote_audio: AudioTap::new(move |block| {
                if let Some(writer) = &*audio.lock() {
                    writer.write(block);
                }
            }),
            ..Taps::default()
        }
    }

    /// Waits until all that came is in the files; what comes later is left out.
    pub(crate) fn complete(&self) {
        let (video, audio) = (self.video.lock().take(), self.audio.lock().take());
        // Not while a lock is held, for which a thread of the call may wait.
        drop((video, audio));
    }
}

fn created<W>(
    path: Option<&Path>,
    create: impl FnOnce(&Path) -> std::io::Result<W>,
) -> anyhow::Result<Option<W>> {
    let Some(path) = path else { return Ok(None) };
    let writer = create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Some(writer))
}
