//! The thread that looks at a screen: paced, converted, and quiet when nothing changes.
//!
//! After a change the same picture is given out for [`SHARPENING`] at the full rate: encoders spend what
//! the change left over on making it sharp. After that it is given out once a second, for whoever lost it.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use yuv::{YuvConversionMode, YuvPlanarImageMut, YuvRange, YuvStandardMatrix};

use super::{Grabber, Picture, PixelOrder, ScreenError, ScreenTarget, system};
use crate::clock;
use crate::display::scaled;
use crate::frame::VideoFrame;
use crate::scale::I420Scaler;
use crate::source::pacer::Pacer;
use crate::source::{
    VideoFormat, VideoSink, VideoSourceError, VideoSourceEvent, VideoSourceEvents,
};
use crate::stop::StopSignal;

/// How long a picture that does not change is given out again at the full rate.
const SHARPENING: Duration = Duration::from_secs(2);
/// How often after that.
const KEPT_ALIVE: Duration = Duration::from_secs(1);

/// A screen that is looked at. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct OpenScreen {
    format: VideoFormat,
    stop: StopSignal,
    thread: Option<JoinHandle<()>>,
}

impl OpenScreen {
    /// Returns when the first picture was made; `largest` bounds the size and gives the rate.
    pub(crate) fn open(
        target: &ScreenTarget,
        largest: VideoFormat,
        sink: VideoSink,
        events: VideoSourceEvents,
    ) -> Result<Self, VideoSourceError> {
        let stop = StopSignal::default();
        let (signal, target) = (stop.clone(), target.clone());
        let (opened, first) = mpsc::sync_channel(1);
        let run = move || {
            let mut camera = match Lens::open(&target, largest) {
                Ok(camera) => camera,
                Err(error) => {
                    // Who waits for the answer is there, or does not want one.
                    let _ = opened.send(Err(error));
                    return;
                }
            };
            let _ = opened.send(Ok(camera.size()));
            if let Err(error) = camera.run(largest.frames_per_second, &sink, &signal) {
                events(VideoSourceEvent::Ended(error));
            }
        };
        let thread = thread::Builder::new()
            .name("screen".into())
            .spawn(run)
            .map_err(VideoSourceError::Thread)?;
        let failed = || ScreenError::Failed("the thread ended".into());
        let (width, height) = first.recv().unwrap_or_else(|_| Err(failed()))?;
        Ok(Self {
            format: VideoFormat {
                width,
                height,
                ..largest
            },
            stop,
            thread: Some(thread),
        })
    }

    /// The size of the first picture; it changes with the window.
    pub(crate) fn format(&self) -> VideoFormat {
        self.format
    }
}

impl Drop for OpenScreen {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

/// A screen, and what was seen of it last.
struct Lens {
    grabber: Box<dyn Grabber>,
    picture: Picture,
    converter: Converter,
    newest: VideoFrame,
}

impl Lens {
    fn open(target: &ScreenTarget, largest: VideoFormat) -> Result<Self, ScreenError> {
        let mut grabber = system::open(target)?;
        let mut picture = Picture::default();
        grabber.grab(&mut picture)?;
        let mut converter = Converter::new(largest.width, largest.height);
        let newest = converter.convert(&picture)?;
        Ok(Self {
            grabber,
            picture,
            converter,
            newest,
        })
    }

    fn size(&self) -> (u32, u32) {
        (self.newest.width, self.newest.height)
    }

    fn run(
        &mut self,
        per_second: u32,
        sink: &VideoSink,
        stop: &StopSignal,
    ) -> Result<(), ScreenError> {
        let mut pacer = Pacer::new(Instant::now(), per_second);
        let mut changed_at = Instant::now();
        let mut given_at: Option<Instant> = None;
        while !stop.wait_until(pacer.due()) {
            let now = Instant::now();
            pacer.advance(now);
            if self.grabber.grab(&mut self.picture)? {
                self.newest = self.converter.convert(&self.picture)?;
                changed_at = now;
            }
            let is_settled = now.duration_since(changed_at) > SHARPENING;
            let was_given = given_at.is_some_and(|at| now.duration_since(at) < KEPT_ALIVE);
            if is_settled && was_given {
                continue;
            }
            given_at = Some(now);
            sink(VideoFrame {
                capture_ts_us: clock::now_us(),
                ..self.newest.clone()
            });
        }
        Ok(())
    }
}

/// One picture, scaled to fit.
pub(super) fn preview(
    mut grabber: Box<dyn Grabber>,
    max_width: u32,
    max_height: u32,
) -> Result<VideoFrame, ScreenError> {
    let mut picture = Picture::default();
    grabber.grab(&mut picture)?;
    Converter::new(max_width, max_height).convert(&picture)
}

/// From the system's pixels to I420 that fits into a size.
struct Converter {
    max_width: u32,
    max_height: u32,
    scaler: I420Scaler,
}

impl Converter {
    fn new(max_width: u32, max_height: u32) -> Self {
        Self {
            max_width,
            max_height,
            scaler: I420Scaler::default(),
        }
    }

    fn convert(&mut self, picture: &Picture) -> Result<VideoFrame, ScreenError> {
        // A last odd row or column is cut off: a picture of ours is even.
        let (width, height) = (picture.width & !1, picture.height & !1);
        let stride = picture.width as usize * 4;
        if width < 2 || height < 2 || picture.pixels.len() < stride * picture.height as usize {
            return Err(ScreenError::Failed("an empty picture".into()));
        }
        let mut data: Arc<[u8]> =
            std::iter::repeat_n(0, VideoFrame::i420_len(width, height)).collect();
        to_i420(picture, (width, height), Arc::make_mut(&mut data))?;
        let frame = VideoFrame {
            width,
            height,
            data,
            capture_ts_us: clock::now_us(),
        };
        let (fit_width, fit_height) = fitting((width, height), (self.max_width, self.max_height));
        Ok(scaled(&mut self.scaler, &frame, fit_width, fit_height))
    }
}

fn to_i420(
    picture: &Picture,
    (width, height): (u32, u32),
    target: &mut [u8],
) -> Result<(), ScreenError> {
    let luma_len = width as usize * height as usize;
    let (luma, chroma) = target.split_at_mut(luma_len);
    let (u, v) = chroma.split_at_mut(luma_len / 4);
    let mut planes = YuvPlanarImageMut {
        y_plane: yuv::BufferStoreMut::Borrowed(luma),
        y_stride: width,
        u_plane: yuv::BufferStoreMut::Borrowed(u),
        u_stride: width / 2,
        v_plane: yuv::BufferStoreMut::Borrowed(v),
        v_stride: width / 2,
        width,
        height,
    };
    let convert = match picture.order {
        PixelOrder::Bgrx => yuv::bgra_to_yuv420,
        #[cfg(any(target_os = "windows", target_os = "macos"))]
        PixelOrder::Rgbx => yuv::rgba_to_yuv420,
    };
    convert(
        &mut planes,
        &picture.pixels,
        picture.width * 4,
        YuvRange::Limited,
        YuvStandardMatrix::Bt601,
        YuvConversionMode::Balanced,
    )
    .map_err(|error| ScreenError::Failed(error.to_string()))
}

/// The largest even size of the same shape within the bounds; never larger than it is.
fn fitting((width, height): (u32, u32), (max_width, max_height): (u32, u32)) -> (u32, u32) {
    if width <= max_width && height <= max_height {
        return (width, height);
    }
    let (w, h) = (u64::from(width), u64::from(height));
    let (max_w, max_h) = (u64::from(max_width), u64::from(max_height));
    let (fit_w, fit_h) = if w * max_h > max_w * h {
        (max_w, h * max_w / w)
    } else {
        (w * max_h / h, max_h)
    };
    let even = |side: u64| u32::try_from(side & !1).unwrap_or(2).max(2);
    (even(fit_w), even(fit_h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_screens_keep_their_shape() {
        let fit = |width, height| fitting((width, height), (1920, 1200));
        assert_eq!(fit(1920, 1080), (1920, 1080));
        assert_eq!(fit(1280, 1024), (1280, 1024));
        assert_eq!(fit(3840, 2160), (1920, 1080));
        assert_eq!(fit(1440, 2560), (674, 1200));
        assert_eq!(fit(30_000, 100), (1920, 6));
    }

    #[test]
    fn odd_sides_and_colours_come_out_right() {
        let pixels: Vec<u8> = [0, 0, 255, 0].repeat(5 * 3);
        let picture = Picture {
            width: 5,
            height: 3,
            order: PixelOrder::Bgrx,
            pixels,
        };
        let frame = Converter::new(100, 100)
            .convert(&picture)
            .expect("a picture");
        assert_eq!((frame.width, frame.height), (4, 2));
        // Red in BT.601, limited range.
        let near = |value: u8, wanted: i32| (i32::from(value) - wanted).abs() <= 2;
        assert!(near(frame.y()[0], 82) && near(frame.u()[0], 90) && near(frame.v()[0], 240));
    }
}
