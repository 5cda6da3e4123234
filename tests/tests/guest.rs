//! A guest without Duet: Chromium and Firefox with the page that the server serves, against `duet-peer` and against
//! each other.
#![cfg(target_os = "linux")]

use duet_testkit::{skip, turn};
use duet_tests::guest::{Guest, LIMIT, Program};
use duet_tests::{Peer, TestServer};
use serde_json::Value;

/// Without an end of its own, duet-peer ends with the guest.
const PEER: [&str; 8] = [
    "--codec",
    "vp8",
    "--wait",
    "60",
    "--name",
    "Ann",
    "--camera-format",
    "640x360@30",
];

#[derive(Clone, Copy, PartialEq)]
enum GuestJoins {
    /// And so makes the first offer.
    First,
    Second,
}

/// One call with `duet-peer`: the picture moves on both sides, sound arrives, and nothing was against the policy.
fn call_with_peer(program: Program, order: GuestJoins) {
    let _turn = turn::take().expect("a turn");
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start().expect("a server");
    let start = || Peer::start(&server, "guest-room", folder.path(), &PEER).expect("duet-peer");
    let early = (order == GuestJoins::Second).then(start);
    if let Some(peer) = &early {
        peer.until_waiting().expect("duet-peer waits");
    }
    let guest = Guest::open(program, &server.page("guest-room")).expect("a guest");
    guest.join("Mira").expect("joined");
    if order == GuestJoins::First {
        guest.until_state("waiting").expect("waiting");
    }
    let peer = early.unwrap_or_else(start);
    guest.until_state("connected").expect("connected");
    guest.until_picture_moves().expect("the peer's picture");
    let title = guest
        .page()
        .find("[data-testid=call-title]")
        .expect("a title");
    assert_eq!(title.text().expect("text"), "Ann");
    guest.leave().expect("left");
    guest.check_clean().expect("a clean page");
    let report = peer.report(LIMIT).expect("a report");
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    assert!(
        number(&report["video_received_best_3s_fps"]) > 10.0,
        "{report:#}"
    );
    assert!(
        number(&report["audio_received"]["level_dbfs"]) > -90.0,
        "{report:#}"
    );
    assert_eq!(report["video_received"]["codec"], "vp8", "{report:#}");
}

fn without(test: &str, program: Program) -> bool {
    match program {
        Program::Chromium => skip::without_programs(test, &["chromium", "chromedriver"]),
        Program::Firefox => skip::without_programs(test, &["firefox-esr"]),
    }
}

#[test]
fn chromium_first() {
    if !without("chromium_first", Program::Chromium) {
        call_with_peer(Program::Chromium, GuestJoins::First);
    }
}

#[test]
fn chromium_second() {
    if !without("chromium_second", Program::Chromium) {
        call_with_peer(Program::Chromium, GuestJoins::Second);
    }
}

#[test]
fn firefox_first() {
    if !without("firefox_first", Program::Firefox) {
        call_with_peer(Program::Firefox, GuestJoins::First);
    }
}

#[test]
fn firefox_second() {
    if !without("firefox_second", Program::Firefox) {
        call_with_peer(Program::Firefox, GuestJoins::Second);
    }
}
