//! Cameras: which there are, and frames from one of them.
//!
//! nokhwa talks to the system; only its raw frames are used, because its decoders are slow and
//! clash with turbojpeg at link time. An open camera has two threads: one that captures, which may
//! hang inside the driver, and one that watches it and can let it go (see `camera/supervisor.rs`).

mod capture;
mod error;
mod format;
mod list;
mod supervisor;

pub use error::CameraError;
pub use format::{CameraOffer, rank_offers};
pub use list::{CameraInfo, list_cameras};
pub use supervisor::OpenCamera;

/// What a camera offers, by its id. The camera is opened for a moment but does not stream.
pub fn camera_offers(id: &str) -> Result<Vec<CameraOffer>, CameraError> {
    capture::offers(&list::resolve(id)?)
}
