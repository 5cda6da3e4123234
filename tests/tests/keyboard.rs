//! Home, lobby, call and the end of it in the real window, by keyboard alone.
#![cfg(target_os = "linux")]

use std::time::Instant;

use anyhow::{Result, bail};
use duet_testkit::turn;
use duet_testkit::webdriver::keys;
use duet_tests::desk::{self, Desk, PATIENCE};
use duet_tests::{Peer, TestServer, plug_in_camera};

const ROOM: &str = "by-keyboard";
/// More stops than any screen has.
const STOPS: usize = 60;

/// Presses Tab until the element with this test id has the focus.
fn tab_to(desk: &Desk, test_id: &str) -> Result<()> {
    desk.shown(test_id)?;
    let mut passed = Vec::new();
    for _ in 0..STOPS {
        let focused = focused(desk)?;
        if focused == test_id {
            return Ok(());
        }
        passed.push(focused);
        desk.window.press(&keys::TAB.to_string())?;
    }
    bail!("Tab never reaches {test_id}; it passes {passed:?}");
}

fn focused(desk: &Desk) -> Result<String> {
    let script =
        "return document.activeElement?.dataset?.testid ?? document.activeElement?.tagName ?? ''";
    let id = desk.window.execute(script, &[])?;
    Ok(id.as_str().unwrap_or_default().to_owned())
}

fn until_attribute(desk: &Desk, test_id: &str, name: &str, value: &str) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let css = format!("[data-testid=\"{test_id}\"]");
        let found = desk.window.find(&css)?.attribute(name)?;
        if found.as_deref() == Some(value) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            bail!("{name} of {test_id} is {found:?}, not {value}");
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn home_to_ended_by_keyboard_alone() -> Result<()> {
    if desk::unavailable("home_to_ended_by_keyboard_alone") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let server = TestServer::start()?;
    let _camera = plug_in_camera("Camera", 1000)?;
    let folder = tempfile::tempdir()?;
    let other = Peer::start(&server, ROOM, folder.path(), &["--duration", "60"])?;
    other.until_waiting()?;

    let desk = Desk::sit_down(&server.url(), &[])?;
    let enter = keys::ENTER.to_string();
    tab_to(&desk, "room-field")?;
    desk.window.press(ROOM)?;
    desk.window.press(&enter)?;
    desk.shown("screen-lobby")?;

    // The microphone is muted before the call, with the button that has the focus.
    tab_to(&desk, "toggle-microphone")?;
    desk.window.press(&keys::SPACE.to_string())?;
    until_attribute(&desk, "toggle-microphone", "data-on", "false")?;
    tab_to(&desk, "lobby-name")?;
    desk.window.press("Ada")?;
    tab_to(&desk, "lobby-join")?;
    desk.window.press(&enter)?;

    desk.until_call_is("connected", PATIENCE)?;
    until_attribute(&desk, "toggle-microphone", "data-on", "false")?;
    desk.window.press("m")?;
    until_attribute(&desk, "toggle-microphone", "data-on", "true")?;
    desk.window.press("v")?;
    until_attribute(&desk, "toggle-camera", "data-on", "false")?;
    desk.window.press("v")?;
    until_attribute(&desk, "toggle-camera", "data-on", "true")?;
    desk.window.press("i")?;
    desk.shown("statistics")?;
    desk.window.press("i")?;

    // The controls are one stop; arrows move inside.
    tab_to(&desk, "toggle-microphone")?;
    desk.window.press(&keys::END.to_string())?;
    assert_eq!(focused(&desk)?, "leave");
    desk.window.press(&enter)?;
    desk.shown("screen-ended")?;
    tab_to(&desk, "done")?;
    desk.window.press(&enter)?;
    desk.shown("screen-home")?;
    Ok(())
}
