//! A guest picks other devices in mid-call: what is sent comes from them, and what comes is played by them. Where the devices
//! are those of the rigs, the other side sees and hears so; the fakes of Chromium look and sound alike.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};

use duet_testkit::process::eventually;
use duet_testkit::sound_rig::{self, RATE_HZ, SoundRig};
use duet_testkit::{tone, turn};
use duet_tests::desk::hears;
use duet_tests::guest::{Guest, LIMIT, Program};
use duet_tests::guest_seat::{GuestSeat, MIDDLE, VOICES_HZ, unavailable};
use duet_tests::{Peer, TestServer};
use serde_json::{Value, json};

const ROOM: &str = "devices";
/// What `duet-peer` says.
const PEER_HZ: f32 = 440.0;
/// Before the sound in what it writes.
const WAV_HEADER_LEN: usize = 44;

const SINK: &str = "return document.querySelector('[data-testid=video-remote]').sinkId";

/// How bright the other's picture is, of 255.
const BRIGHTNESS: &str = "const canvas = document.createElement('canvas'); \
    canvas.width = 64; canvas.height = 36; \
    const context = canvas.getContext('2d'); \
    context.drawImage(document.querySelector('[data-testid=video-remote]'), 0, 0, 64, 36); \
    const bytes = context.getImageData(0, 0, 64, 36).data.filter((_, index) => index % 4 !== 3); \
    return bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length;";

fn peer(server: &TestServer, folder: &Path) -> Peer {
    let (microphone, heard) = (format!("test:{PEER_HZ}"), heard_in(folder));
    let more = [
        "--codec",
        "vp8",
        "--wait",
        "60",
        "--camera-format",
        "320x180@15",
        "--microphone",
        &microphone,
        "--dump-audio",
        &heard.to_string_lossy(),
    ];
    Peer::start(server, ROOM, folder, &more).expect("duet-peer")
}

/// Where `duet-peer` keeps what it heard.
fn heard_in(folder: &Path) -> PathBuf {
    folder.join("heard.wav")
}

fn until(what: &str, reads: impl Fn() -> Value, wanted: &Value) {
    let mut seen = Value::Null;
    let done = eventually(what, LIMIT, || {
        seen = reads();
        seen == *wanted
    });
    done.unwrap_or_else(|error| panic!("{error}: {seen}, not {wanted}"));
}

fn another_camera(program: Program) {
    let _turn = turn::take().expect("a turn");
    let server = TestServer::start().expect("a server");
    let other = match program {
        Program::Chromium => Program::Firefox,
        Program::Firefox => Program::Chromium,
    };
    let other = Guest::open(other, &server.page(ROOM));
    let other = other
        .or_else(|_| Guest::open(program, &server.page(ROOM)))
        .expect("another");
    other.join("Jonas").expect("joined");
    let seat = GuestSeat::in_a_call(program, &server, ROOM).expect("a guest");
    let sent = || seat.sent("video").expect("a sender");
    other.until_picture_moves().expect("a picture");
    if seat.rigs.is_some() {
        until_picture_is_bright(&other, false);
    }
    let before = sent();
    let name = seat.names("camera").last().expect("another camera");
    let picked = seat.pick("camera", name).expect("picked");
    let wanted = json!([picked, true]);
    assert_ne!(before, wanted);
    until("the other camera is sent", sent, &wanted);
    if seat.rigs.is_some() {
        until_picture_is_bright(&other, true);
    }
    seat.guest.click("devices-close").expect("closed");
    other
        .until_picture_moves()
        .expect("the picture of the other camera");
    seat.guest.until_state("connected").expect("no break");
    seat.guest.check_clean().expect("a clean page");
}

/// Waits until the other's picture is that of the rig's bright camera, or of the dark one.
fn until_picture_is_bright(guest: &Guest, wanted: bool) {
    let mut brightness = None;
    let done = eventually("the picture of the camera", LIMIT, || {
        let value = guest.page().execute(BRIGHTNESS, &[]);
        brightness = value.ok().and_then(|value| value.as_f64());
        brightness.is_some_and(|brightness| (brightness > MIDDLE) == wanted)
    });
    done.unwrap_or_else(|error| panic!("{error}: {brightness:?}; bright: {wanted}"));
}

#[test]
fn another_camera_during_the_call_in_chromium() {
    const NAME: &str = "another_camera_during_the_call_in_chromium";
    if !unavailable(Program::Chromium, NAME) {
        another_camera(Program::Chromium);
    }
}

#[test]
fn another_camera_during_the_call_in_firefox() {
    const NAME: &str = "another_camera_during_the_call_in_firefox";
    if !unavailable(Program::Firefox, NAME) {
        another_camera(Program::Firefox);
    }
}

fn another_microphone(program: Program) {
    let _turn = turn::take().expect("a turn");
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start().expect("a server");
    let peer = peer(&server, folder.path());
    let seat = GuestSeat::in_a_call(program, &server, ROOM).expect("a guest");
    let guest = &seat.guest;
    let sent = || seat.sent("audio").expect("a sender");
    let [first, second] = seat.names("microphone") else {
        panic!("two microphones");
    };
    let heard = seat.rigs.as_ref().map(|_| heard_in(folder.path()));
    if let Some(heard) = &heard {
        until_heard(heard, 0);
    }
    let before = sent();
    let picked = seat.pick("microphone", second).expect("picked");
    let wanted = json!([picked, true]);
    assert_ne!(before, wanted);
    until("the other microphone is sent", sent, &wanted);
    if let Some(heard) = &heard {
        until_heard(heard, 1);
    }
    guest.until_picture_moves().expect("no break");
    // To pick one turns nothing on.
    guest.click("devices-close").expect("closed");
    guest.click("toggle-microphone").expect("muted");
    guest.click("open-devices").expect("the dialog");
    let other = seat.pick("microphone", first).expect("picked");
    assert_ne!(other, picked);
    until("another one is sent, muted", sent, &json!([other, false]));
    guest.until_picture_moves().expect("no break");
    guest.click("devices-close").expect("closed");
    guest.leave().expect("left");
    guest.check_clean().expect("a clean page");
    let report = peer.report(LIMIT).expect("a report");
    let level = report["audio_received"]["level_dbfs"].as_f64();
    assert!(level.is_some_and(|level| level > -90.0), "{report:#}");
    if let Some(heard) = &heard {
        let heard = frequencies(heard);
        assert_eq!(voices(&heard), [0, 1], "none while muted: {heard:?}");
    }
}

/// Waits until `duet-peer` hears what is said into this microphone of the rig.
fn until_heard(heard: &Path, voice: usize) {
    let done = eventually("the microphone is heard", LIMIT, || {
        voices(&frequencies(heard)).last() == Some(&voice)
    });
    done.unwrap_or_else(|error| panic!("{error}: {voice} in {:?}", frequencies(heard)));
}

/// What stood out in each half of a second that `duet-peer` has heard so far.
fn frequencies(heard: &Path) -> Vec<Option<f32>> {
    let bytes = std::fs::read(heard).expect("what was heard");
    // The header of a file that is not complete tells no length.
    let sound = bytes.get(WAV_HEADER_LEN..).unwrap_or_default();
    sound_rig::samples(sound)
        .chunks_exact(RATE_HZ as usize / 2)
        .map(|half_a_second| tone::dominant_frequency_hz(half_a_second, RATE_HZ))
        .collect()
}

/// The rig's microphones in the order in which they were heard.
fn voices(frequencies: &[Option<f32>]) -> Vec<usize> {
    let voice = |heard: &f32| VOICES_HZ.iter().position(|hz| (heard - hz).abs() < 5.0);
    let mut voices: Vec<usize> = frequencies.iter().flatten().filter_map(voice).collect();
    voices.dedup();
    voices
}

#[test]
fn another_microphone_during_the_call_in_chromium() {
    const NAME: &str = "another_microphone_during_the_call_in_chromium";
    if !unavailable(Program::Chromium, NAME) {
        another_microphone(Program::Chromium);
    }
}

#[test]
fn another_microphone_during_the_call_in_firefox() {
    const NAME: &str = "another_microphone_during_the_call_in_firefox";
    if !unavailable(Program::Firefox, NAME) {
        another_microphone(Program::Firefox);
    }
}

fn another_speaker(program: Program) {
    let _turn = turn::take().expect("a turn");
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start().expect("a server");
    let _peer = peer(&server, folder.path());
    let seat = GuestSeat::in_a_call(program, &server, ROOM).expect("a guest");
    let sink = || seat.guest.page().execute(SINK, &[]).expect("a sink");
    assert_eq!(sink(), json!(""), "the system's choice at first");
    let [first, second] = seat.names("speaker") else {
        panic!("two speakers");
    };
    if let Some(rigs) = &seat.rigs {
        check_plays_alone(&rigs.sound, first, second);
    }
    for (speaker, other) in [(second, first), (first, second)] {
        let picked = seat.pick("speaker", speaker).expect("picked");
        until("the other speaker plays", sink, &picked);
        seat.guest.until_picture_moves().expect("it plays on");
        if let Some(rigs) = &seat.rigs {
            check_plays_alone(&rigs.sound, speaker, other);
        }
    }
    seat.guest.click("devices-close").expect("closed");
    seat.guest.check_clean().expect("a clean page");
}

/// Waits until one speaker plays what `duet-peer` says, and the other one nothing.
fn check_plays_alone(sound: &SoundRig, speaker: &str, other: &str) {
    hears(sound, speaker, PEER_HZ).expect("it plays");
    let mut level = f32::NAN;
    let silent = eventually("the other speaker is silent", LIMIT, || {
        level = sound
            .record(other, 0.5)
            .map_or(f32::NAN, |samples| tone::level_dbfs(&samples));
        level < -90.0
    });
    silent.unwrap_or_else(|error| panic!("{other} beside {speaker}: {error}: {level} dBFS"));
}

#[test]
fn another_speaker_during_the_call_in_chromium() {
    const NAME: &str = "another_speaker_during_the_call_in_chromium";
    if !unavailable(Program::Chromium, NAME) {
        another_speaker(Program::Chromium);
    }
}

#[test]
fn another_speaker_during_the_call_in_firefox() {
    const NAME: &str = "another_speaker_during_the_call_in_firefox";
    if !unavailable(Program::Firefox, NAME) {
        another_speaker(Program::Firefox);
    }
}
