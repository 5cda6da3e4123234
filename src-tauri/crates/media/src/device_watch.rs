//! Notices when cameras, microphones or speakers come and go, or the default changes.
//!
//! Neither nokhwa nor cpal report this, so one thread asks about once a second and compares. What
//! it compares is pure (`DeviceList::changes_since`).

use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::audio::{AudioDeviceInfo, list_microphones, list_speakers};
use crate::camera::{CameraInfo, list_cameras};
use crate::stop::StopSignal;

/// Time between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// Everything that can be chosen at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct DeviceList {
    /// Cameras in the system's order.
    pub cameras: Vec<CameraInfo>,
    /// Microphones in the system's order.
    pub microphones: Vec<AudioDeviceInfo>,
    /// Speakers in the system's order.
    pub speakers: Vec<AudioDeviceInfo>,
}

/// What is different from one list to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceChanges {
    /// Ids that were not there before.
    pub added: Vec<String>,
    /// Ids that are gone.
    pub removed: Vec<String>,
    /// Whether another microphone is the default, or none.
    pub default_microphone_changed: bool,
    /// Whether another speaker is the default, or none.
    pub default_speaker_changed: bool,
}

impl DeviceList {
    /// Asks the system. A part that cannot be listed is empty. Blocks for some milliseconds.
    pub fn read() -> DeviceList {
        DeviceList {
            cameras: list_cameras().unwrap_or_default(),
            microphones: list_microphones().unwrap_or_default(),
            speakers: list_speakers().unwrap_or_default(),
        }
    }

    /// What is different from `before`; `None` if nothing that a person can see is.
    pub fn changes_since(&self, before: &DeviceList) -> Option<DeviceChanges> {
        let ids = |list: &DeviceList| {
            let cameras = list.cameras.iter().map(|camera| camera.id.clone());
            let sound = list.microphones.iter().chain(&list.speakers);
            cameras
                .chain(sound.map(|device| device.id.clone()))
                .collect::<Vec<_>>()
        };
        let (old, new) = (ids(before), ids(self));
        let only_in = |these: &[String], those: &[String]| {
            let only = these.iter().filter(|id| !those.contains(id));
            only.cloned().collect::<Vec<_>>()
        };
        let default = |devices: &[AudioDeviceInfo]| {
            let default = devices.iter().find(|device| device.is_default);
            default.map(|device| device.id.clone())
        };
        let changes = DeviceChanges {
            added: only_in(&new, &old),
            removed: only_in(&old, &new),
            default_microphone_changed: default(&self.microphones) != default(&before.microphones),
            default_speaker_changed: default(&self.speakers) != default(&before.speakers),
        };
        (changes != DeviceChanges::default() || self != before).then_some(changes)
    }
}

/// A running watch; dropping it ends it.
#[derive(Debug)]
pub struct DeviceWatcher {
    stop: StopSignal,
    thread: Option<JoinHandle<()>>,
}

impl DeviceWatcher {
    /// Starts to watch. The callback runs on the watcher's thread: once at the beginning with the
    /// first list and no changes, then for every change.
    pub fn spawn(
        mut changed: impl FnMut(&DeviceList, DeviceChanges) + Send + 'static,
    ) -> std::io::Result<DeviceWatcher> {
        let stop = StopSignal::default();
        let signal = stop.clone();
        let thread = thread::Builder::new()
            .name("device-watch".into())
            .spawn(move || {
                let mut before = DeviceList::read();
                changed(&before, DeviceChanges::default());
                while !signal.wait_for(LOOK) {
                    let now = DeviceList::read();
                    if let Some(changes) = now.changes_since(&before) {
                        before = now;
                        changed(&before, changes);
                    }
                }
            })?;
        Ok(DeviceWatcher {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for DeviceWatcher {
    fn drop(&mut self) {
        self.stop.stop();
        // The sound system may hang while it is asked; the thread ends by itself when it answers.
        drop(self.thread.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(id: &str, is_default: bool) -> AudioDeviceInfo {
        AudioDeviceInfo {
            id: id.into(),
            name: id.to_uppercase(),
            is_default,
        }
    }

    fn list(cameras: &[&str], microphones: &[(&str, bool)]) -> DeviceList {
        let camera = |id: &&str| CameraInfo {
            id: (*id).into(),
            name: "Camera".into(),
        };
        DeviceList {
            cameras: cameras.iter().map(camera).collect(),
            microphones: microphones
                .iter()
                .map(|(id, default)| sound(id, *default))
                .collect(),
            speakers: Vec::new(),
        }
    }

    #[test]
    fn nothing_changed() {
        let one = list(&["a"], &[("m", true)]);
        assert_eq!(one.changes_since(&one.clone()), None);
    }

    #[test]
    fn devices_come_and_go() {
        let before = list(&["a", "b"], &[("m", true)]);
        let after = list(&["b", "c"], &[("m", true), ("n", false)]);
        let changes = after.changes_since(&before).expect("changes");
        assert_eq!(changes.added, ["c", "n"]);
        assert_eq!(changes.removed, ["a"]);
        assert!(!changes.default_microphone_changed);
    }

    #[test]
    fn the_default_moves() {
        let before = list(&[], &[("m", true), ("n", false)]);
        let after = list(&[], &[("m", false), ("n", true)]);
        let changes = after.changes_since(&before).expect("changes");
        assert!(changes.default_microphone_changed && !changes.default_speaker_changed);
        assert!(changes.added.is_empty() && changes.removed.is_empty());
    }
}
