//! WAV files: reading any usual kind as mono, writing 16 bit mono at 48 kHz.
//!
//! [`WavReader`] streams and trusts nothing in the file; [`WavWriter`] writes dumps from a thread
//! of its own. Our own two hundred lines instead of a crate because of the first half of that.
//! Format: Microsoft's RIFF/WAVE, with `WAVE_FORMAT_EXTENSIBLE`.

mod header;
mod writer;

pub use header::{SampleKind, WavHeader};
pub use writer::WavWriter;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Why a WAV file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// The file cannot be opened or read.
    #[error("cannot read the file: {0}")]
    Io(#[from] io::Error),
    /// The first bytes are not those of a WAV file, or it has no `fmt ` or `data` part.
    #[error("not a WAV file")]
    NotWav,
    /// Compressed, or with a number of channels, bits or samples a second that makes no sense.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// There is not one sample.
    #[error("the file contains no sound")]
    Empty,
}

/// Reads samples, mixed down to mono, at the file's own rate.
#[derive(Debug)]
pub struct WavReader {
    file: BufReader<File>,
    header: WavHeader,
    /// Bytes of sound not read yet.
    left: u64,
    bytes: Vec<u8>,
}

impl WavReader {
    /// Opens a file and reads its header. A file without a single sample is an error.
    pub fn open(path: &Path) -> Result<WavReader, WavError> {
        let mut file = BufReader::new(File::open(path)?);
        let length = file.get_ref().metadata()?.len();
        let header = WavHeader::read(&mut file, length)?;
        file.seek(SeekFrom::Start(header.data_at))?;
        Ok(WavReader {
            file,
            left: header.data_len,
            header,
            bytes: Vec::new(),
        })
    }

    /// What the file says about itself.
    pub fn header(&self) -> &WavHeader {
        &self.header
    }

    /// Fills `samples` from the front with the mean of the channels, in −1.0 … 1.0. Returns how
    /// many there were; fewer than asked for means the end.
    pub fn read(&mut self, samples: &mut [f32]) -> Result<usize, WavError> {
        let frame = self.header.frame_bytes();
        let wanted = ((samples.len() * frame) as u64).min(self.left);
        self.bytes.resize(wanted as usize, 0);
        self.file.read_exact(&mut self.bytes)?;
        self.left -= wanted;
        let channels = f32::from(self.header.channels);
        let frames = self.bytes.chunks_exact(frame);
        let count = frames.len();
        for (sample, frame) in samples.iter_mut().zip(frames) {
            let values = frame.chunks_exact(self.header.kind.bytes());
            let sum: f32 = values.map(|bytes| self.header.kind.decode(bytes)).sum();
            *sample = sum / channels;
        }
        Ok(count)
    }

    /// Goes back to the first sample.
    pub fn rewind(&mut self) -> Result<(), WavError> {
        self.file.seek(SeekFrom::Start(self.header.data_at))?;
        self.left = self.header.data_len;
        Ok(())
    }
}
