//! A guest without Duet sees a screen that is shared, and the camera beside it: Chromium and Firefox against
//! `duet-peer`.
#![cfg(target_os = "linux")]

use std::collections::HashSet;

use duet_testkit::display_rig::{self, DisplayRig};
use duet_testkit::painted_window::{PaintedWindow, rectangle};
use duet_testkit::process::eventually;
use duet_testkit::{skip, turn};
use duet_tests::guest::{Guest, LIMIT, Program};
use duet_tests::{Peer, TestServer};
use serde_json::Value;

const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;
/// That many different pictures are a moving one.
const PICTURES: usize = 5;

/// The guest is there first, or the one who shares is.
fn watches(program: Program, guest_first: bool) {
    let _turn = turn::take().expect("a turn");
    let display = DisplayRig::start(WIDTH, HEIGHT).expect("a display");
    let place = rectangle(0, 0, WIDTH as u16, HEIGHT as u16);
    let window = PaintedWindow::bare(display.name(), place).expect("a window");
    window.fill(0x20_40_80, &[place]).expect("painted");
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start().expect("a server");
    let screen = format!("screen:0@{}", display.name());
    let arguments = ["--wait", "60", "--name", "Ann", "--share", &screen];
    let start = || Peer::start(&server, "screen", folder.path(), &arguments).expect("duet-peer");
    let early = (!guest_first).then(start);
    if let Some(peer) = &early {
        peer.until_waiting().expect("it waits");
    }
    let guest = Guest::open(program, &server.page("screen")).expect("a guest");
    guest.join("Mira").expect("joined");
    if guest_first {
        guest.until_state("waiting").expect("waiting");
    }
    let peer = early.unwrap_or_else(start);
    let connected = guest.until_state("connected");
    connected.unwrap_or_else(|error| panic!("{error:#}; {:?}", peer.lines()));
    let shows = |id: &str, width: u32, label: &str| {
        let what = format!("{id} is {width} wide and called {label}");
        let mut seen = Value::Null;
        let shown = eventually(&what, LIMIT, || {
            seen = guest.seen_in(id).unwrap_or_default();
            seen["width"] == width && seen["label"] == label
        });
        let logs = || (guest.console(), peer.lines());
        shown.unwrap_or_else(|error| panic!("{error}: {seen} {:?}", logs()));
    };
    shows("video-remote", WIDTH, "Screen of Ann");
    shows("video-tile", 320, "Video of Ann");
    guest.until_shown("peer-tile").expect("the camera");
    let mut pictures = HashSet::new();
    let moves = eventually("the camera moves", LIMIT, || {
        let seen = guest.seen_in("video-tile").unwrap_or_default();
        pictures.extend(seen["picture"].as_u64());
        pictures.len() >= PICTURES
    });
    moves.expect("a living camera");
    guest.leave().expect("left");
    guest.check_clean().expect("a clean page");
    let report = peer.report(LIMIT).expect("a report");
    assert_eq!(report["video_sent"]["width"], WIDTH, "{report:#}");
    assert_eq!(report["tile_sent"]["width"], 320, "{report:#}");
    let frames = &report["tile_sent"]["frames"];
    assert!(frames.as_u64() >= Some(PICTURES as u64), "{report:#}");
}

#[test]
fn chromium_sees_the_screen_and_the_camera() {
    const NAME: &str = "chromium_sees_the_screen_and_the_camera";
    let without = skip::without_programs(NAME, &["chromium", "chromedriver"]);
    if !without && !display_rig::unavailable(NAME) {
        watches(Program::Chromium, true);
        watches(Program::Chromium, false);
    }
}

#[test]
fn firefox_sees_the_screen_and_the_camera() {
    const NAME: &str = "firefox_sees_the_screen_and_the_camera";
    let without = skip::without_programs(NAME, &["firefox-esr"]);
    if !without && !display_rig::unavailable(NAME) {
        watches(Program::Firefox, true);
        watches(Program::Firefox, false);
    }
}
