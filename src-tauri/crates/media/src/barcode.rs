//! A machine-readable stamp in a picture: frame number and capture time.
//!
//! Tests and benchmarks read it at the far end (decoded frames, screenshots) to tell which frame
//! arrived and how long it took. The stamp sits in the top left corner, in luma alone:
//!
//! ```text
//!   . . . . . . . . . .     quiet row, black
//!   . F F F F . . F F .     finder: 32 cells of a fixed, asymmetric run pattern
//!   . n n n n n n n n .     frame number, 32 bits, most significant first
//!   . t t t t t t t t .     capture time, the upper 32 of 48 bits
//!   . t t t t c c c c .     capture time, the lower 16 bits, then CRC-16 of the 80 bits above
//!   . . . . . . . . . .     quiet row, black
//! ```
//!
//! A cell is 1/80 of the width (16 pixels at 720p: one macroblock, which every codec renders almost
//! for free). The whole stamp takes 43 % of the width and 13 % of a 16:9 height.
//! Rejected: QR codes (a decoder would be a large dependency for 80 bits), a strip across the full
//! width (a window that crops the sides would cut it), colour cells (chroma has half the detail).

mod find;

pub use find::{Found, find_and_read};

use find::Grid;

/// Cells in a data row.
pub(crate) const COLUMNS: usize = 32;
/// Data rows below the finder.
pub(crate) const DATA_ROWS: usize = 3;
/// Cells of the whole stamp with its quiet border: across.
const STAMP_COLUMNS: usize = COLUMNS + 2;
/// Cells of the whole stamp with its quiet border: down.
const STAMP_ROWS: usize = DATA_ROWS + 3;
/// Cells across the width of a picture.
const CELLS_PER_WIDTH: u32 = 80;
/// Runs of the finder in cells, white first, alternating.
pub(crate) const FINDER_RUNS: [u8; 13] = [4, 2, 2, 4, 2, 2, 3, 3, 2, 2, 2, 2, 2];
const BLACK: u8 = 16;
const WHITE: u8 = 235;
const TIME_MASK: u64 = (1 << 48) - 1;

/// What a stamp says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Number of the frame since its source started; wraps.
    pub frame_number: u32,
    /// When the source handed the frame over, in microseconds of the media clock, modulo 2^48.
    pub capture_ts_us: i64,
}

impl Stamp {
    fn to_rows(self) -> [u32; DATA_ROWS] {
        let time = self.capture_ts_us as u64 & TIME_MASK;
        let crc = crc16(self.frame_number, time);
        [
            self.frame_number,
            (time >> 16) as u32,
            ((time & 0xffff) as u32) << 16 | u32::from(crc),
        ]
    }

    pub(crate) fn from_rows(rows: [u32; DATA_ROWS]) -> Option<Stamp> {
        let time = u64::from(rows[1]) << 16 | u64::from(rows[2] >> 16);
        let crc = (rows[2] & 0xffff) as u16;
        (crc == crc16(rows[0], time)).then_some(Stamp {
            frame_number: rows[0],
            capture_ts_us: time as i64,
        })
    }
}

/// Writes a stamp into the luma plane of a picture (stride `width`). Pictures under 160×48 stay
/// as they are: their cells would be a single pixel.
pub fn write(luma: &mut [u8], width: u32, height: u32, stamp: Stamp) {
    let cell = cell_px(width);
    let stride = width as usize;
    if width < 160 || height < 48 || luma.len() < stride * height as usize {
        return;
    }
    let rows = stamp.to_rows();
    for row in 0..STAMP_ROWS {
        let top = row * cell * stride;
        let (line, rest) = luma[top..].split_at_mut(stride);
        let stamp_px = STAMP_COLUMNS * cell;
        for (column, pixels) in line[..stamp_px].chunks_exact_mut(cell).enumerate() {
            pixels.fill(if is_white(row, column, &rows) {
                WHITE
            } else {
                BLACK
            });
        }
        for copy in rest.chunks_exact_mut(stride).take(cell - 1) {
            copy[..stamp_px].copy_from_slice(&line[..stamp_px]);
        }
    }
}

/// Writes a stamp into an I420 picture: luma cells, and neutral chroma under them, so that the
/// stamp stays black and white on a screen whatever was there.
pub fn write_i420(data: &mut [u8], width: u32, height: u32, stamp: Stamp) {
    let luma_len = width as usize * height as usize;
    if data.len() < luma_len * 3 / 2 || width < 160 || height < 48 {
        return;
    }
    let (luma, chroma) = data.split_at_mut(luma_len);
    write(luma, width, height, stamp);
    let (across, down) = (
        STAMP_COLUMNS * cell_px(width) / 2,
        STAMP_ROWS * cell_px(width) / 2,
    );
    for plane in chroma.chunks_exact_mut(luma_len / 4) {
        for line in plane.chunks_exact_mut(width as usize / 2).take(down) {
            line[..across].fill(128);
        }
    }
}

/// Reads the stamp of a whole picture at any size, mirrored or not; cheaper than
/// [`find_and_read`] because it tries the place where [`write`] put it first.
pub fn read(luma: &[u8], width: u32, height: u32, stride: usize) -> Option<Stamp> {
    let cell = f64::from(width) / f64::from(CELLS_PER_WIDTH);
    [(cell, 1.0), (f64::from(width) - cell, -1.0)]
        .into_iter()
        .find_map(|(left, direction)| {
            Grid::new(left, cell, direction * cell, cell).read(luma, width, height, stride)
        })
        .or_else(|| find_and_read(luma, width, height, stride).map(|found| found.stamp))
}

fn cell_px(width: u32) -> usize {
    ((width / CELLS_PER_WIDTH) as usize & !1).max(2)
}

fn is_white(row: usize, column: usize, rows: &[u32; DATA_ROWS]) -> bool {
    if column == 0 || column > COLUMNS || row == 0 || row > DATA_ROWS + 1 {
        return false;
    }
    if row == 1 {
        return finder_is_white(column - 1);
    }
    rows[row - 2] >> (COLUMNS - column) & 1 == 1
}

/// Colour of a cell of the finder row.
pub(crate) fn finder_is_white(column: usize) -> bool {
    let mut end = 0;
    for (run, length) in FINDER_RUNS.iter().enumerate() {
        end += usize::from(*length);
        if column < end {
            return run % 2 == 0;
        }
    }
    false
}

/// CRC-16/CCITT-FALSE over the frame number and the 48 bits of time.
fn crc16(frame_number: u32, time: u64) -> u16 {
    let numbers = frame_number.to_be_bytes();
    let times = time.to_be_bytes();
    numbers.iter().chain(&times[2..]).fold(0xffff, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                crc << 1 ^ 0x1021
            }
        })
    })
}
