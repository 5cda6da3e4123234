//! Prints what a frame costs to encode and decode, for each codec of this build.
//!
//! `cargo run --release --example codec_cost -- [FILE.y4m] [FRAMES] [KBIT/S] [camera|screen]`; without a
//! file a synthetic moving picture of 720p is used, which tells less. A screen has 15 pictures a second,
//! a camera 30. Prints, never fails: wall time per frame, rate, and PSNR as a mean and of the last frame.

use std::sync::Arc;
use std::time::Instant;

use duet_media::codec::{
    VideoCodec, VideoContent, VideoEncoderSettings, video_decoder, video_encoder,
};
use duet_media::frame::VideoFrame;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().filter(|name| name != "-");
    let count = arguments
        .next()
        .map_or(Ok(300), |text| text.parse::<u32>())?;
    let kbps = arguments
        .next()
        .map_or(Ok(1_500), |text| text.parse::<u32>())?;
    let (content, rate_hz) = match arguments.next().as_deref() {
        None | Some("camera") => (VideoContent::Camera, 30),
        Some("screen") => (VideoContent::Screen, 15),
        Some(other) => return Err(format!("camera or screen, not {other}").into()),
    };
    let frames = match &file {
        Some(path) => read_y4m(path, count as usize, rate_hz)?,
        None => (0..count).map(synthetic).collect(),
    };
    for &codec in VideoCodec::supported() {
        let settings = VideoEncoderSettings {
            bitrate_bps: kbps * 1_000,
            frame_rate_hz: rate_hz,
            content,
        };
        measure(codec, &frames, settings)?;
    }
    Ok(())
}

fn measure(
    codec: VideoCodec,
    frames: &[VideoFrame],
    settings: VideoEncoderSettings,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut encoder = video_encoder(codec, settings)?;
    let mut decoder = video_decoder(codec)?;
    let (mut encode_ms, mut decode_ms) = (Vec::new(), Vec::new());
    let (mut bytes, mut quality, mut last) = (0, 0.0, 0.0);
    for frame in frames {
        let begun = Instant::now();
        let encoded = encoder.encode(frame, false)?;
        encode_ms.push(begun.elapsed().as_secs_f64() * 1e3);
        let Some(encoded) = encoded else {
            continue;
        };
        bytes += encoded.data.len();
        let begun = Instant::now();
        let decoded = decoder.decode(&encoded.data)?;
        decode_ms.push(begun.elapsed().as_secs_f64() * 1e3);
        last = decoded.map_or(0.0, |decoded| psnr(frame, &decoded));
        quality += last;
    }
    let out = decode_ms.len().max(1);
    println!(
        "{codec}: {}x{}, {} of {} frames, {:.0} kbit/s, {:.2} dB (last {last:.2}), encode {}, decode {}",
        frames[0].width,
        frames[0].height,
        decode_ms.len(),
        frames.len(),
        bytes as f64 * 8.0 * f64::from(settings.frame_rate_hz) / frames.len() as f64 / 1e3,
        quality / out as f64,
        spread(&mut encode_ms),
        spread(&mut decode_ms),
    );
    Ok(())
}

/// Mean, median, 99th percentile and largest, in ms.
fn spread(times: &mut [f64]) -> String {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied();
    let mean = times.iter().sum::<f64>() / times.len().max(1) as f64;
    format!(
        "mean {mean:.2} p50 {:.2} p99 {:.2} max {:.2} ms",
        at(0.5).unwrap_or(0.0),
        at(0.99).unwrap_or(0.0),
        times.last().copied().unwrap_or(0.0),
    )
}

fn psnr(a: &VideoFrame, b: &VideoFrame) -> f64 {
    let squares = a
        .y()
        .iter()
        .zip(b.y())
        .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
    let mean = squares.sum::<f64>() / a.y().len() as f64;
    10.0 * (255.0 * 255.0 / mean.max(1e-6)).log10()
}

fn read_y4m(
    path: &str,
    count: usize,
    rate_hz: u32,
) -> Result<Vec<VideoFrame>, Box<dyn std::error::Error>> {
    let data = std::fs::read(path)?;
    let end = data
        .iter()
        .position(|byte| *byte == b'\n')
        .ok_or("no header")?;
    let header = std::str::from_utf8(&data[..end])?;
    let field = |name: char| header.split(' ').find_map(|part| part.strip_prefix(name));
    let width: u32 = field('W').ok_or("no width")?.parse()?;
    let height: u32 = field('H').ok_or("no height")?.parse()?;
    let length = VideoFrame::i420_len(width, height);
    let stride = "FRAME\n".len() + length;
    let frames = data[end + 1..].chunks_exact(stride).take(count).enumerate();
    Ok(frames
        .map(|(index, frame)| VideoFrame {
            width,
            height,
            data: Arc::from(&frame["FRAME\n".len()..]),
            capture_ts_us: index as i64 * 1_000_000 / i64::from(rate_hz),
        })
        .collect())
}

fn synthetic(index: u32) -> VideoFrame {
    let (width, height) = (1_280_usize, 720_usize);
    let mut data = vec![128; VideoFrame::i420_len(1_280, 720)];
    for (y, row) in data[..width * height].chunks_exact_mut(width).enumerate() {
        for (x, luma) in row.iter_mut().enumerate() {
            let pan = (x + index as usize * 3) as f32;
            let soft = 120.0 + 60.0 * (pan / 61.0).sin() + 40.0 * (y as f32 / 43.0).cos();
            let line = (x / 8 + y / 8 + index as usize / 4).is_multiple_of(5);
            *luma = soft as u8 + u8::from(line) * 9;
        }
    }
    VideoFrame {
        width: 1_280,
        height: 720,
        data: Arc::from(data),
        capture_ts_us: i64::from(index) * 1_000_000 / 30,
    }
}
