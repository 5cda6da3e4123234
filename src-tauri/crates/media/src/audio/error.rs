//! Why a sound device or file does not work.

use cpal::ErrorKind;

/// What is wrong, in the terms in which a person can do something about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AudioError {
    /// There is no device of this kind, or no sound system.
    #[error("there is no sound device")]
    NoDevice,
    /// Another program keeps it for itself.
    #[error("the sound device is in use by another program")]
    InUse,
    /// The system or its settings do not allow it.
    #[error("no permission to use the sound device")]
    Forbidden,
    /// It offers nothing usable.
    #[error("the sound device offers no usable format")]
    UnsupportedFormat,
    /// It is open but no sound flows.
    #[error("the sound device does not answer")]
    NoAnswer,
    /// A file cannot be played or written.
    #[error("{path}: {reason}")]
    File {
        /// The file's path as it was given.
        path: String,
        /// Why not.
        reason: String,
    },
    /// Anything else, in the system's words.
    #[error("the sound device failed: {0}")]
    Failed(String),
}

impl AudioError {
    /// A stable word for the UI, which has the sentences.
    pub fn code(&self) -> &'static str {
        match self {
            AudioError::NoDevice => "audio-missing",
            AudioError::InUse => "audio-in-use",
            AudioError::Forbidden => "audio-forbidden",
            AudioError::UnsupportedFormat => "audio-format",
            AudioError::NoAnswer => "audio-no-answer",
            AudioError::File { .. } => "audio-file",
            AudioError::Failed(_) => "audio-failed",
        }
    }
}

impl From<cpal::Error> for AudioError {
    fn from(error: cpal::Error) -> AudioError {
        match error.kind() {
            ErrorKind::DeviceBusy => AudioError::InUse,
            ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable => AudioError::NoDevice,
            ErrorKind::PermissionDenied => AudioError::Forbidden,
            ErrorKind::UnsupportedConfig | ErrorKind::UnsupportedOperation => {
                AudioError::UnsupportedFormat
            }
            // The enum may grow in cpal, so the rest keeps its words.
            _ => AudioError::Failed(error.to_string()),
        }
    }
}
