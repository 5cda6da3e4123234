//! What travels to the page: a header and the pixels of one picture.

use std::time::{SystemTime, UNIX_EPOCH};

use duet_media::display::append_rgba;
use duet_media::frame::VideoFrame;

use super::PixelFormat;

const HEADER_LEN: usize = 16;

/// Header: stream, format (0 RGBA, 1 I420), two bytes reserved, width and height as u16, sequence
/// as u32, and when the picture was handed over as u32 (microseconds of the machine's clock, modulo
/// 2^32: the page is on the same machine); all little-endian.
pub fn encode(
    stream: u8,
    format: PixelFormat,
    sequence: u32,
    handed_over_us: u32,
    frame: &VideoFrame,
) -> Vec<u8> {
    let pixels = match format {
        PixelFormat::Rgba => frame.width as usize * frame.height as usize * 4,
        PixelFormat::I420 => frame.data.len(),
    };
    let mut message = Vec::with_capacity(HEADER_LEN + pixels);
    message.extend_from_slice(&[stream, u8::from(format == PixelFormat::I420), 0, 0]);
    message.extend_from_slice(&(frame.width as u16).to_le_bytes());
    message.extend_from_slice(&(frame.height as u16).to_le_bytes());
    message.extend_from_slice(&sequence.to_le_bytes());
    message.extend_from_slice(&handed_over_us.to_le_bytes());
    match format {
        PixelFormat::Rgba => append_rgba(frame, &mut message),
        PixelFormat::I420 => message.extend_from_slice(&frame.data),
    }
    message
}

/// The machine's clock as the header carries it.
pub fn wall_clock_us() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros() as u32)
}
