//! From a buffer of PipeWire to a [`Frame`].
//!
//! The buffer and what describes it come from another program: every number is checked before use.

use crate::Frame;

/// The order of the bytes of a pixel in a buffer; the fourth means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Bgrx,
    Rgbx,
}

/// A part of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// How a picture lies in a buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) order: Order,
    /// Where the first row begins, in bytes.
    pub(crate) offset: usize,
    /// From row to row, in bytes; 0 for rows without padding.
    pub(crate) stride: usize,
    /// What of it is to be shown: a window may be smaller than its buffer.
    pub(crate) crop: Option<Part>,
}

impl Layout {
    fn shown(&self) -> Option<Part> {
        let whole = Part {
            x: 0,
            y: 0,
            width: self.width,
            height: self.height,
        };
        let part = self.crop.unwrap_or(whole);
        let fits = part.x.checked_add(part.width)? <= self.width
            && part.y.checked_add(part.height)? <= self.height;
        (fits && part.width > 0 && part.height > 0).then_some(part)
    }
}

/// Copies what is to be shown into `frame`; false, and nothing copied, if it is not all in the buffer.
pub(crate) fn copy(buffer: &[u8], layout: &Layout, frame: &mut Frame) -> bool {
    let Some(part) = layout.shown() else {
        return false;
    };
    let Some((source, stride)) = rows(buffer, layout, &part) else {
        return false;
    };
    let (row_len, rows) = (part.width as usize * 4, part.height as usize);
    frame.width = part.width;
    frame.height = part.height;
    frame.pixels.clear();
    frame.pixels.reserve_exact(row_len * rows);
    for row in source.chunks(stride) {
        frame.pixels.extend_from_slice(&row[..row_len]);
    }
    match layout.order {
        Order::Bgrx => {}
        Order::Rgbx => {
            for pixel in frame.pixels.chunks_exact_mut(4) {
                pixel.swap(0, 2);
            }
        }
    }
    true
}

/// The bytes from the first of the part to its last, and from row to row.
fn rows<'a>(buffer: &'a [u8], layout: &Layout, part: &Part) -> Option<(&'a [u8], usize)> {
    let whole_row = layout.width as usize * 4;
    let stride = match layout.stride {
        0 => whole_row,
        stride => stride,
    };
    if stride < whole_row {
        return None;
    }
    let to_part = stride.checked_mul(part.y as usize)?;
    let start = layout.offset.checked_add(to_part)?;
    let start = start.checked_add(part.x as usize * 4)?;
    let to_last = stride.checked_mul(part.height as usize - 1)?;
    let end = start.checked_add(to_last)?;
    let end = end.checked_add(part.width as usize * 4)?;
    Some((buffer.get(start..end)?, stride))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: Layout = Layout {
        width: 2,
        height: 2,
        order: Order::Bgrx,
        offset: 0,
        stride: 12,
        crop: None,
    };

    /// Two rows of two pixels with padding, each byte its own place.
    fn buffer() -> Vec<u8> {
        (0..20).collect()
    }

    fn copied(buffer: &[u8], layout: &Layout) -> Option<Frame> {
        let mut frame = Frame::default();
        copy(buffer, layout, &mut frame).then_some(frame)
    }

    #[test]
    fn padding_is_left_out() {
        let frame = copied(&buffer(), &LAYOUT).expect("a picture");
        assert_eq!((frame.width, frame.height), (2, 2));
        let rows: Vec<u8> = (0..8).chain(12..20).collect();
        assert_eq!(frame.pixels, rows);
    }

    #[test]
    fn red_and_blue_change_places() {
        let layout = Layout {
            order: Order::Rgbx,
            ..LAYOUT
        };
        let frame = copied(&buffer(), &layout).expect("a picture");
        assert_eq!(frame.pixels[..8], [2, 1, 0, 3, 6, 5, 4, 7]);
    }

    #[test]
    fn a_window_smaller_than_its_buffer_is_cut_out() {
        let part = Part {
            x: 1,
            y: 1,
            width: 1,
            height: 1,
        };
        let layout = Layout {
            crop: Some(part),
            ..LAYOUT
        };
        let frame = copied(&buffer(), &layout).expect("a picture");
        assert_eq!((frame.width, frame.height), (1, 1));
        assert_eq!(frame.pixels, [16, 17, 18, 19]);
    }

    #[test]
    fn what_is_not_in_the_buffer_is_not_read() {
        assert!(copied(&buffer()[..19], &LAYOUT).is_none());
        let wrong = [
            Layout {
                offset: 1,
                ..LAYOUT
            },
            Layout {
                offset: usize::MAX,
                ..LAYOUT
            },
            Layout {
                stride: 7,
                ..LAYOUT
            },
            Layout {
                stride: 0x7fff_ffff,
                ..LAYOUT
            },
            Layout {
                width: u32::MAX,
                height: u32::MAX,
                stride: 0,
                ..LAYOUT
            },
        ];
        for layout in wrong {
            assert!(copied(&buffer(), &layout).is_none(), "{layout:?}");
        }
        for (x, width) in [(2, 1), (0, 3), (u32::MAX, 2), (0, 0)] {
            let crop = Some(Part {
                x,
                y: 0,
                width,
                height: 1,
            });
            let layout = Layout { crop, ..LAYOUT };
            assert!(copied(&buffer(), &layout).is_none(), "{layout:?}");
        }
    }
}
