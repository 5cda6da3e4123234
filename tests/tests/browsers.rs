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
/// Enough to tell a moving picture from a frozen one on any machine; how many frames a quiet machine
/// manages is printed, not asserted.
const MOVING_FRAMES_A_SECOND: f64 = 10.0;

#[derive(Clone, Copy, PartialEq)]
enum Program {
    Chromium,
    Firefox,
}

#[derive(Clone, Copy, PartialEq)]
enum BrowserJoins {
    First,
    Second,
}

/// Runs one call and returns what the page and `duet-peer` saw.
fn call(program: Program, codec: &str, order: BrowserJoins) -> (Value, Value) {
    let _turn = turn::take().expect("a turn");
    let folder = tempfile::tempdir().expect("a folder");
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
    let pages = PageServer::serve(&pages).expect("pages");
    let server = TestServer::start().expect("a server");
    let query = format!(
        "?ws={}&room=interop&codec={codec}&seconds=8&width=640&height=360",
        server.url()
    );
    let url = pages.url(&format!("index.html{query}"));
    let more = [
        "--duration",
        "14",
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
    let peer = early.unwrap_or_else(|| {
        // The page has its camera and has joined well before this.
        std::thread::sleep(Duration::from_secs(4));
        start_peer()
    });
    let page = match pages.result(LIMIT) {
        Ok(page) => page,
        Err(error) => panic!("{error:#}\n{}", browser.log().join("\n")),
    };
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
    println!(
        "{codec}: the page decoded {} frames/s, duet-peer {} frames/s",
        page["fps"], report["video_received"]["fps"]
    );
    assert!(page["error"].is_null(), "{both}");
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    assert!(number(&page["fps"]) >= MOVING_FRAMES_A_SECOND, "{both}");
    assert!(number(&page["audioPacketsPerSecond"]) > 20.0, "{both}");
    let mime = page["last"]["codec"].as_str().unwrap_or_default();
    assert!(
        mime.eq_ignore_ascii_case(&format!("video/{codec}")),
        "{both}"
    );
    let received = &report["video_received"];
    assert!(number(&received["fps"]) >= MOVING_FRAMES_A_SECOND, "{both}");
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
