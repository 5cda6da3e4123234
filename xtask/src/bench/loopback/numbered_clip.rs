//! The film with a number in each picture that a page can read: bits as squares in the top rows,
//! white for one, least significant first.

use anyhow::{Context, Result};
use duet_testkit::clip;
use std::{fs, path::PathBuf};

/// Pixels of a bit's side, at 1280 pixels of width.
const SQUARE: usize = 32;
/// Bits of a number; the page knows both.
const BITS: usize = 10;

const SIZE: (u32, u32) = (1280, 720);

pub(super) fn make() -> Result<PathBuf> {
    let film = fs::read(clip::film(SIZE.0, SIZE.1)?)?;
    clip::made_once("film-numbered.y4m", |draft| {
        let header = film
            .iter()
            .position(|byte| *byte == b'\n')
            .context("no y4m")?
            + 1;
        let picture_len = (SIZE.0 * SIZE.1 * 3 / 2) as usize;
        let pictures = film[header..].chunks_exact(picture_len + b"FRAME\n".len());
        let numbered = pictures.enumerate().map(|(number, frame)| {
            let mut picture = frame[b"FRAME\n".len()..].to_vec();
            draw(&mut picture, number);
            picture
        });
        clip::write_y4m(draft, SIZE, 30, numbered)
    })
}

fn draw(picture: &mut [u8], number: usize) {
    let width = SIZE.0 as usize;
    let (luma, chroma) = picture.split_at_mut(width * SIZE.1 as usize);
    for bit in 0..BITS {
        let shade = if number >> bit & 1 == 1 { 235 } else { 16 };
        for row in 0..SQUARE {
            let start = row * width + bit * SQUARE;
            luma[start..start + SQUARE].fill(shade);
        }
    }
    // Grey squares, in both planes.
    let half = width / 2;
    let plane_len = chroma.len() / 2;
    for plane in chroma.chunks_exact_mut(plane_len) {
        for row in 0..SQUARE / 2 {
            plane[row * half..row * half + BITS * SQUARE / 2].fill(128);
        }
    }
}
