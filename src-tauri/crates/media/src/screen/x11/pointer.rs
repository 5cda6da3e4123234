//! The pointer, which is not in the pictures that X gives: painted in, and taken out again.

use x11rb::protocol::xfixes::{ConnectionExt as _, GetCursorImageReply};

use super::{Display, broken, failed};
use crate::screen::{Picture, ScreenError};

/// Where the pointer is and how it looks.
pub(super) struct Pointer {
    serial: u32,
    left: i32,
    top: i32,
    width: usize,
    /// ARGB with the colours multiplied by alpha.
    pixels: Vec<u32>,
}

/// What the pointer covers, to be put back.
#[derive(Debug, Default)]
pub(super) struct Covered(Vec<(usize, [u8; 4])>);

impl Pointer {
    /// As it is now, in the coordinates of a picture whose corner is at `origin` of the root window.
    pub(super) fn now(display: &Display, origin: (i32, i32)) -> Result<Self, ScreenError> {
        let cookie = display.connection.xfixes_get_cursor_image();
        let image = cookie.map_err(broken)?.reply().map_err(failed)?;
        Ok(Self::at(image, origin))
    }

    fn at(image: GetCursorImageReply, origin: (i32, i32)) -> Self {
        Self {
            serial: image.cursor_serial,
            left: i32::from(image.x) - i32::from(image.xhot) - origin.0,
            top: i32::from(image.y) - i32::from(image.yhot) - origin.1,
            width: image.width.into(),
            pixels: image.cursor_image,
        }
    }

    /// Whether the picture is the same with this one.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (self.serial, self.left, self.top) == (other.serial, other.left, other.top)
    }

    pub(super) fn paint(&self, picture: &mut Picture) -> Covered {
        let mut covered = Vec::new();
        let (width, height) = (picture.width as i32, picture.height as i32);
        for (index, argb) in self.pixels.iter().enumerate() {
            let (column, row) = (index % self.width.max(1), index / self.width.max(1));
            let (x, y) = (self.left + column as i32, self.top + row as i32);
            if argb >> 24 == 0 || !(0..width).contains(&x) || !(0..height).contains(&y) {
                continue;
            }
            let at = (y * width + x) as usize * 4;
            let Some(pixel) = picture.pixels.get_mut(at..at + 4) else {
                continue;
            };
            covered.push((at, [pixel[0], pixel[1], pixel[2], pixel[3]]));
            let [blue, green, red, alpha] = argb.to_le_bytes();
            for (value, colour) in pixel.iter_mut().zip([blue, green, red]) {
                let behind = u32::from(*value) * (255 - u32::from(alpha)) / 255;
                *value = u8::try_from(u32::from(colour) + behind).unwrap_or(u8::MAX);
            }
        }
        Covered(covered)
    }
}

impl Covered {
    /// Puts back what was there.
    pub(super) fn uncover(&mut self, picture: &mut Picture) {
        for (at, pixel) in self.0.drain(..) {
            if let Some(place) = picture.pixels.get_mut(at..at + 4) {
                place.copy_from_slice(&pixel);
            }
        }
    }
}
