//! The device watcher sees what is plugged in, unplugged, and made the default.
#![cfg(target_os = "linux")]

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use duet_media::device_watch::{DeviceChanges, DeviceList, DeviceWatcher};
use duet_testkit::camera_rig::{CameraClip, FakeCamera};
use duet_testkit::sound_rig::SoundRig;
use duet_testkit::{clip, rigged};

const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for changes that a test caused; others on the machine may come between.
fn wait_for(
    changes: &Receiver<(DeviceList, DeviceChanges)>,
    caused: impl Fn(&DeviceChanges) -> bool,
) -> DeviceList {
    loop {
        let (list, change) = changes.recv_timeout(PATIENCE).expect("a change");
        if caused(&change) {
            return list;
        }
    }
}

#[test]
fn what_comes_and_goes_is_told() {
    rigged::run("what_comes_and_goes_is_told", || {
        let rig = SoundRig::start().expect("starts");
        let (sender, changes) = sync_channel(100);
        let _watcher = DeviceWatcher::spawn(move |list, change| {
            sender
                .send((list.clone(), change))
                .expect("the test listens");
        })
        .expect("starts");
        let (first, change) = changes.recv_timeout(PATIENCE).expect("the first list");
        assert_eq!(change, DeviceChanges::default());
        assert!(
            first
                .speakers
                .iter()
                .any(|device| device.id == "pulseaudio:speaker")
        );

        let y4m = clip::film(1280, 720).expect("a film");
        let camera = FakeCamera::create(
            "New Camera",
            CameraClip {
                y4m: &y4m,
                mjpeg: None,
                fps: 30,
            },
        )
        .expect("plugged in");
        let id = format!("video{}", camera.number());
        let list = wait_for(&changes, |change| change.added.contains(&id));
        assert!(
            list.cameras
                .iter()
                .any(|camera| camera.id == id && camera.name == "New Camera")
        );
        drop(camera);
        wait_for(&changes, |change| change.removed.contains(&id));

        rig.add_microphone("headset_mic").expect("plugged in");
        wait_for(&changes, |change| {
            change.added.contains(&"pulseaudio:headset_mic".to_owned())
        });
        rig.set_default_microphone("headset_mic").expect("chosen");
        wait_for(&changes, |change| change.default_microphone_changed);
        rig.unplug("headset_mic").expect("unplugged");
        let list = wait_for(&changes, |change| change.default_microphone_changed);
        assert!(
            list.microphones
                .iter()
                .all(|device| device.id != "pulseaudio:headset_mic")
        );
    });
}
