//! Films for test cameras whose every picture says which it is.

use std::path::PathBuf;

use anyhow::Result;
use duet_media::barcode::{self, Stamp};
use duet_media::source::TestPattern;
use duet_testkit::camera_rig::{CameraClip, FakeCamera};
use duet_testkit::clip;

/// Pictures in a film.
pub const FILM_FRAMES: u32 = 30;
const SIZE: (u32, u32) = (1280, 720);
/// The stamp is drawn as in a picture of this size that lies here in the film: a window cuts off
/// edges of a picture that fills it, and lays its own words over the top.
const STAMPED: (u32, u32) = (960, 320);
const STAMPED_AT: (u32, u32) = (300, 280);

/// A film of 720p whose pictures are numbered from `first`.
///
/// # Errors
/// When it cannot be written.
pub fn film(first: u32) -> Result<PathBuf> {
    let (width, height) = SIZE;
    clip::made_once(&format!("numbered-{width}x{height}-{first}.y4m"), |draft| {
        let pictures = (first..first + FILM_FRAMES).map(|frame_number| {
            let mut data = vec![0; (width * height * 3 / 2) as usize];
            TestPattern::new(width, height).draw(frame_number, &mut data);
            stamp(&mut data, frame_number);
            data
        });
        clip::write_y4m(draft, SIZE, 30, pictures)
    })
}

/// Writes the number into a picture of the film.
fn stamp(data: &mut [u8], frame_number: u32) {
    let stamp = Stamp {
        frame_number,
        capture_ts_us: 0,
    };
    let (width, height) = STAMPED;
    let mut part = vec![128; (width * height * 3 / 2) as usize];
    barcode::write_i420(&mut part, width, height, stamp);
    let ((x, y), picture_width, picture_height) = (STAMPED_AT, SIZE.0, SIZE.1);
    // The three planes of I420: rows, width and place of each, here and in the picture.
    let mut from = 0;
    let mut plane = 0;
    for half in [1, 2, 2] {
        let (columns, rows) = ((width / half) as usize, height / half);
        for row in 0..rows {
            let to = plane + ((y / half + row) * picture_width / half + x / half) as usize;
            data[to..to + columns].copy_from_slice(&part[from..from + columns]);
            from += columns;
        }
        plane += (picture_width / half * (picture_height / half)) as usize;
    }
}

/// Plugs in a camera that shows the film whose pictures are numbered from `first`.
///
/// # Errors
/// When it cannot be made.
pub fn plug_in_camera(name: &str, first: u32) -> Result<FakeCamera> {
    let y4m = film(first)?;
    let clip = CameraClip {
        y4m: &y4m,
        mjpeg: None,
        fps: 30,
    };
    FakeCamera::create(name, clip)
}
