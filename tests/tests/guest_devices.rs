//! A guest picks other devices in mid-call: what is sent comes from them, and what comes is played by them.
#![cfg(target_os = "linux")]

use duet_testkit::process::eventually;
use duet_testkit::turn;
use duet_tests::guest::{Guest, LIMIT, Program};
use duet_tests::{Peer, TestServer};
use serde_json::{Value, json};

/// Three of each. The second camera delivers depth pictures, which no codec takes.
const THREE: &str = "--use-fake-device-for-media-stream=device-count=3";

/// Keeps hold of the page's connection, which it tells nobody.
const WATCH: &str = "const set = RTCPeerConnection.prototype.setLocalDescription; \
    RTCPeerConnection.prototype.setLocalDescription = function (...all) { window.watched = this; return set.apply(this, all); };";

/// The device of the track that is sent, and whether the track carries anything.
const SENT: &str = "const track = watched.getSenders().map((one) => one.track).find((one) => one?.kind === arguments[0]); \
    return [track?.getSettings().deviceId ?? null, track?.enabled ?? null]";

/// Picks an option as a person does; its device.
const PICK: &str = "const [kind, at] = arguments; \
    const select = document.querySelector(`[data-testid=devices] [data-testid=pick-${kind}]`); \
    const other = [...select.options].at(at); \
    select.value = other.value; select.dispatchEvent(new Event('change')); return other.value;";

const SINK: &str = "return document.querySelector('[data-testid=video-remote]').sinkId";

/// A guest in a call with `duet-peer`, with the dialog of the devices open.
fn in_a_call(server: &TestServer) -> Guest {
    let guest = Guest::chromium(&server.page("devices"), &[THREE]).expect("a guest");
    guest.page().execute(WATCH, &[]).expect("watched");
    guest.join("Mira").expect("joined");
    guest.until_state("connected").expect("connected");
    guest.until_picture_moves().expect("a picture");
    guest.click("open-devices").expect("the dialog");
    guest
}

fn peer(server: &TestServer, folder: &std::path::Path) -> Peer {
    let more = [
        "--codec",
        "vp8",
        "--wait",
        "60",
        "--camera-format",
        "320x180@15",
    ];
    Peer::start(server, "devices", folder, &more).expect("duet-peer")
}

fn sent(guest: &Guest, kind: &str) -> Value {
    let sent = guest.page().execute(SENT, &[json!(kind)]);
    sent.expect("a sender")
}

fn pick(guest: &Guest, kind: &str, at: i32) -> Value {
    let arguments = [json!(kind), json!(at)];
    let picked = guest.page().execute(PICK, &arguments).expect("a device");
    assert_ne!(picked, json!(""), "the browser has no other {kind}");
    picked
}

fn until(what: &str, reads: impl Fn() -> Value, wanted: &Value) {
    let mut seen = Value::Null;
    let done = eventually(what, LIMIT, || {
        seen = reads();
        seen == *wanted
    });
    done.unwrap_or_else(|error| panic!("{error}: {seen}, not {wanted}"));
}

#[test]
fn another_camera_during_the_call() {
    const NAME: &str = "another_camera_during_the_call";
    if Program::Chromium.is_missing(NAME) {
        return;
    }
    let _turn = turn::take().expect("a turn");
    let server = TestServer::start().expect("a server");
    let other = Guest::open(Program::Firefox, &server.page("devices"));
    let other = other
        .or_else(|_| Guest::open(Program::Chromium, &server.page("devices")))
        .expect("another");
    other.join("Jonas").expect("joined");
    let guest = in_a_call(&server);
    other.until_picture_moves().expect("a picture");
    let before = sent(&guest, "video");
    let picked = pick(&guest, "camera", -1);
    assert_ne!(before, json!([picked, true]));
    until(
        "the other camera is sent",
        || sent(&guest, "video"),
        &json!([picked, true]),
    );
    guest.click("devices-close").expect("closed");
    other
        .until_picture_moves()
        .expect("the picture of the other camera");
    guest.until_state("connected").expect("no break");
    guest.check_clean().expect("a clean page");
}

#[test]
fn another_microphone_during_the_call() {
    const NAME: &str = "another_microphone_during_the_call";
    if Program::Chromium.is_missing(NAME) {
        return;
    }
    let _turn = turn::take().expect("a turn");
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start().expect("a server");
    let peer = peer(&server, folder.path());
    let guest = in_a_call(&server);
    let before = sent(&guest, "audio");
    let last = pick(&guest, "microphone", -1);
    assert_ne!(before, json!([last, true]));
    until(
        "the other microphone is sent",
        || sent(&guest, "audio"),
        &json!([last, true]),
    );
    guest.until_picture_moves().expect("no break");
    // To pick one turns nothing on.
    guest.click("devices-close").expect("closed");
    guest.click("toggle-microphone").expect("muted");
    guest.click("open-devices").expect("the dialog");
    let other = pick(&guest, "microphone", -2);
    assert_ne!(other, last);
    until(
        "a third one is sent, muted",
        || sent(&guest, "audio"),
        &json!([other, false]),
    );
    guest.click("devices-close").expect("closed");
    guest.leave().expect("left");
    guest.check_clean().expect("a clean page");
    let report = peer.report(LIMIT).expect("a report");
    let level = report["audio_received"]["level_dbfs"].as_f64();
    assert!(level.is_some_and(|level| level > -90.0), "{report:#}");
}

#[test]
fn another_speaker_during_the_call() {
    const NAME: &str = "another_speaker_during_the_call";
    if Program::Chromium.is_missing(NAME) {
        return;
    }
    let _turn = turn::take().expect("a turn");
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start().expect("a server");
    let _peer = peer(&server, folder.path());
    let guest = in_a_call(&server);
    let sink = || guest.page().execute(SINK, &[]).expect("a sink");
    assert_eq!(sink(), json!(""), "the system's choice at first");
    for at in [-1, -2] {
        let picked = pick(&guest, "speaker", at);
        until("the other speaker plays", sink, &picked);
        guest.until_picture_moves().expect("it plays on");
    }
    guest.click("devices-close").expect("closed");
    guest.check_clean().expect("a clean page");
}
