//! Faults around the real window: a server that nobody vouches for, cameras that do not work, a web
//! process that dies.
#![cfg(target_os = "linux")]

use anyhow::Result;
use duet_testkit::camera_rig::CameraState;
use duet_testkit::{descendant, turn};
use duet_tests::desk::{self, Desk, PATIENCE};
use duet_tests::tls_front::TlsFront;
use duet_tests::{Peer, TestServer, plug_in_camera};

#[test]
fn an_unknown_certificate_is_shown_and_trusted_once() -> Result<()> {
    if desk::unavailable("an_unknown_certificate_is_shown_and_trusted_once") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let server = TestServer::start()?;
    let front = TlsFront::start(&server.url())?;
    let _camera = plug_in_camera("Camera", 1000)?;
    let desk = Desk::sit_down(&front.url(), &[])?;
    desk.enter_lobby("tls")?;
    desk.click("lobby-join")?;
    let shown = desk.shown("fingerprint")?.text()?;
    let digits = |text: &str| text.replace(|c: char| !c.is_ascii_hexdigit(), "");
    assert_eq!(
        digits(&shown).to_uppercase(),
        digits(front.fingerprint()),
        "the certificate's own fingerprint"
    );
    desk.click("trust-accept")?;
    desk.until_call_is("waitingForPeer", PATIENCE)?;
    desk.click("leave")?;
    // Trusted once is trusted for this server.
    desk.click("rejoin")?;
    desk.until_call_is("waitingForPeer", PATIENCE)?;
    Ok(())
}

#[test]
fn a_camera_that_does_not_work_is_named_and_taken_when_it_does() -> Result<()> {
    if desk::unavailable("a_camera_that_does_not_work_is_named_and_taken_when_it_does") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let server = TestServer::start()?;
    let camera = plug_in_camera("Camera", 1000)?;
    let desk = Desk::sit_down(&server.url(), &[])?;
    for (state, problem) in [
        (CameraState::Busy, "inUse"),
        (CameraState::Forbidden, "notAllowed"),
    ] {
        camera.set_state(state)?;
        desk.enter_lobby("cameras")?;
        let css = format!("[data-testid=\"camera-problem\"][data-problem=\"{problem}\"]");
        desk.window.wait_for(&css, PATIENCE)?;
        camera.set_state(CameraState::Ok)?;
        desk.click("camera-retry")?;
        desk.sees_film(1000)?;
        desk.click("lobby-home")?;
    }
    Ok(())
}

#[test]
fn a_camera_that_hangs_costs_the_picture_and_not_the_call() -> Result<()> {
    if desk::unavailable("a_camera_that_hangs_costs_the_picture_and_not_the_call") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let server = TestServer::start()?;
    let camera = plug_in_camera("Camera", 1000)?;
    let folder = tempfile::tempdir()?;
    let other = Peer::start(
        &server,
        "hangs",
        folder.path(),
        &["--microphone", "test:660"],
    )?;
    other.until_waiting()?;
    let desk = Desk::sit_down(&server.url(), &[])?;
    desk.enter_lobby("hangs")?;
    desk.sees_film(1000)?;
    desk.click("lobby-join")?;
    desk.until_call_is("connected", PATIENCE)?;
    camera.set_state(CameraState::Hanging)?;
    desk.shown("toast-retry")?;
    desk.hears("speaker", 660.0)?;
    assert_eq!(desk.call_state()?, "connected");
    // It comes back by itself when the camera does.
    camera.set_state(CameraState::Ok)?;
    desk.window
        .wait_until_gone("[data-testid=\"toast-retry\"]", PATIENCE)?;
    assert_eq!(desk.call_state()?, "connected");
    Ok(())
}

#[test]
fn the_page_comes_back_into_the_call_when_its_process_dies() -> Result<()> {
    if desk::unavailable("the_page_comes_back_into_the_call_when_its_process_dies") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let server = TestServer::start()?;
    let _camera = plug_in_camera("Camera", 1000)?;
    let folder = tempfile::tempdir()?;
    let film = format!("file:{}", duet_tests::film(2000)?.display());
    let other = ["--camera", &film, "--duration", "90"];
    let other = Peer::start(&server, "crash", folder.path(), &other)?;
    other.until_waiting()?;
    let desk = Desk::sit_down(&server.url(), &["--join", "crash"])?;
    desk.until_call_is("connected", PATIENCE)?;
    desk.sees_film(2000)?;

    // Linux cuts names of processes after 15 letters.
    descendant::kill(desk.window.pid(), "WebKitWebProces")?;
    // WebDriver's hold on the page died with it: only the screen tells from here.
    desk.sees_film(2000)?;
    drop(desk);
    assert!(!other.said("reconnecting"), "the call itself went on");
    Ok(())
}
