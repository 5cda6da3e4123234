//! What cameras deliver, turned into packed I420 of limited range: YUYV, NV12 and MJPEG.
//!
//! A [`FrameConverter`] belongs to the capture thread and keeps its scratch memory. Camera data is
//! not trusted: every length is checked, and a JPEG may not be larger than the camera's format.
//! MJPEG is full range by its standard (JFIF), so it is brought to the limited range of
//! [`VideoFrame`](crate::frame::VideoFrame); YUYV and NV12 from cameras are limited range already.

use std::sync::Arc;

use turbojpeg::{Decompressor, Subsamp, YuvImage};

use crate::frame::VideoFrame;

/// How a camera lays out its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// Packed 4:2:2: Y0 U Y1 V.
    Yuyv,
    /// A luma plane, then a plane of U and V in turns, 4:2:0.
    Nv12,
    /// A JPEG for every picture.
    Mjpeg,
}

/// Why a camera's picture cannot be used. The next one may be fine.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// Fewer bytes than a picture of this size has.
    #[error("{got} bytes instead of {wanted}")]
    TooShort {
        /// Bytes that came.
        got: usize,
        /// Bytes of a whole picture.
        wanted: usize,
    },
    /// The sides are odd or zero.
    #[error("{width}x{height} is no even size")]
    OddSize {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// Not a whole JPEG, or one of another size or kind than announced.
    #[error("damaged JPEG: {0}")]
    Jpeg(String),
}

/// Converts pictures of one camera.
pub struct FrameConverter {
    jpeg: Option<Decompressor>,
    planes: Vec<u8>,
}

impl std::fmt::Debug for FrameConverter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FrameConverter")
    }
}

impl Default for FrameConverter {
    fn default() -> Self {
        FrameConverter::new()
    }
}

impl FrameConverter {
    /// A converter without buffers yet.
    pub fn new() -> FrameConverter {
        FrameConverter {
            jpeg: None,
            planes: Vec::new(),
        }
    }

    /// Converts one picture of an even size into packed I420.
    pub fn to_i420(
        &mut self,
        format: PixelFormat,
        data: &[u8],
        width: u32,
        height: u32,
    ) -> Result<Arc<[u8]>, ConvertError> {
        if width == 0 || height == 0 || !width.is_multiple_of(2) || !height.is_multiple_of(2) {
            return Err(ConvertError::OddSize { width, height });
        }
        let length = VideoFrame::i420_len(width, height);
        let mut picture: Arc<[u8]> = std::iter::repeat_n(0, length).collect();
        let target = Arc::make_mut(&mut picture);
        match format {
            PixelFormat::Yuyv => yuyv(data, target, width, height)?,
            PixelFormat::Nv12 => nv12(data, target, width, height)?,
            PixelFormat::Mjpeg => self.mjpeg(data, target, width, height)?,
        }
        Ok(picture)
    }

    fn mjpeg(
        &mut self,
        data: &[u8],
        target: &mut [u8],
        width: u32,
        height: u32,
    ) -> Result<(), ConvertError> {
        let error = |error: turbojpeg::Error| ConvertError::Jpeg(error.to_string());
        let jpeg = match &mut self.jpeg {
            Some(jpeg) => jpeg,
            empty => empty.insert(Decompressor::new().map_err(error)?),
        };
        let header = jpeg.read_header(data).map_err(error)?;
        let (w, h) = (width as usize, height as usize);
        if (header.width, header.height) != (w, h) {
            let size = format!("{}x{} instead of {w}x{h}", header.width, header.height);
            return Err(ConvertError::Jpeg(size));
        }
        let (chroma_w, chroma_h) = match header.subsamp {
            Subsamp::None => (w, h),
            Subsamp::Sub2x1 => (w / 2, h),
            Subsamp::Sub2x2 => (w / 2, h / 2),
            Subsamp::Sub1x2 => (w, h / 2),
            Subsamp::Gray => (0, 0),
            other => return Err(ConvertError::Jpeg(format!("subsampling {other:?}"))),
        };
        self.planes.resize(w * h + 2 * chroma_w * chroma_h, 0);
        let image = YuvImage {
            pixels: &mut self.planes[..],
            width: w,
            align: 1,
            height: h,
            subsamp: header.subsamp,
        };
        jpeg.decompress_to_yuv(data, image).map_err(error)?;
        let (luma, chroma) = self.planes.split_at(w * h);
        let (target_luma, target_chroma) = target.split_at_mut(w * h);
        limit_luma(luma, target_luma);
        let (u, v) = target_chroma.split_at_mut(w * h / 4);
        if chroma.is_empty() {
            u.fill(128);
            v.fill(128);
            return Ok(());
        }
        let planes = chroma.chunks_exact(chroma_w * chroma_h);
        for (source, target) in planes.zip([u, v]) {
            halve_chroma(source, chroma_w, target, w / 2, chroma_h / (h / 2));
            limit_chroma(target);
        }
        Ok(())
    }
}

fn enough(data: &[u8], wanted: usize) -> Result<(), ConvertError> {
    if data.len() < wanted {
        let got = data.len();
        return Err(ConvertError::TooShort { got, wanted });
    }
    Ok(())
}

/// The `yuv` crate would do this too, but it takes the chroma of every second line and drops the
/// others, which shows as coloured stairs on slanted edges.
fn yuyv(data: &[u8], target: &mut [u8], width: u32, height: u32) -> Result<(), ConvertError> {
    let (width, height) = (width as usize, height as usize);
    enough(data, width * height * 2)?;
    let (luma, chroma) = target.split_at_mut(width * height);
    let (u, v) = chroma.split_at_mut(width * height / 4);
    for (luma, source) in luma.chunks_exact_mut(2).zip(data.chunks_exact(4)) {
        luma[0] = source[0];
        luma[1] = source[2];
    }
    let rows = data.chunks_exact(width * 4);
    let targets = u
        .chunks_exact_mut(width / 2)
        .zip(v.chunks_exact_mut(width / 2));
    for (row, (u, v)) in rows.zip(targets) {
        let (upper, lower) = row.split_at(width * 2);
        let pairs = upper.chunks_exact(4).zip(lower.chunks_exact(4));
        for (((a, b), u), v) in pairs.zip(u).zip(v) {
            *u = (u16::from(a[1]) + u16::from(b[1])).div_ceil(2) as u8;
            *v = (u16::from(a[3]) + u16::from(b[3])).div_ceil(2) as u8;
        }
    }
    Ok(())
}

fn nv12(data: &[u8], target: &mut [u8], width: u32, height: u32) -> Result<(), ConvertError> {
    enough(data, target.len())?;
    let luma_len = width as usize * height as usize;
    let (luma, chroma) = target.split_at_mut(luma_len);
    luma.copy_from_slice(&data[..luma_len]);
    let (u, v) = chroma.split_at_mut(luma_len / 4);
    let pairs = data[luma_len..].chunks_exact(2);
    for ((pair, u), v) in pairs.zip(u).zip(v) {
        *u = pair[0];
        *v = pair[1];
    }
    Ok(())
}

/// Averages a chroma plane down to half the picture's width and height.
fn halve_chroma(source: &[u8], source_w: usize, target: &mut [u8], target_w: usize, rows: usize) {
    let lines = source.chunks_exact(source_w * rows);
    for (lines, target) in lines.zip(target.chunks_exact_mut(target_w)) {
        let (first, last) = (&lines[..source_w], &lines[source_w * (rows - 1)..]);
        if source_w == target_w {
            for ((target, a), b) in target.iter_mut().zip(first).zip(last) {
                *target = (u16::from(*a) + u16::from(*b)).div_ceil(2) as u8;
            }
            continue;
        }
        let pairs = first.chunks_exact(2).zip(last.chunks_exact(2));
        for (target, (a, b)) in target.iter_mut().zip(pairs) {
            let sum: u16 = a.iter().chain(b).copied().map(u16::from).sum();
            *target = ((sum + 2) / 4) as u8;
        }
    }
}

/// 0…255 to 16…235.
fn limit_luma(full: &[u8], limited: &mut [u8]) {
    for (limited, full) in limited.iter_mut().zip(full) {
        *limited = ((u16::from(*full) * 220 + 128) >> 8) as u8 + 16;
    }
}

/// 0…255 to 16…240 around 128.
fn limit_chroma(plane: &mut [u8]) {
    for value in plane {
        *value = ((u16::from(*value) * 225 + 4096) >> 8) as u8;
    }
}
