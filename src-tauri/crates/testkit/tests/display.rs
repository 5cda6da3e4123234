//! The display rig: what is drawn on the display is in the screenshot.
#![cfg(target_os = "linux")]

use duet_testkit::{
    display_rig, display_rig::DisplayRig, process, process::Process, screenshot::Screenshot,
};
use std::{process::Command, time::Duration};

#[test]
fn a_window_appears_in_the_screenshot() {
    let test = "a_window_appears_in_the_screenshot";
    if display_rig::unavailable(test) || duet_testkit::skip::without_programs(test, &["ffplay"]) {
        return;
    }
    let display = DisplayRig::start(640, 480).unwrap();
    let before = display.screenshot().unwrap();
    assert_eq!((before.width, before.height), (640, 480));
    assert_eq!(green(&before), 0);
    let mut window = Command::new("ffplay");
    window
        .args(["-f", "lavfi", "-i", "color=c=0x00ff00:size=320x240:rate=10"])
        .args(["-loglevel", "error", "-an"])
        .envs(display.env());
    let _window = Process::spawn("ffplay", &mut window).unwrap();
    process::eventually("the window is green", Duration::from_secs(30), || {
        green(&display.screenshot().unwrap()) > 320 * 240 / 2
    })
    .unwrap();
}

#[test]
fn two_displays_live_side_by_side() {
    if display_rig::unavailable("two_displays_live_side_by_side") {
        return;
    }
    let first = DisplayRig::start(320, 240).unwrap();
    let second = DisplayRig::start(320, 240).unwrap();
    assert_ne!(first.name(), second.name());
    assert_ne!(first.env()[1], second.env()[1]);
}

fn green(picture: &Screenshot) -> usize {
    let pixels = picture.rgb.chunks_exact(3);
    pixels
        .filter(|pixel| pixel[1] > 200 && pixel[0] < 60 && pixel[2] < 60)
        .count()
}
