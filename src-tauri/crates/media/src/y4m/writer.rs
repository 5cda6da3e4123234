//! Writes frames to a `.y4m` file from a thread of its own.
//!
//! The caller, often a decoder thread, never waits for the disk: frames go through a short queue,
//! and one that does not fit is dropped and counted.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use crate::frame::VideoFrame;
use crate::scale::{I420Scaler, I420View};

/// Frames that may wait for the disk.
const QUEUE: usize = 30;

/// Writes frames as they come; the first one fixes the size, later ones are scaled to it.
/// Dropping it writes what is queued and closes the file.
#[derive(Debug)]
pub struct Y4mWriter {
    queue: Option<SyncSender<VideoFrame>>,
    thread: Option<JoinHandle<()>>,
    dropped: AtomicU64,
}

impl Y4mWriter {
    /// Creates the file, or empties it. The header, written with the first frame, says
    /// `frames_per_second`; the frames themselves carry no time.
    pub fn create(path: &Path, frames_per_second: u32) -> std::io::Result<Y4mWriter> {
        let file = File::create(path)?;
        let (queue, frames) = sync_channel(QUEUE);
        let thread = thread::Builder::new()
            .name("y4m-writer".into())
            .spawn(move || {
                if let Err(error) = write_all(file, &frames, frames_per_second) {
                    tracing::warn!(%error, "the video dump ended early");
                }
            })?;
        Ok(Y4mWriter {
            queue: Some(queue),
            thread: Some(thread),
            dropped: AtomicU64::new(0),
        })
    }

    /// Queues a frame; never waits. A frame that finds the queue full is dropped.
    pub fn write(&self, frame: &VideoFrame) {
        let sent = self
            .queue
            .as_ref()
            .map(|queue| queue.try_send(frame.clone()));
        if !matches!(sent, Some(Ok(()))) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Frames that the disk was too slow for.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for Y4mWriter {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_all(file: File, frames: &Receiver<VideoFrame>, rate: u32) -> std::io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let mut size = None;
    let mut scaler = I420Scaler::new();
    let mut scaled = Vec::new();
    for frame in frames {
        let (width, height) = *size.get_or_insert((frame.width, frame.height));
        if file.buffer().is_empty() && scaled.is_empty() {
            writeln!(file, "YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420")?;
            scaled.resize(VideoFrame::i420_len(width, height), 0);
        }
        file.write_all(b"FRAME\n")?;
        if (frame.width, frame.height) == (width, height) {
            file.write_all(&frame.data)?;
        } else if let Some(view) = I420View::packed(&frame.data, frame.width, frame.height) {
            scaler.scale(view, &mut scaled, width, height);
            file.write_all(&scaled)?;
        }
    }
    file.flush()
}
