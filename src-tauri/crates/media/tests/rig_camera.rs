//! The unmodified capture library on cameras that are not there: pictures, faults, and recovery.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use duet_media::barcode::{self, Stamp};
use duet_media::camera::{CameraError, camera_offers, list_cameras};
use duet_media::convert::PixelFormat;
use duet_media::frame::VideoFrame;
use duet_media::source::{
    OpenVideoSource, TestPattern, VideoSourceError, VideoSourceEvent, VideoSourceSpec,
    open_video_source,
};
use duet_testkit::camera_rig::{CameraClip, CameraState, FakeCamera};
use duet_testkit::{clip, rigged};

const PATIENCE: Duration = Duration::from_secs(30);

struct Camera {
    source: OpenVideoSource,
    frames: Receiver<VideoFrame>,
    events: Receiver<VideoSourceEvent>,
}

impl Camera {
    fn open(id: &str, format: &str) -> Result<Camera, VideoSourceError> {
        let (sender, frames) = sync_channel(4);
        let (teller, events) = sync_channel(100);
        let source = open_video_source(
            &VideoSourceSpec::Device(id.to_owned()),
            format.parse().expect("a format"),
            // The newest frames are dropped while nobody reads, as a pipeline would.
            Arc::new(move |frame| drop(sender.try_send(frame))),
            Arc::new(move |event| teller.send(event).expect("the test listens")),
        )?;
        Ok(Camera {
            source,
            frames,
            events,
        })
    }

    fn frame(&self) -> VideoFrame {
        self.frames.recv_timeout(PATIENCE).expect("a frame")
    }

    fn event(&self) -> VideoSourceEvent {
        self.events.recv_timeout(PATIENCE).expect("an event")
    }

    /// Throws away what waits and gives a frame that was captured after this call.
    fn fresh_frame(&self) -> VideoFrame {
        let now = duet_media::clock::now_us();
        loop {
            let frame = self.frame();
            if frame.capture_ts_us > now {
                return frame;
            }
        }
    }
}

/// A film of thirty stamped pictures.
fn film(folder: &Path, width: u32, height: u32) -> PathBuf {
    let path = folder.join("film.y4m");
    let pictures = (0..30).map(|frame_number| {
        let mut data = vec![0; (width * height * 3 / 2) as usize];
        TestPattern::new(width, height).draw(frame_number, &mut data);
        let stamp = Stamp {
            frame_number,
            capture_ts_us: 0,
        };
        barcode::write_i420(&mut data, width, height, stamp);
        data
    });
    clip::write_y4m(&path, (width, height), 30, pictures).expect("written");
    path
}

fn plug_in(name: &str, folder: &Path, mjpeg: bool) -> (FakeCamera, String) {
    let (width, height) = if mjpeg { (960, 540) } else { (1280, 720) };
    let y4m = film(folder, width, height);
    let mjpeg = mjpeg.then(|| as_mjpeg(&y4m, folder));
    let clip = CameraClip {
        y4m: &y4m,
        mjpeg: mjpeg.as_deref(),
        fps: 30,
    };
    let camera = FakeCamera::create(name, clip).expect("plugged in");
    let id = format!("video{}", camera.number());
    (camera, id)
}

/// Coded by ourselves: no external program, and the stamps must survive it.
fn as_mjpeg(y4m: &Path, folder: &Path) -> PathBuf {
    let mut reader = duet_media::y4m::Y4mReader::open(y4m).expect("opens");
    let header = *reader.header();
    let (mut frame, mut film) = (Vec::new(), Vec::new());
    let mut compressor = turbojpeg::Compressor::new().expect("a compressor");
    while reader.read_frame(&mut frame).expect("reads") {
        let image = turbojpeg::YuvImage {
            pixels: &frame[..],
            width: header.width as usize,
            align: 1,
            height: header.height as usize,
            subsamp: turbojpeg::Subsamp::Sub2x2,
        };
        film.extend(compressor.compress_yuv_to_vec(image).expect("compresses"));
    }
    let path = folder.join("film.mjpeg");
    std::fs::write(&path, film).expect("written");
    path
}

fn number(frame: &VideoFrame) -> u32 {
    let stamp = barcode::read(frame.y(), frame.width, frame.height, frame.width as usize);
    stamp.expect("the film's stamp").frame_number
}

fn assert_moves(camera: &Camera) {
    let (first, then) = (camera.fresh_frame(), camera.fresh_frame());
    assert_ne!(number(&first), number(&then));
    assert!(then.capture_ts_us > first.capture_ts_us);
}

#[test]
fn is_listed_and_delivers_hd_from_raw_pixels() {
    rigged::run("is_listed_and_delivers_hd_from_raw_pixels", || {
        let folder = tempfile::tempdir().expect("folder");
        let (_plugged, id) = plug_in("Desk Camera", folder.path(), false);
        let cameras = list_cameras().expect("listed");
        let camera = cameras
            .iter()
            .find(|camera| camera.id == id)
            .expect("in the list");
        assert_eq!(camera.name, "Desk Camera");
        let offers = camera_offers(&id).expect("offers");
        assert!(offers.iter().any(|offer| offer.pixels == PixelFormat::Nv12));

        let camera = Camera::open(&id, "1280x720@30").expect("opens");
        assert_eq!(camera.source.format().to_string(), "1280x720@30");
        let frame = camera.frame();
        assert_eq!((frame.width, frame.height), (1280, 720));
        assert_moves(&camera);
    });
}

#[test]
fn delivers_mjpeg_where_only_that_has_the_size() {
    rigged::run("delivers_mjpeg_where_only_that_has_the_size", || {
        let folder = tempfile::tempdir().expect("folder");
        let (_plugged, id) = plug_in("Jpeg Camera", folder.path(), true);
        let camera = Camera::open(&id, "960x540@30").expect("opens");
        assert_eq!(camera.source.format().to_string(), "960x540@30");
        assert_moves(&camera);
    });
}

#[test]
fn another_size_is_the_nearest_one_and_never_larger() {
    rigged::run("another_size_is_the_nearest_one_and_never_larger", || {
        let folder = tempfile::tempdir().expect("folder");
        let (_plugged, id) = plug_in("Size Camera", folder.path(), false);
        for (wanted, got) in [
            ("640x360@30", "640x360@30"),
            ("320x180@30", "320x180@30"),
            ("1284x722@30", "1280x720@30"),
        ] {
            // Each one after the other: a device that was not closed would be busy.
            let camera = Camera::open(&id, wanted).expect("opens");
            assert_eq!(camera.source.format().to_string(), got);
            let frame = camera.frame();
            assert_eq!(format!("{}x{}@30", frame.width, frame.height), got);
            assert_moves(&camera);
        }
    });
}

#[test]
fn unplugged_is_lost_and_plugged_in_again_is_back() {
    rigged::run("unplugged_is_lost_and_plugged_in_again_is_back", || {
        let folder = tempfile::tempdir().expect("folder");
        let (plugged, id) = plug_in("Loose Camera", folder.path(), false);
        let camera = Camera::open(&id, "640x360@30").expect("opens");
        for _ in 0..2 {
            assert_moves(&camera);
            plugged.unplug().expect("unplugged");
            assert_eq!(camera.event(), VideoSourceEvent::Lost(CameraError::Missing));
            plugged.replug().expect("plugged in again");
            assert_eq!(camera.event(), VideoSourceEvent::Recovered);
        }
        assert_moves(&camera);
        assert!(camera.events.try_recv().is_err(), "each thing is told once");
    });
}

#[test]
fn hanging_is_stalled_and_comes_back_and_can_be_closed() {
    rigged::run(
        "hanging_is_stalled_and_comes_back_and_can_be_closed",
        || {
            let folder = tempfile::tempdir().expect("folder");
            let (plugged, id) = plug_in("Sleepy Camera", folder.path(), false);
            let camera = Camera::open(&id, "640x360@30").expect("opens");
            assert_moves(&camera);
            plugged.set_state(CameraState::Hanging).expect("hangs");
            assert_eq!(camera.event(), VideoSourceEvent::Stalled);
            plugged.set_state(CameraState::Ok).expect("works");
            assert_eq!(camera.event(), VideoSourceEvent::Recovered);
            assert_moves(&camera);
            plugged.set_state(CameraState::Hanging).expect("hangs");
            assert_eq!(camera.event(), VideoSourceEvent::Stalled);
            // Must return although the capture thread sits in the driver.
            drop(camera);
        },
    );
}

#[test]
fn each_reason_not_to_open_has_its_error() {
    rigged::run("each_reason_not_to_open_has_its_error", || {
        let folder = tempfile::tempdir().expect("folder");
        let (plugged, id) = plug_in("Moody Camera", folder.path(), false);
        let code = |id: &str| {
            Camera::open(id, "640x360@30")
                .map(drop)
                .expect_err("refused")
                .code()
        };
        plugged.set_state(CameraState::Busy).expect("busy");
        assert_eq!(code(&id), "camera-in-use");
        plugged
            .set_state(CameraState::Forbidden)
            .expect("forbidden");
        assert_eq!(code(&id), "camera-forbidden");
        assert!(
            list_cameras()
                .expect("listed")
                .iter()
                .any(|camera| camera.id == id),
            "but it is shown"
        );
        plugged.set_state(CameraState::Ok).expect("works");
        plugged.unplug().expect("unplugged");
        assert_eq!(code(&id), "camera-missing");
        assert_eq!(code("no such camera"), "camera-missing");
        plugged.replug().expect("plugged in again");
        assert_moves(&Camera::open(&id, "640x360@30").expect("opens"));
    });
}

#[test]
fn a_real_film_looks_the_same_through_the_camera() {
    rigged::run("a_real_film_looks_the_same_through_the_camera", || {
        let y4m = clip::film(1280, 720).expect("a film");
        let clip = CameraClip {
            y4m: &y4m,
            mjpeg: None,
            fps: 30,
        };
        let plugged = FakeCamera::create("Film Camera", clip).expect("plugged in");
        let camera =
            Camera::open(&format!("video{}", plugged.number()), "1280x720@30").expect("opens");
        let shown = camera.frame();
        let mut reader = duet_media::y4m::Y4mReader::open(&y4m).expect("opens");
        let mut frame = Vec::new();
        let mut same = false;
        while !same && reader.read_frame(&mut frame).expect("reads") {
            // YUYV carries luma as it is.
            same = frame[..1280 * 720] == *shown.y();
        }
        assert!(same, "the luma is that of one of the film's pictures");
    });
}
