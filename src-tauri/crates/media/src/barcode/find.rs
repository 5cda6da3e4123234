//! Finds a stamp in a picture at an unknown place, size and orientation.
//!
//! Scan lines are cut into black and white runs at a few thresholds. Thirteen neighbouring runs in
//! the proportions of the finder give place, cell size and direction, mirrored or not; the edge
//! above the first run gives the top. The CRC has the last word, so a look-alike costs time only.

use super::{COLUMNS, DATA_ROWS, FINDER_RUNS, Stamp, finder_is_white};

/// Where black turns into white. A picture that a fade or an overlay darkened needs the others.
const THRESHOLDS: [u8; 4] = [125, 90, 160, 60];
/// How far a run may be off, in cells: blur and ringing move edges.
const TOLERANCE_CELLS: f64 = 0.7;
/// Cells of all runs of the finder.
const FINDER_CELLS: f64 = COLUMNS as f64;

/// A stamp and where it was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// What it says.
    pub stamp: Stamp,
    /// Whether the picture was flipped left to right.
    pub mirrored: bool,
    /// Size of a cell in pixels: 1/80 of the shown width of the picture.
    pub cell_px: f64,
    /// Left edge of the finder in pixels (right edge if mirrored).
    pub x: f64,
    /// Top edge of the finder in pixels.
    pub y: f64,
}

/// Searches a luma plane, for example of a screenshot, for a stamp. Cells down to 2 pixels are
/// found. Limited and full range are both understood.
pub fn find_and_read(luma: &[u8], width: u32, height: u32, stride: usize) -> Option<Found> {
    if stride < width as usize
        || luma.len() < stride * (height as usize).max(1) - (stride - width as usize)
    {
        return None;
    }
    let mut runs = Vec::with_capacity(width as usize / 2);
    for threshold in THRESHOLDS {
        for y in 0..height as usize {
            let line = &luma[y * stride..][..width as usize];
            edges(line, threshold, &mut runs);
            let found = candidates(&runs).find_map(|candidate| {
                let plane = (luma, width, height, stride);
                candidate.read(plane, y, threshold)
            });
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

/// Places where a line crosses the threshold, between pixel centres; index 0 is a rise to white.
fn edges(line: &[u8], threshold: u8, edges: &mut Vec<f64>) {
    edges.clear();
    let level = f64::from(threshold) + 0.5;
    let mut white = false;
    let mut before = 0.0;
    for (x, value) in line.iter().enumerate() {
        let now = f64::from(*value);
        if (now > level) != white {
            white = !white;
            let part = (level - before) / (now - before);
            edges.push(x as f64 - 0.5 + part.clamp(0.0, 1.0));
        }
        before = now;
    }
    if white {
        edges.push(line.len() as f64);
    }
}

/// A place on a line whose runs look like the finder.
struct Candidate {
    left: f64,
    cell: f64,
    mirrored: bool,
}

fn candidates(edges: &[f64]) -> impl Iterator<Item = Candidate> {
    // Even indices are rises, so windows start there.
    edges
        .windows(FINDER_RUNS.len() + 1)
        .step_by(2)
        .filter_map(|window| {
            let (left, right) = (window[0], window[FINDER_RUNS.len()]);
            let cell = (right - left) / FINDER_CELLS;
            if cell < 1.8 {
                return None;
            }
            let matches = |run: usize, cells: u8| {
                let length = (window[run + 1] - window[run]) / cell;
                (length - f64::from(cells)).abs() < TOLERANCE_CELLS
            };
            let straight = FINDER_RUNS.iter().enumerate().all(|(i, c)| matches(i, *c));
            let mirrored = FINDER_RUNS
                .iter()
                .rev()
                .enumerate()
                .all(|(i, c)| matches(i, *c));
            (straight || mirrored).then_some(Candidate {
                left,
                cell,
                mirrored,
            })
        })
}

impl Candidate {
    fn read(
        &self,
        (luma, width, height, stride): (&[u8], u32, u32, usize),
        y: usize,
        threshold: u8,
    ) -> Option<Found> {
        let (x, step) = if self.mirrored {
            (self.left + FINDER_CELLS * self.cell, -self.cell)
        } else {
            (self.left, self.cell)
        };
        let column = (x + 2.0 * step) as usize;
        let top = top_edge(luma, stride, column, y, threshold, self.cell);
        [0.0, 0.15, -0.15, 0.3, -0.3].into_iter().find_map(|shift| {
            let y = top + shift * self.cell;
            let stamp = Grid::new(x, y, step, self.cell).read(luma, width, height, stride)?;
            Some(Found {
                stamp,
                mirrored: self.mirrored,
                cell_px: self.cell,
                x,
                y,
            })
        })
    }
}

/// Goes up from a white pixel of the finder to the edge above it.
fn top_edge(luma: &[u8], stride: usize, x: usize, y: usize, threshold: u8, cell: f64) -> f64 {
    let level = f64::from(threshold) + 0.5;
    let mut y = y;
    let lowest = y.saturating_sub((cell * 2.0) as usize);
    while y > lowest {
        let (here, above) = (luma[y * stride + x], luma[(y - 1) * stride + x]);
        if f64::from(above) <= level && f64::from(here) > level {
            let (here, above) = (f64::from(here), f64::from(above));
            return y as f64 - 0.5 + (level - above) / (here - above);
        }
        y -= 1;
    }
    y as f64
}

/// A stamp's cells in a picture.
pub(crate) struct Grid {
    /// Outer edge of the first finder cell.
    x: f64,
    /// Top of the finder row.
    y: f64,
    /// Cell width, negative if mirrored.
    step: f64,
    cell: f64,
}

impl Grid {
    pub(crate) fn new(x: f64, y: f64, step: f64, cell: f64) -> Grid {
        Grid { x, y, step, cell }
    }

    /// Samples all cells against the levels of the finder; `None` if the CRC does not match.
    pub(crate) fn read(
        &self,
        luma: &[u8],
        width: u32,
        height: u32,
        stride: usize,
    ) -> Option<Stamp> {
        let right = self.x + self.step * FINDER_CELLS;
        let bottom = self.y + self.cell * (1.0 + DATA_ROWS as f64);
        let inside = |x: f64| (-0.5..=f64::from(width) + 0.5).contains(&x);
        if !inside(self.x) || !inside(right) || self.y < -1.0 || bottom > f64::from(height) + 0.5 {
            return None;
        }
        let sample = |row, column| self.sample((luma, width, height, stride), row, column);
        let (mut white, mut black, mut whites) = (0, 0, 0);
        for column in 0..COLUMNS {
            let value = sample(0, column);
            if finder_is_white(column) {
                white += value;
                whites += 1;
            } else {
                black += value;
            }
        }
        let white = white / whites;
        let black = black / (COLUMNS as u32 - whites);
        if white < black + 20 {
            return None;
        }
        let level = (white + black) / 2;
        let mut rows = [0_u32; DATA_ROWS];
        for (row, bits) in rows.iter_mut().enumerate() {
            for column in 0..COLUMNS {
                *bits = *bits << 1 | u32::from(sample(row + 1, column) > level);
            }
        }
        Stamp::from_rows(rows)
    }

    /// Mean of the inner part of a cell.
    fn sample(
        &self,
        (luma, width, height, stride): (&[u8], u32, u32, usize),
        row: usize,
        column: usize,
    ) -> u32 {
        let centre_x = self.x + (column as f64 + 0.5) * self.step;
        let centre_y = self.y + (row as f64 + 0.5) * self.cell;
        let reach = self.cell * 0.25;
        let span = |centre: f64, end: u32| {
            let last = (end - 1) as usize;
            let from = ((centre - reach).max(0.0) as usize).min(last);
            let to = ((centre + reach).max(0.0) as usize).min(last);
            from..=to
        };
        let (mut sum, mut count) = (0, 0);
        for y in span(centre_y, height) {
            for x in span(centre_x, width) {
                sum += u32::from(luma[y * stride + x]);
                count += 1;
            }
        }
        sum / count
    }
}
