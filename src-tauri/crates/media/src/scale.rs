//! Scales I420 pictures into another size: either without changing their shape, where what does
//! not fit is filled with black bars, or to fill the whole of it.
//!
//! One [`I420Scaler`] belongs to one thread; it keeps its scratch memory from frame to frame.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// A borrowed I420 picture whose planes may have padding.
#[derive(Debug, Clone, Copy)]
pub struct I420View<'a> {
    /// Width in pixels; the chroma planes have half of it, rounded up.
    pub width: u32,
    /// Height in pixels; the chroma planes have half of it, rounded up.
    pub height: u32,
    /// Y, U and V with their strides in bytes.
    pub planes: [(&'a [u8], usize); 3],
}

impl<'a> I420View<'a> {
    /// A picture whose planes follow each other without padding. `None` if the data is too short.
    pub fn packed(data: &'a [u8], width: u32, height: u32) -> Option<I420View<'a>> {
        let (chroma_width, chroma_height) =
            (width.div_ceil(2) as usize, height.div_ceil(2) as usize);
        let luma_len = width as usize * height as usize;
        let chroma_len = chroma_width * chroma_height;
        let (y, rest) = data.split_at_checked(luma_len)?;
        let (u, rest) = rest.split_at_checked(chroma_len)?;
        let v = rest.get(..chroma_len)?;
        Some(I420View {
            width,
            height,
            planes: [(y, width as usize), (u, chroma_width), (v, chroma_width)],
        })
    }
}

/// The part of a picture that a scaled picture fills; all values are even.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fit {
    /// Left edge in pixels.
    pub x: u32,
    /// Top edge in pixels.
    pub y: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Where a picture of one size lies in a picture of another, whole and undistorted.
pub fn fit(from: (u32, u32), into: (u32, u32)) -> Fit {
    let (from_w, from_h) = (u64::from(from.0.max(1)), u64::from(from.1.max(1)));
    let (into_w, into_h) = (u64::from(into.0), u64::from(into.1));
    let even = |value: u64, most: u64| ((value + 1) & !1).clamp(2, most.max(2)) as u32;
    let (width, height) = if from_w * into_h >= into_w * from_h {
        (into.0, even(into_w * from_h / from_w, into_h))
    } else {
        (even(into_h * from_w / from_h, into_w), into.1)
    };
    Fit {
        x: ((into.0 - width) / 2) & !1,
        y: ((into.1 - height) / 2) & !1,
        width,
        height,
    }
}

/// Scales pictures; keeps its buffers.
#[derive(Default)]
pub struct I420Scaler {
    resizer: Resizer,
    packed: Vec<u8>,
    scaled: Vec<u8>,
}

impl std::fmt::Debug for I420Scaler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("I420Scaler")
    }
}

impl I420Scaler {
    /// A scaler without buffers yet.
    pub fn new() -> I420Scaler {
        I420Scaler::default()
    }

    /// Scales `source` into the packed I420 picture `target` of an even size, with bars if the
    /// shapes differ. A plain copy if the sizes are equal.
    ///
    /// # Panics
    /// If `target` is shorter than an I420 picture of the size.
    pub fn scale(&mut self, source: I420View<'_>, target: &mut [u8], width: u32, height: u32) {
        let place = fit((source.width, source.height), (width, height));
        if (place.width, place.height) != (width, height) {
            let (luma, chroma) = packed_planes(target, width, height);
            luma.fill(16);
            chroma.fill(128);
        }
        self.scale_into(source, target, (width, height), place);
    }

    /// Scales `source` into the whole of `target`, stretched if the shapes differ. For sizes that
    /// have the source's shape but for rounding, where a bar of a line or two would show.
    ///
    /// # Panics
    /// If `target` is shorter than an I420 picture of the size.
    pub fn fill(&mut self, source: I420View<'_>, target: &mut [u8], width: u32, height: u32) {
        let whole = Fit {
            x: 0,
            y: 0,
            width,
            height,
        };
        self.scale_into(source, target, (width, height), whole);
    }

    fn scale_into(
        &mut self,
        source: I420View<'_>,
        target: &mut [u8],
        (width, height): (u32, u32),
        place: Fit,
    ) {
        let (luma, chroma) = packed_planes(target, width, height);
        let (u, v) = chroma.split_at_mut(luma.len() / 4);
        for (index, plane) in [luma, u, v].into_iter().enumerate() {
            let shift = u32::from(index > 0);
            let from = (
                source.width.div_ceil(1 << shift),
                source.height.div_ceil(1 << shift),
            );
            let part = Fit {
                x: place.x >> shift,
                y: place.y >> shift,
                width: place.width >> shift,
                height: place.height >> shift,
            };
            self.scale_plane(
                source.planes[index],
                from,
                plane,
                (width >> shift) as usize,
                part,
            );
        }
    }

    fn scale_plane(
        &mut self,
        (pixels, stride): (&[u8], usize),
        (from_w, from_h): (u32, u32),
        target: &mut [u8],
        target_stride: usize,
        part: Fit,
    ) {
        let row = from_w as usize;
        let lines = pixels.chunks(stride).take(from_h as usize);
        let scaled = if (from_w, from_h) == (part.width, part.height) {
            copy_lines(lines.map(|line| &line[..row]), target, target_stride, part);
            return;
        } else if stride == row {
            resize(
                &mut self.resizer,
                &pixels[..row * from_h as usize],
                (from_w, from_h),
                &mut self.scaled,
                part,
            )
        } else {
            self.packed.clear();
            lines.for_each(|line| self.packed.extend_from_slice(&line[..row]));
            resize(
                &mut self.resizer,
                &self.packed,
                (from_w, from_h),
                &mut self.scaled,
                part,
            )
        };
        copy_lines(
            scaled.chunks_exact(part.width as usize),
            target,
            target_stride,
            part,
        );
    }
}

/// The luma plane and both chroma planes of a packed picture of an even size.
fn packed_planes(picture: &mut [u8], width: u32, height: u32) -> (&mut [u8], &mut [u8]) {
    let luma_len = width as usize * height as usize;
    picture[..luma_len * 3 / 2].split_at_mut(luma_len)
}

fn resize<'s>(
    resizer: &mut Resizer,
    pixels: &[u8],
    from: (u32, u32),
    scaled: &'s mut Vec<u8>,
    to: Fit,
) -> &'s [u8] {
    scaled.resize(to.width as usize * to.height as usize, 0);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    let source = ImageRef::new(from.0, from.1, pixels, PixelType::U8);
    let target = Image::from_slice_u8(to.width, to.height, scaled, PixelType::U8);
    if let (Ok(source), Ok(mut target)) = (source, target)
        && let Err(error) = resizer.resize(&source, &mut target, &options)
    {
        tracing::warn!(%error, "a picture could not be scaled");
    }
    scaled
}

fn copy_lines<'p>(
    lines: impl Iterator<Item = &'p [u8]>,
    target: &mut [u8],
    stride: usize,
    part: Fit,
) {
    let rows = target.chunks_exact_mut(stride).skip(part.y as usize);
    for (row, line) in rows.zip(lines) {
        row[part.x as usize..][..part.width as usize].copy_from_slice(line);
    }
}
