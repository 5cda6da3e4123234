//! YUV4MPEG2 (`.y4m`) files: the plain format that every video tool reads and writes.
//!
//! [`Y4mReader`] streams one frame at a time, so a file of any length costs one frame of memory;
//! memory-mapping was rejected because a file that shrinks while it plays would kill the process.
//! Headers are bounded before anything is allocated. [`Y4mWriter`] writes dumps from its own
//! thread.
//! Format: <https://wiki.multimedia.cx/index.php/YUV4MPEG2>.

mod header;
mod writer;

pub use header::{MAX_PIXELS, Y4mHeader};
pub use writer::Y4mWriter;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Longest stream or frame header line that is accepted, in bytes.
const MAX_LINE: u64 = 1024;

/// Why a `.y4m` file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum Y4mError {
    /// The file cannot be opened or read.
    #[error("cannot read the file: {0}")]
    Io(#[from] io::Error),
    /// The first line is not that of a YUV4MPEG2 file.
    #[error("not a YUV4MPEG2 file")]
    NotY4m,
    /// A field of the header makes no sense.
    #[error("bad header field `{0}`")]
    BadField(String),
    /// Width, height or both are missing.
    #[error("the header names no width or no height")]
    NoSize,
    /// More pixels than any camera gives.
    #[error("{width}x{height} is too large")]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// Another chroma layout than 4:2:0 with 8 bits.
    #[error("colour space `{0}` is not supported, only 8 bit 4:2:0")]
    ColourSpace(String),
    /// A frame does not begin with `FRAME`.
    #[error("damaged: a frame header is missing")]
    NoFrameHeader,
    /// There is not one whole frame.
    #[error("the file contains no frame")]
    Empty,
}

/// Reads frames one after the other.
#[derive(Debug)]
pub struct Y4mReader {
    file: BufReader<File>,
    header: Y4mHeader,
    first_frame_at: u64,
}

impl Y4mReader {
    /// Opens a file and reads its header. A file without a single whole frame is an error.
    pub fn open(path: &Path) -> Result<Y4mReader, Y4mError> {
        let mut file = BufReader::new(File::open(path)?);
        let line = read_line(&mut file)?.ok_or(Y4mError::NotY4m)?;
        let header = Y4mHeader::parse(&line)?;
        let first_frame_at = file.stream_position()?;
        let length = file.get_ref().metadata()?.len();
        if length.saturating_sub(first_frame_at) < header.frame_len() as u64 {
            return Err(Y4mError::Empty);
        }
        Ok(Y4mReader {
            file,
            header,
            first_frame_at,
        })
    }

    /// What the first line said.
    pub fn header(&self) -> &Y4mHeader {
        &self.header
    }

    /// Reads the next frame into `frame`, which gets the length of a frame. False at the end of
    /// the file; a frame that is cut off counts as the end.
    pub fn read_frame(&mut self, frame: &mut Vec<u8>) -> Result<bool, Y4mError> {
        if !self.frame_header()? {
            return Ok(false);
        }
        frame.resize(self.header.frame_len(), 0);
        match self.file.read_exact(frame) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Passes over the next frame. False at the end of the file.
    pub fn skip_frame(&mut self) -> Result<bool, Y4mError> {
        if !self.frame_header()? {
            return Ok(false);
        }
        self.file.seek_relative(self.header.frame_len() as i64)?;
        Ok(true)
    }

    /// Goes back to the first frame.
    pub fn rewind(&mut self) -> Result<(), Y4mError> {
        self.file.seek(SeekFrom::Start(self.first_frame_at))?;
        Ok(())
    }

    fn frame_header(&mut self) -> Result<bool, Y4mError> {
        match read_line(&mut self.file)? {
            None => Ok(false),
            Some(line) if line == "FRAME" || line.starts_with("FRAME ") => Ok(true),
            Some(_) => Err(Y4mError::NoFrameHeader),
        }
    }
}

/// A line without its end; `None` at the end of the file.
fn read_line(file: &mut BufReader<File>) -> Result<Option<String>, Y4mError> {
    let mut line = Vec::new();
    file.take(MAX_LINE).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(Y4mError::NotY4m);
    }
    String::from_utf8(line)
        .map(Some)
        .map_err(|_| Y4mError::NotY4m)
}
