//! A picture that moves like a film, not like a test card: a soft background that pans, a sharp
//! object that crosses it, and a little noise.

use std::sync::Arc;

use duet_media::frame::VideoFrame;

/// Picture `index` of a 30 Hz sequence.
pub(crate) fn moving_picture(width: u32, height: u32, index: u32) -> VideoFrame {
    let (w, h) = (width as usize, height as usize);
    let mut data = Vec::with_capacity(VideoFrame::i420_len(width, height));
    let mut noise = index.wrapping_mul(2_654_435_761) | 1;
    let object = (index as usize * 7) % w;
    for y in 0..h {
        for x in 0..w {
            let pan = (x + index as usize * 2) as f32;
            let soft = 110.0 + 50.0 * (pan / 47.0).sin() + 35.0 * (y as f32 / 31.0).cos();
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (noise >> 30) as u8;
            let inside = x.abs_diff(object) < w / 12 && y.abs_diff(h / 2) < h / 6;
            let sharp = if inside && (x / 6 + y / 6) % 2 == 0 {
                40
            } else {
                0
            };
            data.push(soft as u8 + sharp + grain);
        }
    }
    for (plane, base) in [(0, 118_u8), (1, 134)] {
        for y in 0..h / 2 {
            for x in 0..w / 2 {
                let shade = (x + y * (plane + 1) + index as usize) / 24 % 12;
                data.push(base + shade as u8);
            }
        }
    }
    VideoFrame {
        width,
        height,
        data: Arc::from(data),
        capture_ts_us: i64::from(index) * 1_000_000 / 30,
    }
}

/// Peak signal-to-noise ratio of two pictures' luma, in dB.
pub(crate) fn psnr(a: &VideoFrame, b: &VideoFrame) -> f64 {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let squares = a.y().iter().zip(b.y()).map(|(a, b)| {
        let difference = f64::from(*a) - f64::from(*b);
        difference * difference
    });
    let mean = squares.sum::<f64>() / a.y().len() as f64;
    10.0 * (255.0 * 255.0 / mean.max(1e-6)).log10()
}
