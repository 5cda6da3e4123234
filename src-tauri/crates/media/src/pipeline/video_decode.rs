//! The decoder of a receiving pipeline: made when its codec first comes, remade after a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::codec::{CodecError, VideoDecoder, video_decoder};
use crate::frame::VideoFrame;
use crate::video_jitter::AssembledFrame;

/// Key frames accepted a second. Each may change the size and allocate anew, so a flood is an
/// attack.
const MAX_KEY_FRAMES_A_SECOND: u32 = 60;
/// A decoder that fails this often in a row is replaced.
const MAX_ERRORS_IN_A_ROW: u32 = 3;

/// What became of a frame.
pub(super) enum Decoded {
    /// A picture.
    Picture(VideoFrame),
    /// None, and none was due.
    Nothing,
    /// The decoder needs a key frame.
    Lost,
}

/// See the module.
#[derive(Default)]
pub(super) struct RestartableDecoder {
    decoder: Option<Box<dyn VideoDecoder>>,
    errors_in_a_row: u32,
    key_frames_this_second: u32,
    second_began_us: i64,
}

impl RestartableDecoder {
    pub(super) fn decode(&mut self, frame: &AssembledFrame, now_us: i64) -> Decoded {
        if frame.key_frame && self.key_frame_flood(now_us) {
            return Decoded::Lost;
        }
        let result = self.run(frame);
        match result {
            Ok(Some(picture)) => {
                self.errors_in_a_row = 0;
                Decoded::Picture(picture)
            }
            Ok(None) => Decoded::Nothing,
            Err(error) => {
                tracing::debug!(%error, codec = %frame.codec, "a frame could not be decoded");
                self.errors_in_a_row += 1;
                if self.errors_in_a_row >= MAX_ERRORS_IN_A_ROW {
                    self.errors_in_a_row = 0;
                    self.decoder = None;
                }
                Decoded::Lost
            }
        }
    }

    /// The decoder is taken out while it runs, so that one that panics is gone.
    fn run(&mut self, frame: &AssembledFrame) -> Result<Option<VideoFrame>, CodecError> {
        let mut decoder = match self.decoder.take() {
            Some(decoder) if decoder.codec() == frame.codec => decoder,
            Some(_) | None => video_decoder(frame.codec)?,
        };
        let run = AssertUnwindSafe(|| (decoder.decode(&frame.data), decoder));
        let (result, decoder) =
            catch_unwind(run).map_err(|_| CodecError::Decode("the decoder panicked".into()))?;
        self.decoder = Some(decoder);
        result
    }

    fn key_frame_flood(&mut self, now_us: i64) -> bool {
        if now_us - self.second_began_us >= 1_000_000 {
            self.second_began_us = now_us;
            self.key_frames_this_second = 0;
        }
        self.key_frames_this_second += 1;
        self.key_frames_this_second > MAX_KEY_FRAMES_A_SECOND
    }
}
