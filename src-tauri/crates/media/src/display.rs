//! Pictures on their way to a screen: scaled to the size at which they are shown, then RGBA or
//! I420. Runs on the thread of whoever shows them.
//!
//! Scaling happens before the colour conversion because the planes are less than half the bytes,
//! and before sending because nothing should travel that is not shown.

use std::sync::Arc;

use yuv::{YuvPlanarImage, YuvRange, YuvStandardMatrix};

use crate::frame::VideoFrame;
use crate::scale::{I420Scaler, I420View};

/// The size to send for a picture of `source` pixels shown in a box of `shown` device pixels that
/// it covers: the source's shape, never larger than the source, even on both sides.
///
/// `None` when the box is empty, which means that nothing is shown.
pub fn covering_size(source: (u32, u32), shown: (u32, u32)) -> Option<(u32, u32)> {
    if source.0 < 2 || source.1 < 2 || shown.0 == 0 || shown.1 == 0 {
        return None;
    }
    let horizontal = f64::from(shown.0) / f64::from(source.0);
    let vertical = f64::from(shown.1) / f64::from(source.1);
    let scale = horizontal.max(vertical);
    if scale >= 1.0 {
        return Some((source.0 & !1, source.1 & !1));
    }
    let even = |length: u32| (((f64::from(length) * scale / 2.0).ceil() as u32) * 2).max(2);
    Some((
        even(source.0).min(source.0 & !1),
        even(source.1).min(source.1 & !1),
    ))
}

/// The picture at `width` × `height` (both even and not zero), filled to its edges: a size of
/// [`covering_size`] has the picture's shape but for rounding. The same allocation when the size is
/// already right.
pub fn scaled(scaler: &mut I420Scaler, frame: &VideoFrame, width: u32, height: u32) -> VideoFrame {
    if (frame.width, frame.height) == (width, height) {
        return frame.clone();
    }
    let mut data = vec![0_u8; VideoFrame::i420_len(width, height)];
    match I420View::packed(&frame.data, frame.width, frame.height) {
        Some(view) => scaler.fill(view, &mut data, width, height),
        // A frame's data fits its size, so this is a programming error; the picture is green
        // rather than the call at its end.
        None => tracing::error!("a picture is shorter than its size says"),
    }
    VideoFrame {
        width,
        height,
        data: Arc::from(data),
        capture_ts_us: frame.capture_ts_us,
    }
}

/// Writes the picture as RGBA, `width * height * 4` bytes, at the end of `out`.
pub fn append_rgba(frame: &VideoFrame, out: &mut Vec<u8>) {
    let start = out.len();
    let stride = frame.width * 4;
    out.resize(start + stride as usize * frame.height as usize, 0xff);
    let image = YuvPlanarImage {
        y_plane: frame.y(),
        y_stride: frame.width,
        u_plane: frame.u(),
        u_stride: frame.width / 2,
        v_plane: frame.v(),
        v_stride: frame.width / 2,
        width: frame.width,
        height: frame.height,
    };
    let converted = yuv::yuv420_to_rgba(
        &image,
        &mut out[start..],
        stride,
        YuvRange::Limited,
        YuvStandardMatrix::Bt601,
    );
    if let Err(error) = converted {
        tracing::error!(%error, "a picture could not be converted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: u32, height: u32, luma: u8) -> VideoFrame {
        let mut data = vec![128_u8; VideoFrame::i420_len(width, height)];
        data[..(width * height) as usize].fill(luma);
        VideoFrame {
            width,
            height,
            data: data.into(),
            capture_ts_us: 7,
        }
    }

    #[test]
    fn a_smaller_box_is_covered_and_a_larger_one_gets_the_source() {
        assert_eq!(covering_size((1280, 720), (640, 360)), Some((640, 360)));
        assert_eq!(covering_size((1280, 720), (360, 360)), Some((640, 360)));
        assert_eq!(covering_size((1280, 720), (4000, 100)), Some((1280, 720)));
        assert_eq!(covering_size((1280, 720), (0, 100)), None);
        assert_eq!(covering_size((641, 361), (2000, 2000)), Some((640, 360)));
    }

    #[test]
    fn scaling_keeps_the_grey_and_the_time() {
        let scaled = scaled(&mut I420Scaler::new(), &grey(64, 48, 90), 32, 24);
        assert_eq!(
            (scaled.width, scaled.height, scaled.capture_ts_us),
            (32, 24, 7)
        );
        assert_eq!(scaled.data.len(), VideoFrame::i420_len(32, 24));
        assert!(scaled.y().iter().all(|luma| luma.abs_diff(90) <= 1));
        assert!(scaled.u().iter().all(|chroma| chroma.abs_diff(128) <= 1));
    }

    #[test]
    fn the_right_size_costs_no_copy() {
        let frame = grey(64, 48, 90);
        let same = scaled(&mut I420Scaler::new(), &frame, 64, 48);
        assert!(Arc::ptr_eq(&frame.data, &same.data));
    }

    #[test]
    fn a_rounded_size_has_no_bars() {
        let mut scaler = I420Scaler::new();
        for shown in [(333, 10), (501, 10), (10, 211), (127, 71), (1279, 719)] {
            let (width, height) = covering_size((1280, 720), shown).unwrap();
            let picture = scaled(&mut scaler, &grey(1280, 720, 200), width, height);
            assert!(
                picture.y().iter().all(|luma| luma.abs_diff(200) <= 1),
                "{width}x{height}"
            );
        }
    }

    #[test]
    fn limited_range_white_and_black_become_full_range() {
        let mut out = vec![1, 2, 3];
        append_rgba(&grey(4, 2, 235), &mut out);
        assert_eq!(&out[..3], &[1, 2, 3]);
        assert_eq!(out.len(), 3 + 4 * 2 * 4);
        assert!(out[3..].iter().all(|byte| *byte >= 253));
        out.clear();
        append_rgba(&grey(4, 2, 16), &mut out);
        assert!(
            out.chunks(4)
                .all(|pixel| pixel[..3].iter().all(|byte| *byte <= 2) && pixel[3] == 255)
        );
    }
}
