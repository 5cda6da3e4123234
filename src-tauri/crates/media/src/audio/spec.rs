//! How a sound source and a sink are written on a command line and in settings.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::source::ParseSpecError;

/// Frequency of the test tone unless told otherwise, in Hz.
const TEST_HZ: u32 = 440;

/// Which sound source to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AudioSourceSpec {
    /// No sound.
    None,
    /// A tone at −20 dBFS of this frequency in Hz.
    Test(u32),
    /// A WAV file in a loop.
    File(PathBuf),
    /// A microphone by its stable id, or `default` for whatever the system uses.
    Device(String),
}

impl FromStr for AudioSourceSpec {
    type Err = ParseSpecError;

    fn from_str(text: &str) -> Result<Self, ParseSpecError> {
        let error = || ParseSpecError {
            given: text.to_owned(),
            expected: "none, test, test:HZ (20 to 20000), file:PATH or device:ID",
        };
        let Some((kind, value)) = text.split_once(':') else {
            return match text {
                "none" => Ok(AudioSourceSpec::None),
                "test" => Ok(AudioSourceSpec::Test(TEST_HZ)),
                _ => Err(error()),
            };
        };
        match (kind, value) {
            ("test", frequency) => frequency
                .parse()
                .ok()
                .filter(|hz| (20..=20_000).contains(hz))
                .map(AudioSourceSpec::Test)
                .ok_or_else(error),
            ("file", path) if !path.is_empty() => Ok(AudioSourceSpec::File(path.into())),
            ("device", id) if !id.is_empty() => Ok(AudioSourceSpec::Device(id.to_owned())),
            (_, _) => Err(error()),
        }
    }
}

impl fmt::Display for AudioSourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AudioSourceSpec::None => f.write_str("none"),
            AudioSourceSpec::Test(hz) => write!(f, "test:{hz}"),
            AudioSourceSpec::File(path) => write!(f, "file:{}", path.display()),
            AudioSourceSpec::Device(id) => write!(f, "device:{id}"),
        }
    }
}

/// Where sound goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AudioSinkSpec {
    /// Nowhere, but pulled in real time all the same.
    None,
    /// A WAV file.
    File(PathBuf),
    /// A speaker by its stable id, or `default` for whatever the system uses.
    Device(String),
}

impl FromStr for AudioSinkSpec {
    type Err = ParseSpecError;

    fn from_str(text: &str) -> Result<Self, ParseSpecError> {
        let (kind, value) = text.split_once(':').unwrap_or((text, ""));
        match (kind, value) {
            ("none", "") => Ok(AudioSinkSpec::None),
            ("file", path) if !path.is_empty() => Ok(AudioSinkSpec::File(path.into())),
            ("device", id) if !id.is_empty() => Ok(AudioSinkSpec::Device(id.to_owned())),
            (_, _) => Err(ParseSpecError {
                given: text.to_owned(),
                expected: "none, file:PATH or device:ID",
            }),
        }
    }
}

impl fmt::Display for AudioSinkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AudioSinkSpec::None => f.write_str("none"),
            AudioSinkSpec::File(path) => write!(f, "file:{}", path.display()),
            AudioSinkSpec::Device(id) => write!(f, "device:{id}"),
        }
    }
}
