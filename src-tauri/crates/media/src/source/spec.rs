//! How a video source and a format are written on a command line and in settings.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::screen::ScreenTarget;

/// Longest side of a wanted format in pixels.
const MAX_SIDE: u32 = 4096;

/// Size and rate of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoFormat {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames per second.
    pub frames_per_second: u32,
}

impl VideoFormat {
    /// What a call uses unless told otherwise: 720p at 30.
    pub const DEFAULT: VideoFormat = VideoFormat {
        width: 1280,
        height: 720,
        frames_per_second: 30,
    };

    /// Whether the sides are even, from 16 to 4096, and the rate is from 1 to 120.
    pub fn is_possible(&self) -> bool {
        let side = |side: u32| (16..=MAX_SIDE).contains(&side) && side.is_multiple_of(2);
        side(self.width) && side(self.height) && (1..=120).contains(&self.frames_per_second)
    }
}

impl Default for VideoFormat {
    fn default() -> Self {
        VideoFormat::DEFAULT
    }
}

/// A specification that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}`: expected {expected}")]
pub struct ParseSpecError {
    /// What was given.
    pub given: String,
    /// What would be understood.
    pub expected: &'static str,
}

impl fmt::Display for VideoFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}x{}@{}",
            self.width, self.height, self.frames_per_second
        )
    }
}

impl FromStr for VideoFormat {
    type Err = ParseSpecError;

    /// Reads `1280x720@30`; without `@` the rate is 30.
    fn from_str(text: &str) -> Result<Self, ParseSpecError> {
        let parse = || {
            let (size, rate) = text.split_once('@').unwrap_or((text, "30"));
            let (width, height) = size.split_once('x')?;
            let format = VideoFormat {
                width: width.parse().ok()?,
                height: height.parse().ok()?,
                frames_per_second: rate.parse().ok()?,
            };
            format.is_possible().then_some(format)
        };
        parse().ok_or_else(|| ParseSpecError {
            given: text.to_owned(),
            expected: "a format such as 1280x720@30 with even sides up to 4096 and a rate up to 120",
        })
    }
}

/// Which video source to open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum VideoSourceSpec {
    /// No video.
    None,
    /// A moving pattern with a stamp (see [`crate::barcode`]).
    #[default]
    Test,
    /// A `.y4m` file in a loop.
    File {
        /// The file.
        path: PathBuf,
        /// Whether every frame gets a stamp (see [`crate::barcode`]).
        stamp: bool,
    },
    /// A camera by its stable id, see [`crate::camera::list_cameras`].
    Device(String),
    /// A screen or a window, see [`crate::screen::list_screens`].
    Screen(ScreenTarget),
}

impl FromStr for VideoSourceSpec {
    type Err = ParseSpecError;

    fn from_str(text: &str) -> Result<Self, ParseSpecError> {
        let (kind, value) = text.split_once(':').unwrap_or((text, ""));
        match (kind, value) {
            ("none", "") => Ok(VideoSourceSpec::None),
            ("test", "") => Ok(VideoSourceSpec::Test),
            ("file", path) if !path.is_empty() => {
                let (path, stamp) = match path.strip_suffix("?stamp") {
                    Some(path) => (path, true),
                    None => (path, false),
                };
                Ok(VideoSourceSpec::File {
                    path: path.into(),
                    stamp,
                })
            }
            ("device", id) if !id.is_empty() => Ok(VideoSourceSpec::Device(id.to_owned())),
            ("screen" | "window", _) => text.parse().map(VideoSourceSpec::Screen),
            (_, _) => Err(ParseSpecError {
                given: text.to_owned(),
                expected: "none, test, file:PATH, file:PATH?stamp, device:ID, screen:ID or window:ID",
            }),
        }
    }
}

impl fmt::Display for VideoSourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VideoSourceSpec::None => f.write_str("none"),
            VideoSourceSpec::Test => f.write_str("test"),
            VideoSourceSpec::File { path, stamp } => {
                let suffix = if *stamp { "?stamp" } else { "" };
                write!(f, "file:{}{suffix}", path.display())
            }
            VideoSourceSpec::Device(id) => write!(f, "device:{id}"),
            VideoSourceSpec::Screen(target) => target.fmt(f),
        }
    }
}
