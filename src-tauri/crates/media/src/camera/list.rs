//! Which cameras there are, under ids that survive a restart and another socket where the system
//! has such names.

use nokhwa::utils::{ApiBackend, CameraIndex};

use super::CameraError;

/// A camera that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CameraInfo {
    /// Stable id for `device:ID` and settings. Linux: the name of its link in `/dev/v4l/by-id`,
    /// else in `/dev/v4l/by-path`, else `videoN`. Elsewhere the system's unique id.
    pub id: String,
    /// The name that the system shows.
    pub name: String,
}

/// Lists cameras in the system's order. An empty list is no error. Blocks for a few milliseconds.
pub fn list_cameras() -> Result<Vec<CameraInfo>, CameraError> {
    Ok(find()?.into_iter().map(|(camera, _)| camera).collect())
}

/// The place where nokhwa finds the camera with this id now.
pub(super) fn resolve(id: &str) -> Result<CameraIndex, CameraError> {
    find()?
        .into_iter()
        .find(|(camera, index)| camera.id == id || also_called(index, id))
        .map(|(_, index)| index)
        .ok_or(CameraError::Missing)
}

fn find() -> Result<Vec<(CameraInfo, CameraIndex)>, CameraError> {
    initialize();
    let mut found: Vec<(CameraInfo, CameraIndex)> = Vec::new();
    for camera in nokhwa::query(ApiBackend::Auto)? {
        let index = camera.index().clone();
        if !can_capture(&index) {
            continue;
        }
        let mut id = stable_id(&index, &camera.misc());
        // Two cameras of one make without a serial number: only the place tells them apart.
        if found.iter().any(|(other, _)| other.id == id) {
            id = index.to_string();
        }
        let name = camera.human_name();
        found.push((CameraInfo { id, name }, index));
    }
    found.sort_by_key(|(_, index)| index.as_index().unwrap_or(u32::MAX));
    Ok(found)
}

/// macOS asks the person for permission once; elsewhere there is nothing to do.
fn initialize() {
    if cfg!(target_os = "macos") {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| nokhwa::nokhwa_initialize(|_granted| {}));
    }
}

#[cfg(target_os = "linux")]
fn stable_id(index: &CameraIndex, _misc: &str) -> String {
    let device = format!("video{index}");
    ["/dev/v4l/by-id", "/dev/v4l/by-path"]
        .into_iter()
        .find_map(|folder| link_to(folder, &device))
        .unwrap_or(device)
}

#[cfg(target_os = "linux")]
fn link_to(folder: &str, device: &str) -> Option<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter(|link| {
            std::fs::read_link(link.path())
                .is_ok_and(|target| target.file_name().is_some_and(|name| name == device))
        })
        .filter_map(|link| link.file_name().into_string().ok())
        .collect();
    names.sort();
    names.into_iter().next()
}

/// `video0` and `/dev/video0` work for every camera, whatever its stable id.
#[cfg(target_os = "linux")]
fn also_called(index: &CameraIndex, id: &str) -> bool {
    let number = id.strip_prefix("/dev/").unwrap_or(id).strip_prefix("video");
    number.is_some_and(|number| *number == index.to_string())
}

#[cfg(not(target_os = "linux"))]
fn stable_id(index: &CameraIndex, misc: &str) -> String {
    if misc.is_empty() {
        index.to_string()
    } else {
        misc.to_owned()
    }
}

#[cfg(not(target_os = "linux"))]
fn also_called(index: &CameraIndex, id: &str) -> bool {
    index.to_string() == id
}

/// A USB camera has a second node that gives no pictures but data about them. A node that may not
/// be opened is kept: the person shall see the camera and the reason.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn can_capture(index: &CameraIndex) -> bool {
    use std::os::fd::AsRawFd;

    /// `struct v4l2_capability` of `linux/videodev2.h`.
    #[repr(C)]
    struct Capability {
        texts: [u8; 16 + 32 + 32],
        version: u32,
        capabilities: u32,
        device_caps: u32,
        reserved: [u32; 3],
    }
    /// `_IOR('V', 0, struct v4l2_capability)`.
    const VIDIOC_QUERYCAP: u32 = 0x8068_5600;
    const CAP_VIDEO_CAPTURE: u32 = 1;
    const CAP_DEVICE_CAPS: u32 = 0x8000_0000;

    let Ok(device) = std::fs::File::open(format!("/dev/video{index}")) else {
        return true;
    };
    let mut capability = Capability {
        texts: [0; 80],
        version: 0,
        capabilities: 0,
        device_caps: 0,
        reserved: [0; 3],
    };
    // SAFETY: the descriptor is open for the whole call, and the request writes one
    // `v4l2_capability`, which `capability` has the size and layout of.
    let result = unsafe {
        libc::ioctl(
            device.as_raw_fd(),
            VIDIOC_QUERYCAP as _,
            &raw mut capability,
        )
    };
    if result != 0 {
        return true;
    }
    let capabilities = if capability.capabilities & CAP_DEVICE_CAPS == 0 {
        capability.capabilities
    } else {
        capability.device_caps
    };
    capabilities & CAP_VIDEO_CAPTURE != 0
}

#[cfg(not(target_os = "linux"))]
fn can_capture(_index: &CameraIndex) -> bool {
    true
}
