//! Small text survives the coding of a screen: every pixel of it is on the right side of grey.

use std::sync::Arc;

use duet_media::codec::{
    VideoCodec, VideoContent, VideoEncoderSettings, video_decoder, video_encoder,
};
use duet_media::frame::VideoFrame;

const WIDTH: u32 = 1920;
const HEIGHT: u32 = 1080;
/// Strokes of two pixels, as small text has them at 100 %.
const STROKE: u32 = 2;

/// A window of "letters" of random strokes: black on white in lines, like small text, and harder: no
/// letter comes twice.
fn page(seed: u32) -> Vec<bool> {
    let mut state = seed | 1;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let (columns, rows) = (WIDTH / STROKE, HEIGHT / STROKE);
    let mut cells = vec![false; (columns * rows) as usize];
    for row in 0..rows {
        for column in 0..columns {
            // Lines of seven strokes with three between them, words of nine with one.
            let is_ink =
                row % 10 < 7 && column % 10 < 9 && (60..480).contains(&column) && row < 300;
            cells[(row * columns + column) as usize] = is_ink && random() % 3 == 0;
        }
    }
    cells
}

fn picture(page: &[bool], capture_ts_us: i64) -> VideoFrame {
    let mut data = vec![128; VideoFrame::i420_len(WIDTH, HEIGHT)];
    for (index, luma) in data[..(WIDTH * HEIGHT) as usize].iter_mut().enumerate() {
        let (x, y) = (index as u32 % WIDTH, index as u32 / WIDTH);
        let cell = (y / STROKE) * (WIDTH / STROKE) + x / STROKE;
        *luma = if page[cell as usize] { 16 } else { 235 };
    }
    VideoFrame {
        width: WIDTH,
        height: HEIGHT,
        data: Arc::from(data),
        capture_ts_us,
    }
}

/// Pixels that would be read wrong.
fn misread(wanted: &VideoFrame, got: &VideoFrame) -> usize {
    let pairs = wanted.y().iter().zip(got.y());
    pairs.filter(|(a, b)| (**a > 125) != (**b > 125)).count()
}

/// Two seconds of one page at a rate; what the other sees in the end, the frames and the bytes.
fn show(codec: VideoCodec, content: VideoContent, bitrate_bps: u32) -> (usize, usize, usize) {
    let settings = VideoEncoderSettings {
        bitrate_bps,
        frame_rate_hz: 15,
        content,
    };
    let mut encoder = video_encoder(codec, settings).expect("encoder");
    let mut decoder = video_decoder(codec).expect("decoder");
    let (first, second) = (page(1), page(2));
    let (mut seen, mut frames, mut bytes) = (None, 0, 0);
    for index in 0..60 {
        let shown = if index < 30 { &first } else { &second };
        let picture = picture(shown, i64::from(index) * 66_667);
        let encoded = encoder.encode(&picture, false).expect("encodes");
        if let Some(encoded) = encoded {
            frames += 1;
            bytes += encoded.data.len();
            seen = decoder.decode(&encoded.data).expect("decodes");
        }
    }
    let seen = seen.expect("a picture");
    assert_eq!((seen.width, seen.height), (WIDTH, HEIGHT));
    (misread(&picture(&second, 0), &seen), frames, bytes)
}

#[test]
fn a_page_of_small_text_can_be_read_at_a_megabit() {
    for &codec in VideoCodec::supported() {
        let (wrong, frames, bytes) = show(codec, VideoContent::Screen, 1_000_000);
        println!("{codec}: {wrong} pixels wrong after {frames} frames, {bytes} bytes in 4 s");
        assert_eq!(wrong, 0, "{codec}");
        // The rate was kept by leaving pictures out, not by blurring them.
        assert!(
            frames < 60 && bytes < 4 * 125_000 * 3 / 2,
            "{codec}: {bytes} bytes"
        );
    }
}

#[test]
fn a_still_page_costs_little_once_it_is_sharp() {
    for &codec in VideoCodec::supported() {
        let settings = VideoEncoderSettings {
            bitrate_bps: 1_500_000,
            frame_rate_hz: 15,
            content: VideoContent::Screen,
        };
        let mut encoder = video_encoder(codec, settings).expect("encoder");
        let page = page(3);
        let mut late = 0;
        for index in 0..90 {
            let picture = picture(&page, i64::from(index) * 66_667);
            let encoded = encoder.encode(&picture, false).expect("encodes");
            if index >= 60 {
                late += encoded.map_or(0, |encoded| encoded.data.len());
            }
        }
        println!("{codec}: {late} bytes in the last two of six seconds");
        assert!(late < 90_000, "{codec}: {late} bytes");
    }
}
