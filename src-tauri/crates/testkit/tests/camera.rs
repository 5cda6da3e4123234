//! The camera rig, seen by ffmpeg's V4L2 input: a client that knows nothing of the rig.
#![cfg(target_os = "linux")]

use duet_testkit::{
    camera_rig::{self, CameraClip, CameraState, FakeCamera},
    clip,
    process::Process,
    skip,
};
use std::{
    path::Path,
    process::{Command, Output},
    time::Duration,
};

const PICTURE: (u32, u32) = (64, 64);

fn unavailable(test: &str) -> bool {
    camera_rig::unavailable(test) || skip::without_programs(test, &["ffmpeg"])
}

/// Pictures of one brightness each, so that a captured one tells its place in the clip.
fn grey_clip(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("grey.y4m");
    let pixels = (PICTURE.0 * PICTURE.1) as usize;
    let pictures = (0..10_u8).map(|index| {
        let mut picture = vec![40 + index * 10; pixels];
        picture.extend(vec![128; pixels / 2]);
        picture
    });
    clip::write_y4m(&path, PICTURE, 30, pictures).unwrap();
    path
}

fn camera(name: &str, folder: &Path) -> FakeCamera {
    let clip = CameraClip {
        y4m: &grey_clip(folder),
        mjpeg: None,
        fps: 30,
    };
    FakeCamera::create(name, clip).unwrap()
}

fn ffmpeg(camera: &FakeCamera, arguments: &[&str]) -> Command {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-nostdin", "-loglevel", "error", "-f", "v4l2"])
        .args(["-video_size", "640x360", "-i"])
        .arg(camera.path())
        .args(arguments)
        .envs(camera_rig::preload_env().unwrap());
    command
}

fn capture_three(camera: &FakeCamera) -> Output {
    let raw = ["-frames:v", "3", "-pix_fmt", "gray", "-f", "rawvideo", "-"];
    ffmpeg(camera, &raw).output().unwrap()
}

fn error_of(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn shows_its_clip_scaled_to_the_size_asked_for() {
    if unavailable("shows_its_clip_scaled_to_the_size_asked_for") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = capture_three(&camera("Front camera", folder.path()));
    assert!(output.status.success(), "{}", error_of(&output));
    let pictures: Vec<&[u8]> = output.stdout.chunks_exact(640 * 360).collect();
    assert_eq!(pictures.len(), 3);
    let brightness: Vec<u8> = pictures.iter().map(|picture| picture[0]).collect();
    assert!(brightness.is_sorted_by(|a, b| a < b), "{brightness:?}");
    for picture in pictures {
        assert!(picture.iter().all(|pixel| pixel.abs_diff(picture[0]) <= 1));
    }
}

#[test]
fn behaves_as_a_camera_in_trouble() {
    if unavailable("behaves_as_a_camera_in_trouble") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let camera = camera("Troubled camera", folder.path());
    camera.set_state(CameraState::Forbidden).unwrap();
    let error = error_of(&capture_three(&camera));
    assert!(error.contains("Permission denied"), "{error}");
    camera.set_state(CameraState::Busy).unwrap();
    let error = error_of(&capture_three(&camera));
    assert!(error.contains("Device or resource busy"), "{error}");
    camera.set_state(CameraState::Ok).unwrap();
    assert!(capture_three(&camera).status.success());
    camera.unplug().unwrap();
    let error = error_of(&capture_three(&camera));
    assert!(error.contains("No such file"), "{error}");
    camera.replug().unwrap();
    assert!(capture_three(&camera).status.success());
}

#[test]
fn a_streaming_camera_is_busy_for_others_and_dies_when_unplugged() {
    if unavailable("a_streaming_camera_is_busy_for_others_and_dies_when_unplugged") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let camera = camera("Popular camera", folder.path());
    let progress = ["-f", "null", "-progress", "pipe:1", "-"];
    let mut first = Process::spawn("ffmpeg", &mut ffmpeg(&camera, &progress)).unwrap();
    let timeout = Duration::from_secs(30);
    let some_frames = |line: &str| {
        let count = line.strip_prefix("frame=").map(str::parse::<u32>);
        count.is_some_and(|count| count.is_ok_and(|count| count > 2))
    };
    first.wait_for_line(timeout, some_frames).unwrap();
    let error = error_of(&capture_three(&camera));
    assert!(error.contains("Device or resource busy"), "{error}");
    camera.unplug().unwrap();
    // Whether ffmpeg calls this an error is its own affair; it must not go on.
    first.wait(timeout).unwrap();
    let lines = first.lines().join("\n");
    assert!(lines.contains("No such device"), "{lines}");
}

#[test]
fn never_takes_a_number_that_is_in_use() {
    if unavailable("never_takes_a_number_that_is_in_use") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let first = camera("One", folder.path());
    let second = camera("Two", folder.path());
    assert_ne!(first.path(), second.path());
    let path = first.path().to_owned();
    assert!(path.exists());
    first.unplug().unwrap();
    let third = camera("Three", folder.path());
    assert_ne!(first.path(), third.path());
    first.replug().unwrap();
    drop(first);
    assert!(!path.exists());
    assert!(third.path().exists());
}
