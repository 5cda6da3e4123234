//! A test that starts itself again inside the rigs sees them.
#![cfg(target_os = "linux")]

use duet_testkit::{
    camera_rig::{CameraClip, CameraState, FakeCamera},
    clip, rigged,
    sound_rig::SoundRig,
};
use std::fs::File;

#[test]
fn this_process_opens_a_camera_and_reaches_the_sound_server() {
    let test = "this_process_opens_a_camera_and_reaches_the_sound_server";
    rigged::run(test, || {
        let folder = tempfile::tempdir().unwrap();
        let y4m = folder.path().join("clip.y4m");
        clip::write_y4m(&y4m, (16, 16), 30, [vec![128; 384]]).unwrap();
        let clip = CameraClip {
            y4m: &y4m,
            mjpeg: None,
            fps: 30,
        };
        let camera = FakeCamera::create("Rigged", clip).unwrap();
        // Outside the rig this would open a text file, whatever its state.
        assert!(File::open(camera.path()).is_ok());
        camera.set_state(CameraState::Forbidden).unwrap();
        assert!(File::open(camera.path()).is_err());

        let rig = SoundRig::start().unwrap();
        let server = std::env::var("PULSE_SERVER").unwrap();
        assert!(
            rig.env()
                .unwrap()
                .contains(&("PULSE_SERVER".to_owned(), server))
        );
    });
}
