//! Writes blocks to a WAV file from a thread of its own, 48 kHz, mono, 16 bit.
//!
//! The caller, often the playout path, never waits for the disk: blocks go through a queue, and
//! one that does not fit is dropped and counted.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use crate::frame::AudioBlock;

/// Blocks that may wait for the disk: two seconds.
const QUEUE: usize = 200;
/// Bytes before the sound.
const HEADER_LEN: u32 = 44;

/// Writes blocks as they come. Dropping it writes what is queued and completes the file.
#[derive(Debug)]
pub struct WavWriter {
    queue: Option<SyncSender<AudioBlock>>,
    thread: Option<JoinHandle<()>>,
    dropped: AtomicU64,
}

impl WavWriter {
    /// Creates the file, or empties it.
    pub fn create(path: &Path) -> std::io::Result<WavWriter> {
        let mut file = File::create(path)?;
        file.write_all(&header(0))?;
        let (queue, blocks) = sync_channel(QUEUE);
        let thread = thread::Builder::new()
            .name("wav-writer".into())
            .spawn(move || {
                if let Err(error) = write_all(file, &blocks) {
                    tracing::warn!(%error, "the audio dump ended early");
                }
            })?;
        Ok(WavWriter {
            queue: Some(queue),
            thread: Some(thread),
            dropped: AtomicU64::new(0),
        })
    }

    /// Queues a block; never waits. A block that finds the queue full is dropped.
    pub fn write(&self, block: &AudioBlock) {
        let is_queued = match &self.queue {
            Some(queue) => queue.try_send(block.clone()).is_ok(),
            None => false,
        };
        if !is_queued {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Blocks that the disk was too slow for.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for WavWriter {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_all(file: File, blocks: &Receiver<AudioBlock>) -> std::io::Result<()> {
    let mut file = BufWriter::new(file);
    let mut length = 0_u32;
    for block in blocks {
        let bytes = 2 * AudioBlock::LEN as u32;
        // RIFF ends at 4 GiB, which is 12 hours; the rest of the dump is left out.
        if length > u32::MAX - HEADER_LEN - bytes {
            continue;
        }
        for sample in block.samples {
            let value = (sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16;
            file.write_all(&value.to_le_bytes())?;
        }
        length += bytes;
    }
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header(length))?;
    file.flush()
}

fn header(data_len: u32) -> [u8; HEADER_LEN as usize] {
    let mut header = *b"RIFF----WAVEfmt \x10\0\0\0\x01\0\x01\0----....\x02\0\x10\0data----";
    header[4..8].copy_from_slice(&(data_len + HEADER_LEN - 8).to_le_bytes());
    header[24..28].copy_from_slice(&AudioBlock::RATE_HZ.to_le_bytes());
    header[28..32].copy_from_slice(&(2 * AudioBlock::RATE_HZ).to_le_bytes());
    header[40..].copy_from_slice(&data_len.to_le_bytes());
    header
}
