//! Camera formats to I420, compared with the plain formulas.

use duet_media::convert::{ConvertError, FrameConverter, PixelFormat};
use duet_media::scale::{Fit, I420Scaler, I420View, fit};
use turbojpeg::{Compressor, Subsamp, YuvImage};

const W: u32 = 64;
const H: u32 = 48;

fn texture(length: usize, step: usize) -> Vec<u8> {
    (0..length).map(|i| (16 + i * step % 220) as u8).collect()
}

fn convert(format: PixelFormat, data: &[u8]) -> Vec<u8> {
    FrameConverter::new()
        .to_i420(format, data, W, H)
        .expect("converts")
        .to_vec()
}

#[test]
fn yuyv_keeps_luma_and_averages_two_lines_of_chroma() {
    let source = texture((W * H * 2) as usize, 7);
    let result = convert(PixelFormat::Yuyv, &source);
    let (w, h) = (W as usize, H as usize);
    for y in 0..h {
        for x in 0..w {
            assert_eq!(result[y * w + x], source[(y * w + x) * 2]);
        }
    }
    for y in 0..h / 2 {
        for x in 0..w / 2 {
            for (plane, at) in [(0, 1), (1, 3)] {
                let upper = i32::from(source[2 * y * w * 2 + x * 4 + at]);
                let lower = i32::from(source[(2 * y + 1) * w * 2 + x * 4 + at]);
                let got = i32::from(result[w * h + plane * w * h / 4 + y * w / 2 + x]);
                assert!(
                    (got - (upper + lower) / 2).abs() <= 1,
                    "{got} from {upper} and {lower}"
                );
            }
        }
    }
}

#[test]
fn nv12_separates_the_chroma() {
    let source = texture((W * H * 3 / 2) as usize, 11);
    let result = convert(PixelFormat::Nv12, &source);
    let luma = (W * H) as usize;
    assert_eq!(result[..luma], source[..luma]);
    for i in 0..luma / 4 {
        assert_eq!(result[luma + i], source[luma + 2 * i]);
        assert_eq!(result[luma + luma / 4 + i], source[luma + 2 * i + 1]);
    }
}

/// A JPEG whose planes are flat, so that coding changes them by next to nothing.
fn jpeg(subsamp: Subsamp, chroma_len: usize, y: u8, u: u8, v: u8) -> Vec<u8> {
    let luma = (W * H) as usize;
    let mut pixels = vec![y; luma];
    pixels.extend(vec![u; chroma_len]);
    pixels.extend(vec![v; chroma_len]);
    let image = YuvImage {
        pixels: &pixels[..],
        width: W as usize,
        align: 1,
        height: H as usize,
        subsamp,
    };
    let mut compressor = Compressor::new().expect("compressor");
    compressor.set_quality(95).expect("quality");
    compressor.compress_yuv_to_vec(image).expect("compresses")
}

#[test]
fn mjpeg_becomes_limited_range_whatever_its_subsampling() {
    let luma = (W * H) as usize;
    for (subsamp, chroma) in [
        (Subsamp::None, luma),
        (Subsamp::Sub2x1, luma / 2),
        (Subsamp::Sub2x2, luma / 4),
        (Subsamp::Sub1x2, luma / 2),
        (Subsamp::Gray, 0),
    ] {
        for (y, u, v) in [(0_u8, 128_u8, 128_u8), (255, 128, 128), (90, 40, 220)] {
            let result = convert(PixelFormat::Mjpeg, &jpeg(subsamp, chroma, y, u, v));
            let limited = |full: u8| 16.0 + f64::from(full) * 219.0 / 255.0;
            let chroma_of = |full: u8| {
                if chroma == 0 {
                    128.0
                } else {
                    128.0 + (f64::from(full) - 128.0) * 224.0 / 255.0
                }
            };
            let near = |at: usize, wanted: f64| {
                let got = f64::from(result[at]);
                assert!(
                    (got - wanted).abs() <= 2.0,
                    "{subsamp:?}: {got} instead of {wanted}"
                );
            };
            near(luma / 2, limited(y));
            near(luma + luma / 8, chroma_of(u));
            near(luma + luma / 4 + luma / 8, chroma_of(v));
        }
    }
}

#[test]
fn damaged_pictures_are_errors() {
    let mut converter = FrameConverter::new();
    for format in [PixelFormat::Yuyv, PixelFormat::Nv12] {
        let error = converter
            .to_i420(format, &[0; 100], W, H)
            .expect_err("too short");
        assert!(matches!(error, ConvertError::TooShort { got: 100, .. }));
    }
    let error = converter
        .to_i420(PixelFormat::Yuyv, &[0; 1000], 15, 10)
        .expect_err("odd");
    assert!(matches!(error, ConvertError::OddSize { .. }));
    let good = jpeg(Subsamp::Sub2x1, (W * H / 2) as usize, 90, 100, 110);
    for bytes in [&good[..0], &good[..40], &b"no jpeg at all"[..]] {
        let error = converter
            .to_i420(PixelFormat::Mjpeg, bytes, W, H)
            .expect_err("damaged");
        assert!(matches!(error, ConvertError::Jpeg(_)));
    }
    let error = converter
        .to_i420(PixelFormat::Mjpeg, &good, W * 2, H * 2)
        .expect_err("another size");
    assert!(
        error.to_string().contains("64x48 instead of 128x96"),
        "{error}"
    );
    // What comes after the picture in the camera's buffer does not matter.
    let mut padded = good;
    padded.resize(padded.len() + 5000, 0);
    converter
        .to_i420(PixelFormat::Mjpeg, &padded, W, H)
        .expect("padding is fine");
}

#[test]
fn shapes_are_kept_with_bars() {
    let whole = |width, height| Fit {
        x: 0,
        y: 0,
        width,
        height,
    };
    assert_eq!(fit((1920, 1080), (1280, 720)), whole(1280, 720));
    assert_eq!(
        fit((640, 480), (1280, 720)),
        Fit {
            x: 160,
            y: 0,
            width: 960,
            height: 720
        }
    );
    assert_eq!(
        fit((1280, 720), (640, 480)),
        Fit {
            x: 0,
            y: 60,
            width: 640,
            height: 360
        }
    );
    assert_eq!(fit((1, 10_000), (16, 16)).width, 2);

    let source = vec![200; 64 * 64 * 3 / 2];
    let view = I420View::packed(&source, 64, 64).expect("long enough");
    let mut target = vec![0; 64 * 32 * 3 / 2];
    I420Scaler::new().scale(view, &mut target, 64, 32);
    let row: Vec<u8> = target[64 * 10..64 * 11].to_vec();
    assert_eq!(
        (row[0], row[15], row[16], row[47], row[48], row[63]),
        (16, 16, 200, 200, 16, 16)
    );
    let chroma = &target[64 * 32 + 32 * 5..64 * 32 + 32 * 6];
    assert_eq!((chroma[0], chroma[8], chroma[31]), (128, 200, 128));
}

#[test]
fn padded_and_odd_sources_are_scaled() {
    let luma: Vec<u8> = (0..70 * 33)
        .map(|i| if i % 70 < 63 { 180 } else { 0 })
        .collect();
    let chroma: Vec<u8> = (0..40 * 17)
        .map(|i| if i % 40 < 32 { 90 } else { 0 })
        .collect();
    let view = I420View {
        width: 63,
        height: 33,
        planes: [(&luma, 70), (&chroma, 40), (&chroma, 40)],
    };
    let mut target = vec![0; 126 * 66 * 3 / 2];
    I420Scaler::new().scale(view, &mut target, 126, 66);
    assert!(target[..126 * 66].iter().all(|value| *value == 180));
    assert!(target[126 * 66..].iter().all(|value| *value == 90));
}
