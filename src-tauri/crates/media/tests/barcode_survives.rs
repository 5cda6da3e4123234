//! A stamp is read back after what happens to pictures on their way to a screenshot.

use duet_media::barcode::{self, Stamp};
use duet_media::scale::{I420Scaler, I420View};
use duet_media::source::TestPattern;
use duet_testkit::dice::Dice;

const STAMPS: [Stamp; 4] = [
    Stamp {
        frame_number: 0,
        capture_ts_us: 0,
    },
    Stamp {
        frame_number: 12_345,
        capture_ts_us: 1_234_567_890_123,
    },
    Stamp {
        frame_number: u32::MAX,
        capture_ts_us: (1 << 48) - 1,
    },
    Stamp {
        frame_number: 0x5555_5555,
        capture_ts_us: 0x5555_aaaa_5555,
    },
];

fn picture(width: u32, height: u32, stamp: Stamp) -> Vec<u8> {
    let mut data = vec![0; (width * height * 3 / 2) as usize];
    TestPattern::new(width, height).draw(stamp.frame_number % 500, &mut data);
    barcode::write_i420(&mut data, width, height, stamp);
    data
}

fn scaled(data: &[u8], from: (u32, u32), to: (u32, u32)) -> Vec<u8> {
    let mut target = vec![0; (to.0 * to.1 * 3 / 2) as usize];
    let view = I420View::packed(data, from.0, from.1).expect("long enough");
    I420Scaler::new().scale(view, &mut target, to.0, to.1);
    target
}

fn mirrored(luma: &[u8], width: u32) -> Vec<u8> {
    luma.chunks_exact(width as usize)
        .flat_map(|line| line.iter().rev().copied())
        .collect()
}

fn noise(dice: &mut Dice) -> i32 {
    dice.roll(61) as i32 - 30
}

fn blurred(luma: &[u8], width: u32, reach: i64) -> Vec<u8> {
    let height = luma.len() as i64 / i64::from(width);
    let width = i64::from(width);
    let at = |x: i64, y: i64| {
        u32::from(luma[(y.clamp(0, height - 1) * width + x.clamp(0, width - 1)) as usize])
    };
    let mut result = Vec::with_capacity(luma.len());
    for y in 0..height {
        for x in 0..width {
            let mut sum = 0;
            for dy in -reach..=reach {
                for dx in -reach..=reach {
                    sum += at(x + dx, y + dy);
                }
            }
            result.push((sum / ((2 * reach + 1) * (2 * reach + 1)) as u32) as u8);
        }
    }
    result
}

#[test]
fn as_written() {
    for (width, height) in [
        (1280, 720),
        (640, 360),
        (320, 180),
        (1920, 1080),
        (1024, 576),
        (640, 480),
        (176, 144),
    ] {
        for stamp in STAMPS {
            let data = picture(width, height, stamp);
            let luma = &data[..(width * height) as usize];
            assert_eq!(
                barcode::read(luma, width, height, width as usize),
                Some(stamp),
                "{width}x{height}"
            );
        }
    }
}

#[test]
fn no_stamp_is_no_answer() {
    let mut data = vec![0; 1280 * 720 * 3 / 2];
    for number in [0, 10, 100] {
        TestPattern::new(1280, 720).draw(number, &mut data);
        assert_eq!(barcode::read(&data[..1280 * 720], 1280, 720, 1280), None);
    }
    assert_eq!(barcode::read(&[0; 640 * 360], 640, 360, 640), None);
    assert_eq!(barcode::read(&[255; 640 * 360], 640, 360, 640), None);
    assert_eq!(
        barcode::find_and_read(&[0; 10], 640, 360, 640),
        None,
        "too short a plane"
    );
    assert_eq!(barcode::find_and_read(&[], 0, 0, 0), None);
}

#[test]
fn noise_is_no_answer() {
    let mut dice = Dice::new(77);
    let luma: Vec<u8> = (0..640 * 360)
        .map(|_| (noise(&mut dice) * 4 + 128) as u8)
        .collect();
    assert_eq!(barcode::find_and_read(&luma, 640, 360, 640), None);
}

#[test]
fn scaled_to_any_size_down_to_a_third() {
    for (from, scales) in [((1280, 720), 0.3..=2.0), ((640, 360), 0.3..=2.0)] {
        for step in 0..60 {
            let scale = scales.start() + f64::from(step) * (scales.end() - scales.start()) / 59.0;
            let even = |side: u32| ((f64::from(side) * scale / 2.0).round() * 2.0) as u32;
            let to = (even(from.0), even(from.1));
            let stamp = STAMPS[step as usize % STAMPS.len()];
            let data = scaled(&picture(from.0, from.1, stamp), from, to);
            let luma = &data[..(to.0 * to.1) as usize];
            assert_eq!(
                barcode::read(luma, to.0, to.1, to.0 as usize),
                Some(stamp),
                "{from:?} to {to:?}"
            );
            let found = barcode::find_and_read(luma, to.0, to.1, to.0 as usize).expect("found");
            assert_eq!(found.stamp, stamp, "{from:?} to {to:?}");
            assert!(!found.mirrored);
            let flipped = mirrored(luma, to.0);
            let found = barcode::find_and_read(&flipped, to.0, to.1, to.0 as usize)
                .expect("found mirrored");
            assert_eq!((found.stamp, found.mirrored), (stamp, true));
            assert_eq!(
                barcode::read(&flipped, to.0, to.1, to.0 as usize),
                Some(stamp)
            );
        }
    }
}

#[test]
fn found_in_a_screenshot_at_an_odd_place() {
    let stamp = STAMPS[1];
    let video = scaled(&picture(1280, 720, stamp), (1280, 720), (778, 438));
    let (width, height) = (1400_usize, 900_usize);
    for (left, top, background) in [(301, 117, 255_u8), (3, 0, 0), (622, 462, 90)] {
        // Full range, as a screenshot is, and darkened a little by an overlay.
        let mut shot = vec![background; width * height];
        for (y, line) in video[..778 * 438].chunks_exact(778).enumerate() {
            for (x, value) in line.iter().enumerate() {
                let full = (i32::from(*value) - 16) * 255 / 219;
                shot[(top + y) * width + left + x] = (full * 8 / 10).clamp(0, 255) as u8;
            }
        }
        let found = barcode::find_and_read(&shot, 1400, 900, width).expect("found");
        assert_eq!(found.stamp, stamp);
        assert!((found.cell_px - 778.0 / 80.0).abs() < 0.3, "{found:?}");
    }
}

#[test]
fn blurred_and_noisy() {
    let mut dice = Dice::new(4711);
    for (width, height, reach) in [(1280, 720, 5), (640, 360, 2), (320, 180, 1)] {
        for stamp in STAMPS {
            let data = picture(width, height, stamp);
            let mut luma = blurred(&data[..(width * height) as usize], width, reach);
            for value in &mut luma {
                *value = (i32::from(*value) + noise(&mut dice)).clamp(0, 255) as u8;
            }
            assert_eq!(
                barcode::read(&luma, width, height, width as usize),
                Some(stamp),
                "{width}x{height}"
            );
        }
    }
}

#[test]
fn found_with_noise_after_scaling_to_half() {
    let mut dice = Dice::new(99);
    for stamp in STAMPS {
        let mut data = scaled(&picture(1280, 720, stamp), (1280, 720), (640, 360));
        for value in &mut data {
            *value = (i32::from(*value) + noise(&mut dice) / 2).clamp(0, 255) as u8;
        }
        let found = barcode::find_and_read(&data[..640 * 360], 640, 360, 640);
        assert_eq!(found.map(|found| found.stamp), Some(stamp));
    }
}
