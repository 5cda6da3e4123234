//! Plays a `.y4m` file in a loop, at its own speed but at the wanted size and rate: a file with
//! fewer frames per second than wanted repeats some, one with more leaves some out.

use std::sync::Arc;
use std::time::Instant;

use super::pacer::Pacer;
use super::{VideoFormat, VideoSink};
use crate::barcode::{self, Stamp};
use crate::clock;
use crate::frame::VideoFrame;
use crate::scale::{I420Scaler, I420View};
use crate::stop::StopSignal;
use crate::y4m::{Y4mError, Y4mReader};

pub(super) fn run(
    reader: Y4mReader,
    format: VideoFormat,
    stamp: bool,
    sink: &VideoSink,
    stop: &StopSignal,
) {
    let mut film = Film::new(reader, format);
    let mut pacer = Pacer::new(Instant::now(), format.frames_per_second);
    let (mut number, mut tick) = (0_u32, 0_u64);
    loop {
        let mut data = match film.picture_at(tick) {
            Ok(data) => data,
            Err(error) => {
                // Only a file that was damaged or removed while it played comes here.
                tracing::warn!(%error, "the video file cannot be played on");
                return;
            }
        };
        if stop.wait_until(pacer.due()) {
            return;
        }
        let capture_ts_us = clock::now_us();
        if stamp {
            let stamp = Stamp {
                frame_number: number,
                capture_ts_us,
            };
            barcode::write_i420(Arc::make_mut(&mut data), format.width, format.height, stamp);
        }
        sink(VideoFrame {
            width: format.width,
            height: format.height,
            data,
            capture_ts_us,
        });
        number = number.wrapping_add(1);
        tick += pacer.advance(Instant::now());
    }
}

/// The file as an endless film of scaled pictures.
struct Film {
    reader: Y4mReader,
    format: VideoFormat,
    scaler: I420Scaler,
    /// The frame as the file has it.
    raw: Vec<u8>,
    scaled: Arc<[u8]>,
    /// Frames of the file that were read or skipped, loops included.
    position: u64,
}

impl Film {
    fn new(reader: Y4mReader, format: VideoFormat) -> Film {
        Film {
            reader,
            format,
            scaler: I420Scaler::new(),
            raw: Vec::new(),
            scaled: Arc::new([]),
            position: 0,
        }
    }

    /// The picture that is due at a tick of the wanted rate. Ticks must not go back.
    fn picture_at(&mut self, tick: u64) -> Result<Arc<[u8]>, Y4mError> {
        let (over, under) = self.reader.header().rate;
        let ticks_per_second = u64::from(self.format.frames_per_second) * u64::from(under);
        let wanted = (u128::from(tick) * u128::from(over) / u128::from(ticks_per_second)) as u64;
        if self.position > wanted {
            return Ok(self.scaled.clone());
        }
        while self.position < wanted {
            if !self.reader.skip_frame()? {
                self.reader.rewind()?;
                self.reader.skip_frame()?;
            }
            self.position += 1;
        }
        if !self.reader.read_frame(&mut self.raw)? {
            self.reader.rewind()?;
            if !self.reader.read_frame(&mut self.raw)? {
                return Err(Y4mError::Empty);
            }
        }
        self.position += 1;
        self.scaled = self.scale();
        Ok(self.scaled.clone())
    }

    fn scale(&mut self) -> Arc<[u8]> {
        let header = *self.reader.header();
        let VideoFormat { width, height, .. } = self.format;
        let mut data: Arc<[u8]> =
            std::iter::repeat_n(0, VideoFrame::i420_len(width, height)).collect();
        if let Some(view) = I420View::packed(&self.raw, header.width, header.height) {
            self.scaler
                .scale(view, Arc::make_mut(&mut data), width, height);
        }
        data
    }
}
