//! Two real windows in a call with each other, with cameras and sound cards of their own. What a
//! person would see and hear is read from pictures of the screens and recordings of the speakers.
#![cfg(target_os = "linux")]

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use duet_server::ServerConfig;
use duet_server::turn::{TurnConfig, TurnMode};
use duet_testkit::camera_rig::FakeCamera;
use duet_testkit::{sound_rig::Playing, turn};
use duet_tests::desk::{self, Desk, PATIENCE};
use duet_tests::{Peer, TestServer, plug_in_camera};

const ADA: Person = Person {
    name: "Ada",
    camera: "Ada's camera",
    film: 1000,
    tone_hz: 440.0,
    hides_address: false,
};
const BEN: Person = Person {
    name: "Ben",
    camera: "Ben's camera",
    film: 2000,
    tone_hz: 660.0,
    hides_address: false,
};
const SPARE_CAMERA: &str = "Spare camera";
const SPARE_FILM: u32 = 3000;
const ROOM: &str = "two-windows";

/// When a person pressed Leave, by the machine's clock.
const NOTE_THE_CLICK: &str = r#"
    const button = document.querySelector('[data-testid="leave"]');
    const note = () => { window.notedMs = performance.timeOrigin + performance.now(); };
    button.addEventListener('click', note, { capture: true });
"#;
/// When the other one's window said so.
const NOTE_THE_END: &str = r#"
    new MutationObserver((_, watch) => {
        if (!document.querySelector('[data-state="peerLeft"]')) return;
        watch.disconnect();
        window.notedMs = performance.timeOrigin + performance.now();
    }).observe(document.body, { attributes: true, childList: true, subtree: true });
"#;

struct Person {
    name: &'static str,
    camera: &'static str,
    film: u32,
    tone_hz: f32,
    /// By the switch in the settings.
    hides_address: bool,
}

impl Person {
    const fn hidden(self) -> Self {
        Self {
            hides_address: true,
            ..self
        }
    }
}

/// Somebody in front of the application, with a camera and a voice.
struct Seat {
    desk: Desk,
    camera: FakeCamera,
    _voice: Playing,
}

impl Seat {
    /// Opens the application and goes to the lobby, with the own camera chosen.
    fn in_lobby(person: &Person, server: &TestServer) -> Result<Self> {
        let camera = plug_in_camera(person.camera, person.film)?;
        let desk = Desk::sit_down(&server.url(), &["--name", person.name])?;
        if person.hides_address {
            hide_address(&desk)?;
        }
        let voice = desk.sound.play_tone_into("mic", person.tone_hz)?;
        desk.enter_lobby(ROOM)?;
        desk.pick("pick-camera", "camera", person.camera)?;
        Ok(Self {
            desk,
            camera,
            _voice: voice,
        })
    }
}

/// Allows calls through a relay alone, as a person does.
fn hide_address(desk: &Desk) -> Result<()> {
    desk.click("open-settings")?;
    desk.click("settings-network")?;
    desk.click("setting-relay")?;
    let on = "[data-testid=\"setting-relay\"][aria-checked=\"true\"]";
    desk.window.wait_for(on, PATIENCE)?;
    desk.click("settings-back")
}

/// Both in the call, each seen by the other.
fn in_call(server: &TestServer) -> Result<(Seat, Seat)> {
    in_call_as(server, &ADA, &BEN)
}

fn in_call_as(server: &TestServer, ada: &Person, ben: &Person) -> Result<(Seat, Seat)> {
    let ada = Seat::in_lobby(ada, server)?;
    ada.desk.click("lobby-join")?;
    ada.desk.until_call_is("waitingForPeer", PATIENCE)?;
    let ben = Seat::in_lobby(ben, server)?;
    ben.desk.click("lobby-join")?;
    for seat in [&ada, &ben] {
        seat.desk.until_call_is("connected", PATIENCE)?;
    }
    Ok((ada, ben))
}

#[test]
fn two_people_see_and_hear_each_other() -> Result<()> {
    if desk::unavailable("two_people_see_and_hear_each_other") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let server = TestServer::start()?;
    let (ada, ben) = in_call(&server)?;
    assert!(!ada.desk.sees_film(BEN.film)?, "the other is not mirrored");
    assert!(!ben.desk.sees_film(ADA.film)?, "the other is not mirrored");
    ada.desk.hears("speaker", BEN.tone_hz)?;
    ben.desk.hears("speaker", ADA.tone_hz)?;

    let folder = tempfile::tempdir()?;
    let third = Peer::start(&server, ROOM, folder.path(), &["--wait", "20"])?;
    let report = third.report(PATIENCE)?;
    assert_eq!(report["state"], "room-full");
    assert_eq!(ada.desk.call_state()?, "connected");
    Ok(())
}

#[test]
fn cameras_are_switched_and_pulled_out() -> Result<()> {
    if desk::unavailable("cameras_are_switched_and_pulled_out") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let server = TestServer::start()?;
    let _spare = plug_in_camera(SPARE_CAMERA, SPARE_FILM)?;
    let ada = Seat::in_lobby(&ADA, &server)?;
    assert!(ada.desk.sees_film(ADA.film)?, "the own picture is mirrored");
    ada.desk.pick("pick-camera", "camera", SPARE_CAMERA)?;
    ada.desk.sees_film(SPARE_FILM)?;
    ada.desk.click("lobby-join")?;

    let ben = Seat::in_lobby(&BEN, &server)?;
    ben.desk.click("lobby-join")?;
    ben.desk.until_call_is("connected", PATIENCE)?;
    ben.desk.sees_film(SPARE_FILM)?;

    ada.desk.pick("camera-menu", "camera", ADA.camera)?;
    ben.desk.sees_film(ADA.film)?;

    ada.camera.unplug()?;
    ada.desk.shown("toast")?;
    ada.desk.window.wait_for_text(ADA.camera, PATIENCE)?;
    ben.desk.hears("speaker", ADA.tone_hz)?;
    assert_eq!(ada.desk.call_state()?, "connected");
    assert_eq!(ben.desk.call_state()?, "connected");
    ada.desk.sees_film(BEN.film)?;
    // The camera that was chosen is taken back when it returns.
    ada.camera.replug()?;
    ben.desk.sees_film(ADA.film)?;
    Ok(())
}

#[test]
fn leaving_shows_on_the_other_side_at_once() -> Result<()> {
    if desk::unavailable("leaving_shows_on_the_other_side_at_once") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let server = TestServer::start()?;
    let (ada, ben) = in_call(&server)?;
    ada.desk.sees_film(BEN.film)?;
    ben.desk.window.execute(NOTE_THE_CLICK, &[])?;
    ada.desk.window.execute(NOTE_THE_END, &[])?;
    ben.desk.click("leave")?;
    ada.desk.until_call_is("peerLeft", PATIENCE)?;
    let noted = |seat: &Seat| seat.desk.window.execute("return window.notedMs", &[]);
    let (clicked, shown) = (noted(&ben)?, noted(&ada)?);
    let took_ms = shown.as_f64().zip(clicked.as_f64());
    let took_ms = took_ms.map(|(shown, clicked)| shown - clicked);
    println!("\"peer left\" {took_ms:?} ms after the click");
    assert!(took_ms.is_some_and(|took_ms| took_ms > 0.0));
    ben.desk.shown("screen-ended")?;
    ben.desk.click("rejoin")?;
    for seat in [&ada, &ben] {
        seat.desk.until_call_is("connected", PATIENCE)?;
    }
    ada.desk.sees_film(BEN.film)?;
    ben.desk.hears("speaker", ADA.tone_hz)?;
    Ok(())
}

#[test]
fn hidden_addresses_and_a_call_through_the_relay_of_the_server() -> Result<()> {
    if desk::unavailable("hidden_addresses_and_a_call_through_the_relay_of_the_server") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let relay = TurnConfig::new(vec![SocketAddr::from(([127, 0, 0, 1], 0))]);
    let server = TestServer::start_with(ServerConfig {
        turn: TurnMode::BuiltIn(relay),
        ..ServerConfig::loopback()
    })?;
    let (ada, ben) = in_call_as(&server, &ADA.hidden(), &BEN.hidden())?;
    ada.desk.sees_film(BEN.film)?;
    ben.desk.sees_film(ADA.film)?;
    ada.desk.hears("speaker", BEN.tone_hz)?;
    for seat in [&ada, &ben] {
        seat.desk.wake()?;
        let window = &seat.desk.window;
        window.wait_for_text("Connected (relay)", PATIENCE)?;
    }
    let relayed = server.relayed_packets();
    ensure!(relayed > 100, "{relayed} packets went through the relay");
    Ok(())
}
