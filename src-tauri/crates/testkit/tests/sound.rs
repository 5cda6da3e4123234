//! The sound rig: what is spoken into a microphone and played to a speaker can be measured.
#![cfg(target_os = "linux")]

use duet_testkit::{sound_rig, sound_rig::SoundRig, tone};
use std::{fs, path::Path};

#[test]
fn a_tone_spoken_into_the_microphone_is_heard_by_an_application() {
    if sound_rig::unavailable("a_tone_spoken_into_the_microphone_is_heard_by_an_application") {
        return;
    }
    let rig = SoundRig::start().unwrap();
    let _playing = rig.play_tone_into("mic", 700.0).unwrap();
    // The application under test is this loop from the microphone to the speaker.
    rig.pactl(&[
        "load-module",
        "module-loopback",
        "source=mic",
        "sink=speaker",
    ])
    .unwrap();
    rig.record("speaker", 0.5).unwrap();
    let heard = rig.record("speaker", 1.0).unwrap();
    let frequency = tone::dominant_frequency_hz(&heard, sound_rig::RATE_HZ).unwrap();
    // The loop resamples to follow the two clocks.
    assert!((frequency - 700.0).abs() < 5.0, "{frequency} Hz");
    let level = tone::level_dbfs(&heard);
    assert!((-20.0..-10.0).contains(&level), "{level} dBFS");
}

#[test]
fn devices_come_and_go() {
    if sound_rig::unavailable("devices_come_and_go") {
        return;
    }
    let rig = SoundRig::start().unwrap();
    let sinks = || rig.pactl(&["list", "short", "sinks"]).unwrap();
    rig.add_speaker("headset").unwrap();
    assert!(sinks().contains("headset"));
    rig.unplug("headset").unwrap();
    assert!(!sinks().contains("headset"));
    assert!(rig.unplug("headset").is_err());
}

#[test]
fn a_dropped_rig_leaves_no_process() {
    if sound_rig::unavailable("a_dropped_rig_leaves_no_process") {
        return;
    }
    let rig = SoundRig::start().unwrap();
    let process = format!("/proc/{}", rig.pid());
    assert!(Path::new(&process).exists());
    drop(rig);
    assert!(fs::metadata(&process).is_err());
}
