//! Test pattern and file sources: pace, stamps, loops, scaling, errors, and stopping.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use duet_media::barcode::{self, Stamp};
use duet_media::clock;
use duet_media::frame::VideoFrame;
use duet_media::source::{
    OpenVideoSource, VideoFormat, VideoSourceError, VideoSourceSpec, open_video_source,
};

const PATIENCE: Duration = Duration::from_secs(20);

fn start(
    spec: &str,
    format: &str,
) -> Result<(OpenVideoSource, Receiver<VideoFrame>), VideoSourceError> {
    let (sender, frames) = sync_channel(500);
    let sink = Arc::new(move |frame| {
        let _ = sender.try_send(frame);
    });
    let spec = spec.parse().expect("a specification");
    let source = open_video_source(
        &spec,
        format.parse().expect("a format"),
        sink,
        Arc::new(|_| {}),
    )?;
    Ok((source, frames))
}

fn stamp(frame: &VideoFrame) -> Option<Stamp> {
    barcode::read(frame.y(), frame.width, frame.height, frame.width as usize)
}

fn film(folder: &tempfile::TempDir, rate: &str, frames: u8) -> PathBuf {
    let path = folder.path().join("film.y4m");
    let mut content = format!("YUV4MPEG2 W320 H240 F{rate} C420\n").into_bytes();
    for value in 0..frames {
        content.extend_from_slice(b"FRAME\n");
        content.extend(std::iter::repeat_n(50 + value, 320 * 240 * 3 / 2));
    }
    std::fs::write(&path, content).expect("written");
    path
}

#[test]
fn the_pattern_moves_and_numbers_its_frames() {
    let (source, frames) = start("test", "320x180@60").expect("opens");
    assert_eq!(source.format().to_string(), "320x180@60");
    let mut before: Option<VideoFrame> = None;
    for number in 0..20 {
        let frame = frames.recv_timeout(PATIENCE).expect("a frame");
        assert_eq!(
            (frame.width, frame.height, frame.data.len()),
            (320, 180, 320 * 180 * 3 / 2)
        );
        let stamp = stamp(&frame).expect("stamped");
        assert_eq!(stamp.frame_number, number);
        assert_eq!(stamp.capture_ts_us, frame.capture_ts_us);
        assert!(frame.capture_ts_us <= clock::now_us());
        if let Some(before) = before {
            assert!(frame.capture_ts_us > before.capture_ts_us);
            assert_ne!(
                frame.y()[320 * 90..],
                before.y()[320 * 90..],
                "content below the stamp moves"
            );
        }
        before = Some(frame);
    }
}

#[test]
fn a_dropped_source_is_silent_and_its_callback_is_gone() {
    let (source, frames) = start("test", "320x180@30").expect("opens");
    frames.recv_timeout(PATIENCE).expect("a frame");
    drop(source);
    // The sender died with the sink, so the channel is empty and then closed.
    while frames.try_recv().is_ok() {}
    assert_eq!(
        frames.try_recv().expect_err("ended"),
        std::sync::mpsc::TryRecvError::Disconnected
    );
}

#[test]
fn a_file_loops_is_scaled_with_bars_and_keeps_its_speed() {
    let folder = tempfile::tempdir().expect("folder");
    let path = film(&folder, "30:1", 3);
    let (_source, frames) =
        start(&format!("file:{}", path.display()), "640x360@60").expect("opens");
    let values: Vec<u8> = (0..14)
        .map(|_| {
            let frame = frames.recv_timeout(PATIENCE).expect("a frame");
            assert_eq!((frame.width, frame.height), (640, 360));
            assert_eq!(frame.y()[640 * 100 + 10], 16, "a bar at the left");
            frame.y()[640 * 180 + 320]
        })
        .collect();
    // Twice the file's rate: every picture twice. A late machine may leave some out, so only the
    // order is certain.
    let mut seen = values.clone();
    seen.dedup();
    for pair in seen.windows(2) {
        assert!(
            pair[1] != pair[0] && (50..53).contains(&pair[1]),
            "{values:?}"
        );
    }
    assert!(seen.len() > 3, "it loops: {values:?}");
}

#[test]
fn a_file_is_stamped_on_request() {
    let folder = tempfile::tempdir().expect("folder");
    let path = film(&folder, "30:1", 2);
    let plain = start(&format!("file:{}", path.display()), "640x360@60").expect("opens");
    assert_eq!(
        stamp(&plain.1.recv_timeout(PATIENCE).expect("a frame")),
        None
    );
    let stamped = start(&format!("file:{}?stamp", path.display()), "640x360@60").expect("opens");
    for number in 0..4 {
        let frame = stamped.1.recv_timeout(PATIENCE).expect("a frame");
        assert_eq!(stamp(&frame).expect("stamped").frame_number, number);
    }
}

#[test]
fn what_cannot_be_opened_says_why() {
    let missing = start("file:/nowhere/film.y4m", "640x360").expect_err("missing");
    assert!(
        missing
            .to_string()
            .starts_with("/nowhere/film.y4m: cannot read the file"),
        "{missing}"
    );
    assert_eq!(missing.code(), "video-file");
    let camera = start("device:no-such-camera", "640x360").expect_err("missing");
    assert_eq!(camera.code(), "camera-missing");
    let (source, frames) = start("none", "640x360").expect("opens");
    assert!(frames.recv_timeout(Duration::from_millis(50)).is_err());
    drop(source);
}

#[test]
fn specifications_are_read_and_written() {
    for text in [
        "none",
        "test",
        "file:/a/b.y4m",
        "file:/a/b.y4m?stamp",
        "device:usb-Cam: one",
    ] {
        let spec: VideoSourceSpec = text.parse().expect(text);
        assert_eq!(spec.to_string(), text);
    }
    for text in ["", "file:", "device:", "test:1", "camera", "none:x"] {
        assert!(text.parse::<VideoSourceSpec>().is_err(), "{text}");
    }
    assert_eq!(
        "1280x720@30".parse::<VideoFormat>(),
        Ok(VideoFormat::DEFAULT)
    );
    for text in [
        "1280",
        "1280x",
        "1281x720",
        "0x0",
        "1280x720@0",
        "1280x720@999",
        "99998x2",
        "-2x2",
        "1280x720@",
    ] {
        assert!(text.parse::<VideoFormat>().is_err(), "{text}");
    }
}
