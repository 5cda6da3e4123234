//! A browser page that speaks the protocol and nothing more is the other side of a call, as the
//! first and as the second to join.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::time::Duration;

use duet_testkit::browser_rig::{Browser, ChromiumOptions};
use duet_testkit::http::PageServer;
use duet_testkit::{clip, skip, turn};
use duet_tests::{Peer, TestServer};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(90);
/// What both sides must decode of the 30 that are sent. Other work on the machine costs frames, so
/// the best three seconds of a call count, for each side its own: the page measures them up to
/// [`WINDOWS`] times, `duet-peer` tells its best ones. The rate of the whole call is printed, not asserted.
const FRAMES_A_SECOND: f64 = 25.0;
const WINDOWS: u32 = 5;

#[derive(Clone, Copy, PartialEq)]
enum Program {
    Chromium,
    Firefox,
}

/// Who joins first also makes the offer.
#[derive(Clone, Copy, PartialEq)]
enum BrowserJoins {
    /// And offers the codec alone.
    First,
    /// And offers what it has: the answer decides.
    FirstOfferingAll,
    /// And has no preference: the offer decides.
    Second,
}

/// Runs one call and returns what the page and `duet-peer` saw.
fn call(program: Program, codec: &str, order: BrowserJoins) -> (Value, Value) {
    let _turn = turn::take().expect("a turn");
    let folder = tempfile::tempdir().expect("a folder");
    // Tests run in the folder of their crate.
    let pages = PageServer::serve(Path::new("interop")).expect("pages");
    let server = TestServer::start().expect("a server");
    let preference = match order {
        BrowserJoins::First => format!("&codec={codec}"),
        BrowserJoins::FirstOfferingAll | BrowserJoins::Second => String::new(),
    };
    let query = format!(
        "?ws={}&room=interop{preference}&width=640&height=360\
         &seconds=3&windows={WINDOWS}&enough={FRAMES_A_SECOND}&hold=4",
        server.url()
    );
    let url = pages.url(&format!("index.html{query}"));
    // Without an end of its own, duet-peer ends with the page.
    let more = [
        "--codec",
        codec,
        "--wait",
        "60",
        "--camera-format",
        "640x360@30",
    ];
    let start_peer = || Peer::start(&server, "interop", folder.path(), &more).expect("duet-peer");
    let early = (order == BrowserJoins::Second).then(start_peer);
    if let Some(peer) = &early {
        peer.until_waiting().expect("duet-peer waits");
    }
    let browser = open(program, &url);
    let next = || match pages.result(LIMIT) {
        Ok(page) => page,
        Err(error) => panic!("{error:#}\n{}", browser.log().join("\n")),
    };
    let joined = next();
    assert_eq!(joined["state"], "joined", "{joined:#}");
    let peer = early.unwrap_or_else(start_peer);
    let page = next();
    let role = match order {
        BrowserJoins::First | BrowserJoins::FirstOfferingAll => "first",
        BrowserJoins::Second => "second",
    };
    assert_eq!(page["role"], role, "{page:#}");
    let report = peer.report(LIMIT).expect("a report");
    (page, report)
}

fn open(program: Program, url: &str) -> Browser {
    match program {
        Program::Chromium => {
            let camera = clip::moving_pattern(640, 360, 30, 4).expect("a clip");
            let options = ChromiumOptions {
                camera: Some(&camera),
                ..ChromiumOptions::default()
            };
            Browser::chromium(url, options).expect("Chromium")
        }
        Program::Firefox => Browser::firefox(url).expect("Firefox"),
    }
}

fn check(codec: &str, (page, report): (Value, Value)) {
    let both = format!("page: {page:#}\nduet-peer: {report:#}");
    let (received, best) = (
        &report["video_received"],
        &report["video_received_best_3s_fps"],
    );
    println!(
        "{codec}: the page decoded {} frames/s, duet-peer {best} ({} over the whole call)",
        page["fps"], received["fps"]
    );
    assert!(page["error"].is_null(), "{both}");
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    assert!(number(&page["fps"]) >= FRAMES_A_SECOND, "{both}");
    assert!(number(best) >= FRAMES_A_SECOND, "{both}");
    assert!(number(&page["audioPacketsPerSecond"]) > 20.0, "{both}");
    let mime = page["last"]["in"]["codec"].as_str().unwrap_or_default();
    assert!(
        mime.eq_ignore_ascii_case(&format!("video/{codec}")),
        "{both}"
    );
    assert_eq!(received["codec"], codec, "{both}");
    assert!(
        number(&report["audio_received"]["level_dbfs"]) > -90.0,
        "{both}"
    );
}

#[test]
fn chromium_first_with_vp8() {
    if skip::without_programs("chromium_first_with_vp8", &["chromium"]) {
        return;
    }
    check("vp8", call(Program::Chromium, "vp8", BrowserJoins::First));
}

#[test]
fn chromium_second_with_vp8() {
    if skip::without_programs("chromium_second_with_vp8", &["chromium"]) {
        return;
    }
    check("vp8", call(Program::Chromium, "vp8", BrowserJoins::Second));
}

#[test]
fn chromium_first_with_h264() {
    if skip::without_programs("chromium_first_with_h264", &["chromium"]) {
        return;
    }
    check("h264", call(Program::Chromium, "h264", BrowserJoins::First));
}

#[test]
fn chromium_first_offering_all_with_h264() {
    if skip::without_programs("chromium_first_offering_all_with_h264", &["chromium"]) {
        return;
    }
    let order = BrowserJoins::FirstOfferingAll;
    check("h264", call(Program::Chromium, "h264", order));
}

#[test]
fn chromium_second_with_h264() {
    if skip::without_programs("chromium_second_with_h264", &["chromium"]) {
        return;
    }
    check(
        "h264",
        call(Program::Chromium, "h264", BrowserJoins::Second),
    );
}

#[test]
fn firefox_first_with_vp8() {
    if skip::without_programs("firefox_first_with_vp8", &["firefox-esr"]) {
        return;
    }
    check("vp8", call(Program::Firefox, "vp8", BrowserJoins::First));
}

#[test]
fn firefox_second_with_vp8() {
    if skip::without_programs("firefox_second_with_vp8", &["firefox-esr"]) {
        return;
    }
    check("vp8", call(Program::Firefox, "vp8", BrowserJoins::Second));
}
