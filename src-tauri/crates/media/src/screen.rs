//! Screens and windows: which there are, what they look like, and their pictures.
//!
//! A [`Grabber`] knows one system: X11 by its own protocol (with the pointer, and with damage, so that a
//! still screen costs next to nothing), Windows and macOS by xcap. Everything above it is common: a
//! thread that paces, converts, scales down what is too large, and repeats a still picture for a while
//! so that the encoder can sharpen it. xcap was rejected for X11: it cannot be built without PipeWire and
//! Wayland headers, opens a connection for every picture, shows no pointer, and knows no damage.
//!
//! A session of Wayland gives programs no screen but through its portal, which the feature
//! `wayland-portal` builds in: there the list is what the person chose in the portal's own dialog.
//! Without the feature, or the portal, [`ScreenError::Wayland`] says so.

mod capture;
#[cfg(any(target_os = "windows", target_os = "macos"))]
mod desktop;
#[cfg(all(target_os = "linux", feature = "wayland-portal"))]
mod portal;
#[cfg(target_os = "linux")]
mod x11;

use std::fmt;
use std::str::FromStr;

pub(crate) use capture::OpenScreen;

use crate::frame::VideoFrame;
use crate::source::{ParseSpecError, VideoFormat};

#[cfg(any(target_os = "windows", target_os = "macos"))]
use desktop as system;
#[cfg(all(target_os = "linux", feature = "wayland-portal"))]
use portal as system;
#[cfg(all(target_os = "linux", not(feature = "wayland-portal")))]
use x11 as system;

// To look at something takes nothing away, but for what the portal gives.
#[cfg(all(target_os = "linux", feature = "wayland-portal"))]
use portal::glance;
#[cfg(not(all(target_os = "linux", feature = "wayland-portal")))]
use system::open as glance;

/// The largest picture of a screen, and how often it is looked at: text is read, so every pixel of a
/// usual screen counts, and how smoothly it moves does not. Larger ones (4K) are mostly shown at twice
/// the size of their letters, and stay legible at this size.
pub const SCREEN_FORMAT: VideoFormat = VideoFormat {
    width: 2560,
    height: 1600,
    frames_per_second: 15,
};

/// Quality of a preview as a JPEG: enough to know a window by.
const PREVIEW_QUALITY: i32 = 80;

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ScreenTarget {
    /// A whole screen: its id, or its place in the list, counted from 0.
    Screen(String),
    /// One window, by its id.
    Window(String),
}

/// A screen or a window that can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenSource {
    /// To open it with.
    pub target: ScreenTarget,
    /// The window's title, or the screen's name; empty for what was chosen in the portal's dialog.
    pub title: String,
    /// The window's program; empty for a screen.
    pub app: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Why a screen cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScreenError {
    /// There is no display to look at.
    #[error("there is no display: {0}")]
    NoDisplay(String),
    /// The session is one of Wayland.
    #[error("a session of Wayland shows no screen to programs without its portal")]
    Wayland,
    /// The person closed the system's dialog without a choice. Nothing is wrong.
    #[error("nothing was chosen in the system's dialog")]
    Cancelled,
    /// No screen or window has this id.
    #[error("no such screen or window")]
    NotFound,
    /// The window was closed, or the screen was unplugged.
    #[error("the window or screen is gone")]
    Gone,
    /// The system forbids it.
    #[error("the system does not allow this program to see the screen")]
    Forbidden,
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl ScreenError {
    /// A stable word for the UI, which has the sentences.
    pub const fn code(&self) -> &'static str {
        match self {
            ScreenError::NoDisplay(_) => "screen-no-display",
            ScreenError::Wayland => "screen-wayland",
            ScreenError::Cancelled => "screen-cancelled",
            ScreenError::NotFound | ScreenError::Gone => "screen-gone",
            ScreenError::Forbidden => "screen-forbidden",
            ScreenError::Failed(_) => "screen-failed",
        }
    }
}

/// The screens, then the windows that can be seen, without those of this program. In a session of Wayland
/// it asks the person, and returns when they have chosen: one entry, or [`ScreenError::Cancelled`].
pub fn list_screens() -> Result<Vec<ScreenSource>, ScreenError> {
    system::list()
}

/// How it looks now, in a picture that fits into the size given (even sides).
pub fn screen_preview(
    target: &ScreenTarget,
    max_width: u32,
    max_height: u32,
) -> Result<VideoFrame, ScreenError> {
    capture::preview(glance(target)?, max_width, max_height)
}

/// The same as a JPEG.
pub fn screen_preview_jpeg(
    target: &ScreenTarget,
    max_width: u32,
    max_height: u32,
) -> Result<Vec<u8>, ScreenError> {
    let frame = screen_preview(target, max_width, max_height)?;
    let picture = turbojpeg::YuvImage {
        pixels: &frame.data[..],
        width: frame.width as usize,
        align: 1,
        height: frame.height as usize,
        subsamp: turbojpeg::Subsamp::Sub2x2,
    };
    let jpeg = turbojpeg::Compressor::new().and_then(|mut compressor| {
        compressor.set_quality(PREVIEW_QUALITY)?;
        compressor.compress_yuv_to_vec(picture)
    });
    jpeg.map_err(|error| ScreenError::Failed(error.to_string()))
}

/// One screen or window that is open. Belongs to one thread.
trait Grabber: Send {
    /// Brings the picture up to date; false if nothing changed since the last time.
    fn grab(&mut self, picture: &mut Picture) -> Result<bool, ScreenError>;
}

/// A picture as systems give it: four bytes a pixel, rows without padding.
#[derive(Debug, Default)]
struct Picture {
    width: u32,
    height: u32,
    order: PixelOrder,
    pixels: Vec<u8>,
}

/// The order of the bytes of a pixel; the fourth means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum PixelOrder {
    #[default]
    Bgrx,
    #[cfg(any(target_os = "windows", target_os = "macos"))]
    Rgbx,
}

impl fmt::Display for ScreenTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScreenTarget::Screen(id) => write!(f, "screen:{id}"),
            ScreenTarget::Window(id) => write!(f, "window:{id}"),
        }
    }
}

impl FromStr for ScreenTarget {
    type Err = ParseSpecError;

    fn from_str(text: &str) -> Result<Self, ParseSpecError> {
        match text.split_once(':') {
            Some(("screen", id)) if !id.is_empty() => Ok(ScreenTarget::Screen(id.to_owned())),
            Some(("window", id)) if !id.is_empty() => Ok(ScreenTarget::Window(id.to_owned())),
            Some(_) | None => Err(ParseSpecError {
                given: text.to_owned(),
                expected: "screen:ID or window:ID",
            }),
        }
    }
}
