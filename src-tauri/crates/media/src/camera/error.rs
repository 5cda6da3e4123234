//! Why a camera does not work, in the terms in which a person can do something about it.

use nokhwa::NokhwaError;

/// What is wrong with a camera.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CameraError {
    /// Another program uses it.
    #[error("the camera is in use by another program")]
    InUse,
    /// It is not there (any more).
    #[error("the camera is not there")]
    Missing,
    /// The system or its settings do not allow it.
    #[error("no permission to use the camera")]
    Forbidden,
    /// It offers nothing that can be shown: neither YUYV nor NV12 nor MJPEG.
    #[error("the camera offers no usable format")]
    UnsupportedFormat,
    /// It does not answer.
    #[error("the camera does not answer")]
    NoAnswer,
    /// Anything else, in the system's words.
    #[error("the camera failed: {0}")]
    Failed(String),
}

impl CameraError {
    /// A stable word for the UI, which has the sentences.
    pub fn code(&self) -> &'static str {
        match self {
            CameraError::InUse => "camera-in-use",
            CameraError::Missing => "camera-missing",
            CameraError::Forbidden => "camera-forbidden",
            CameraError::UnsupportedFormat => "camera-format",
            CameraError::NoAnswer => "camera-no-answer",
            CameraError::Failed(_) => "camera-failed",
        }
    }

    /// Reads the reason out of nokhwa's text, the only place where it survives: on Linux the
    /// system's error number, elsewhere the system's words.
    pub(crate) fn from_text(text: &str) -> CameraError {
        let number = text
            .rsplit_once("(os error ")
            .and_then(|(_, rest)| rest.split_once(')'))
            .and_then(|(number, _)| number.parse::<i32>().ok());
        match number {
            Some(16) => return CameraError::InUse,
            // EPERM, EACCES
            Some(1 | 13) => return CameraError::Forbidden,
            // ENOENT, ENXIO, ENODEV
            Some(2 | 6 | 19) => return CameraError::Missing,
            Some(_) | None => {}
        }
        let words = text.to_lowercase();
        let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
        if says(&["in use", "busy", "0xc00d3704", "0x80070020"]) {
            CameraError::InUse
        } else if says(&["denied", "permission", "not authorized", "0x80070005"]) {
            CameraError::Forbidden
        } else if says(&["not found", "no such device", "0xc00d36d5"]) {
            CameraError::Missing
        } else if says(&["fufill", "fulfill"]) {
            CameraError::UnsupportedFormat
        } else {
            CameraError::Failed(text.to_owned())
        }
    }
}

impl From<NokhwaError> for CameraError {
    fn from(error: NokhwaError) -> CameraError {
        CameraError::from_text(&error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_become_reasons() {
        let cases = [
            (
                "Could not open device 0: V4L2 Error: Permission denied (os error 13)",
                CameraError::Forbidden,
            ),
            ("Device or resource busy (os error 16)", CameraError::InUse),
            (
                "No such file or directory (os error 2)",
                CameraError::Missing,
            ),
            (
                "Could not capture frame: No such device (os error 19)",
                CameraError::Missing,
            ),
            ("Failed to Fufill", CameraError::UnsupportedFormat),
            ("the camera is in use", CameraError::InUse),
            ("odd", CameraError::Failed("odd".into())),
        ];
        for (text, error) in cases {
            assert_eq!(CameraError::from_text(text), error, "{text}");
        }
    }
}
