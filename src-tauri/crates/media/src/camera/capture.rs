//! The capture thread: opens the camera, takes its frames, converts them, hands them over.
//!
//! Everything that can block or panic inside nokhwa happens here and nowhere else. nokhwa's camera
//! never leaves this thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;

use nokhwa::utils::{
    CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType, Resolution,
};
use nokhwa::{Camera, NokhwaError};

use super::{CameraError, CameraOffer, list, rank_offers};
use crate::clock;
use crate::convert::{FrameConverter, PixelFormat};
use crate::frame::VideoFrame;
use crate::scale::{I420Scaler, I420View, fit};
use crate::source::{VideoFormat, VideoSink};

/// Offers that are tried before a camera counts as unusable: some refuse what they offer.
const TRIES: usize = 4;
/// Damaged pictures in a row before the camera counts as failed.
const MAX_DAMAGED: u32 = 60;
/// Times in a row that the stream is started again after an error that says nothing.
const MAX_RESTARTS: u32 = 3;
const USABLE: [FrameFormat; 3] = [FrameFormat::YUYV, FrameFormat::NV12, FrameFormat::MJPEG];

/// What the capture thread reports.
#[derive(Debug)]
pub(super) enum Report {
    /// The camera streams; this is what will be delivered.
    Opened(VideoFormat),
    /// The thread is ending. No error if it was told to stop.
    Ended(Option<CameraError>),
}

/// Shared between the capture thread and whoever watches it.
#[derive(Debug, Default)]
pub(super) struct CaptureState {
    /// Raised to let the thread go: no frame is delivered from then on.
    pub(super) stop: AtomicBool,
    /// Frames delivered so far.
    pub(super) frames: AtomicU64,
}

/// The body of the thread.
pub(super) fn run(
    id: &str,
    wanted: VideoFormat,
    sink: &VideoSink,
    state: &Arc<CaptureState>,
    reports: &SyncSender<Report>,
) {
    // The driver layer panics when a device goes while its stream is being closed.
    let result = catch_unwind(AssertUnwindSafe(|| {
        capture(id, wanted, sink, state, reports)
    }))
    .unwrap_or_else(|_| Err(CameraError::Failed("the camera driver panicked".into())));
    let _ = reports.send(Report::Ended(result.err()));
}

/// What the camera at a place offers.
pub(super) fn offers(index: &CameraIndex) -> Result<Vec<CameraOffer>, CameraError> {
    let index = index.clone();
    let read = move || -> Result<Vec<CameraOffer>, CameraError> {
        let mut camera = open(&index)?;
        read_offers(&mut camera)
    };
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(CameraError::Failed("the camera driver panicked".into())))
}

fn open(index: &CameraIndex) -> Result<Camera, CameraError> {
    // Any usable format will do to get in; the choice comes after.
    let request =
        RequestedFormat::with_formats(RequestedFormatType::AbsoluteHighestFrameRate, &USABLE);
    Ok(Camera::new(index.clone(), request)?)
}

fn read_offers(camera: &mut Camera) -> Result<Vec<CameraOffer>, CameraError> {
    let formats = camera.compatible_camera_formats()?;
    let offers = formats.iter().filter_map(|format| {
        Some(CameraOffer {
            width: format.resolution().width(),
            height: format.resolution().height(),
            frames_per_second: format.frame_rate(),
            pixels: pixel_format(format.format())?,
        })
    });
    Ok(offers.collect())
}

/// Sets the best format that the camera really takes, and starts it.
fn start(camera: &mut Camera, wanted: VideoFormat) -> Result<CameraOffer, CameraError> {
    let offers = rank_offers(&read_offers(camera)?, wanted);
    let mut last = CameraError::UnsupportedFormat;
    for offer in offers.into_iter().take(TRIES) {
        let size = Resolution::new(offer.width, offer.height);
        let format = CameraFormat::new(size, frame_format(offer.pixels), offer.frames_per_second);
        let pixels = [format.format()];
        let exactly = RequestedFormat::with_formats(RequestedFormatType::Exact(format), &pixels);
        let started = camera
            .set_camera_requset(exactly)
            .and_then(|_| camera.open_stream());
        match started {
            Ok(()) => return Ok(offer),
            Err(error) => {
                tracing::debug!(%error, ?offer, "the camera refused a format that it offers");
                last = CameraError::from(error);
                if matches!(last, CameraError::InUse | CameraError::Missing) {
                    break;
                }
            }
        }
    }
    Err(last)
}

fn capture(
    id: &str,
    wanted: VideoFormat,
    sink: &VideoSink,
    state: &CaptureState,
    reports: &SyncSender<Report>,
) -> Result<(), CameraError> {
    let mut camera = open(&list::resolve(id)?)?;
    let offer = start(&mut camera, wanted)?;
    let mut picture = Picture::new(offer, wanted);
    let _ = reports.send(Report::Opened(picture.delivered));
    let (mut damaged, mut restarts) = (0, 0);
    while !state.stop.load(Ordering::Acquire) {
        let raw = match camera.frame_raw() {
            Ok(raw) => raw,
            Err(error) if is_transient(&error) && restarts < MAX_RESTARTS => {
                tracing::debug!(%error, "the camera's stream is started again");
                restarts += 1;
                // A buffer may be queued already, and queueing it twice is an error: start afresh.
                camera.stop_stream()?;
                camera.open_stream()?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let capture_ts_us = clock::now_us();
        let frame = picture.make(&raw, capture_ts_us);
        restarts = 0;
        if state.stop.load(Ordering::Acquire) {
            break;
        }
        if let Some(frame) = frame {
            damaged = 0;
            state.frames.fetch_add(1, Ordering::Release);
            sink(frame);
        } else {
            damaged += 1;
            if damaged >= MAX_DAMAGED {
                return Err(CameraError::Failed("only damaged pictures".into()));
            }
        }
    }
    Ok(camera.stop_stream()?)
}

/// Turns raw pictures into frames of at most the wanted size.
struct Picture {
    offer: CameraOffer,
    delivered: VideoFormat,
    converter: FrameConverter,
    scaler: I420Scaler,
}

impl Picture {
    fn new(offer: CameraOffer, wanted: VideoFormat) -> Picture {
        let (mut width, mut height) = (offer.width, offer.height);
        if width > wanted.width || height > wanted.height {
            let place = fit((width, height), (wanted.width, wanted.height));
            (width, height) = (place.width, place.height);
        }
        Picture {
            offer,
            delivered: VideoFormat {
                width,
                height,
                frames_per_second: offer.frames_per_second,
            },
            converter: FrameConverter::new(),
            scaler: I420Scaler::new(),
        }
    }

    fn make(&mut self, raw: &[u8], capture_ts_us: i64) -> Option<VideoFrame> {
        let CameraOffer {
            width,
            height,
            pixels,
            ..
        } = self.offer;
        let converted = self.converter.to_i420(pixels, raw, width, height);
        let mut data = match converted {
            Ok(data) => data,
            Err(error) => {
                tracing::trace!(%error, "a camera picture is damaged");
                return None;
            }
        };
        let (to_width, to_height) = (self.delivered.width, self.delivered.height);
        if (to_width, to_height) != (width, height) {
            let view = I420View::packed(&data, width, height)?;
            let length = VideoFrame::i420_len(to_width, to_height);
            let mut smaller: Arc<[u8]> = std::iter::repeat_n(0, length).collect();
            self.scaler
                .scale(view, Arc::make_mut(&mut smaller), to_width, to_height);
            data = smaller;
        }
        Some(VideoFrame {
            width: to_width,
            height: to_height,
            data,
            capture_ts_us,
        })
    }
}

/// "Try again" and "interrupted" say nothing about the camera.
fn is_transient(error: &NokhwaError) -> bool {
    let words = error.to_string();
    words.contains("(os error 11)") || words.contains("(os error 4)")
}

fn pixel_format(format: FrameFormat) -> Option<PixelFormat> {
    match format {
        FrameFormat::YUYV => Some(PixelFormat::Yuyv),
        FrameFormat::NV12 => Some(PixelFormat::Nv12),
        FrameFormat::MJPEG => Some(PixelFormat::Mjpeg),
        FrameFormat::GRAY | FrameFormat::RAWRGB | FrameFormat::RAWBGR => None,
    }
}

fn frame_format(format: PixelFormat) -> FrameFormat {
    match format {
        PixelFormat::Yuyv => FrameFormat::YUYV,
        PixelFormat::Nv12 => FrameFormat::NV12,
        PixelFormat::Mjpeg => FrameFormat::MJPEG,
    }
}
