//! Two real windows: a whole screen and a window of another program are shared in a call, with the camera beside
//! them, and a window is shown on a display by its code; what they show is read from pictures of the other's screen.
//! While something is shared a marker says so, in Duet's own window and above all others.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use duet_media::barcode::{self, Stamp};
use duet_testkit::painted_window::{PaintedWindow, Part, rectangle};
use duet_testkit::{target_dir, turn};

use duet_tests::desk::{self, Desk, PATIENCE};
use duet_tests::{TestServer, film};

const TITLE: &str = "Minutes of May";
/// What is on the window that is shared.
const NUMBER: u32 = 424_242;
/// The first picture of the camera of whoever shares.
const FILM: u32 = 1000;
const WIDTH: u32 = 640;
const HEIGHT: u32 = 360;
/// Looks at the other's screen while this one's is in the picker: two seconds of them.
const LOOKS: usize = 20;

/// Another program's window with a number on it that a test can read.
fn minutes(desk: &Desk) -> Result<PaintedWindow> {
    let place = rectangle(500, 400, WIDTH as u16, HEIGHT as u16);
    let window = PaintedWindow::titled(desk.display_name(), place, TITLE)?;
    // The window manager frames it and tells nobody when it is done; painting is repeated until seen.
    let deadline = Instant::now() + PATIENCE;
    loop {
        window.fill(0xff_ff_ff, &white_parts())?;
        if desk
            .stamp()?
            .is_some_and(|found| found.stamp.frame_number == NUMBER)
        {
            return Ok(window);
        }
        if Instant::now() >= deadline {
            bail!("the window with the number does not appear");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The white runs of a picture with the number's stamp.
fn white_parts() -> Vec<Part> {
    let mut picture = vec![16; (WIDTH * HEIGHT * 3 / 2) as usize];
    let stamp = Stamp {
        frame_number: NUMBER,
        capture_ts_us: 0,
    };
    barcode::write_i420(&mut picture, WIDTH, HEIGHT, stamp);
    let is_white = |x: u32, y: u32| x < WIDTH && picture[(y * WIDTH + x) as usize] > 125;
    let mut parts = Vec::new();
    for y in 0..HEIGHT {
        let mut start = None;
        for x in 0..=WIDTH {
            match (start, is_white(x, y)) {
                (None, true) => start = Some(x),
                (Some(from), false) => {
                    parts.push(rectangle(from as i16, y as i16, (x - from) as u16, 1));
                    start = None;
                }
                (None, false) | (Some(_), true) => {}
            }
        }
    }
    parts
}

/// Waits until the number is on somebody's screen, or no longer.
fn until_number(desk: &Desk, is_there: bool, name: &str) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let found = desk.stamp()?;
        if found.is_some_and(|found| found.stamp.frame_number == NUMBER) == is_there {
            return desk.keep_picture(&target_dir::kept("screens")?.join(name));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    desk.keep_picture(&target_dir::kept("failed")?.join(name))?;
    let page = desk.window.page_text().unwrap_or_default();
    bail!(
        "the number is there: {}, see {name}; the page says:\n{page}",
        !is_there
    )
}

/// Chooses the other program's window in the picker and confirms.
fn choose_minutes(desk: &Desk) -> Result<()> {
    desk.shown("share-picker")?;
    // X11 cannot leave a window out of a picture of the screen: that is said.
    desk.shown("shows-duet")?;
    desk.click("share-windows")?;
    desk.window.wait_for_text(TITLE, PATIENCE)?;
    desk.keep_picture(&target_dir::kept("screens")?.join("picker.png"))?;
    let sources = desk.window.find_all("[data-testid=\"share-source\"]")?;
    let mut minutes = None;
    for source in sources {
        // (WebDriver takes a line that is cut off with an ellipsis for hidden.)
        let text = source.property("textContent")?;
        let text = text.as_str().unwrap_or_default();
        ensure!(
            !text.to_lowercase().contains("duet"),
            "a window of our own: {text}"
        );
        if text.contains(TITLE) {
            minutes = Some(source);
        }
    }
    minutes
        .context("the window is not in the picker")?
        .click()?;
    desk.click("share-confirm")
}

/// Chooses the whole screen in the picker and confirms. It is in sight in the picker long before that, and nothing
/// of it is on the other's screen.
fn choose_screen(desk: &Desk, other: &Desk) -> Result<()> {
    desk.shown("share-picker")?;
    desk.click("share-screens")?;
    desk.click("share-source")?;
    // Here nothing covers what the other must not see.
    until_number(desk, true, "screen-chosen.png")?;
    for _ in 0..LOOKS {
        let seen = other.stamp()?.map(|found| found.stamp.frame_number);
        ensure!(
            seen != Some(NUMBER),
            "the screen is shown before it was confirmed"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    desk.click("share-confirm")
}

/// Waits until the picture in the other's small frame has changed, while nothing else there does.
fn until_tile_moves(desk: &Desk) -> Result<()> {
    let [x, y, width, height] = desk
        .shown("peer-tile")?
        .rectangle()?
        .map(|side| side as u32);
    let tile = || Ok::<_, anyhow::Error>(desk.picture()?.crop(x, y, width, height));
    let first = tile()?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if tile()? != first {
            return desk.keep_picture(&target_dir::kept("screens")?.join("with-tile.png"));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    desk.keep_picture(&target_dir::kept("failed")?.join("with-tile.png"))?;
    bail!("the camera stands still beside the screen")
}

fn in_a_room(desk: &Desk) -> Result<()> {
    desk.enter_lobby("screens")?;
    desk.click("lobby-join")
}

#[test]
fn the_other_sees_the_window_that_is_shared_and_no_other() -> Result<()> {
    if desk::unavailable("the_other_sees_the_window_that_is_shared_and_no_other") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let server = TestServer::start()?;
    let camera = format!("file:{}", film(FILM)?.display());
    let ada = Desk::sit_down(&server.url(), &["--name", "Ada", "--camera", &camera])?;
    let ben = Desk::sit_down(&server.url(), &["--name", "Ben"])?;
    for desk in [&ada, &ben] {
        in_a_room(desk)?;
    }
    for desk in [&ada, &ben] {
        desk.until_call_is("connected", PATIENCE)?;
    }
    let ada_window = ada.window.windows()?.remove(0);
    let _minutes = minutes(&ada)?;
    // The whole screen, on which the window lies above Duet's own.
    ada.window.press("s")?;
    choose_screen(&ada, &ben)?;
    ada.shown("sharing")?;
    until_number(&ben, true, "screen-shared.png")?;
    ada.click("share-stop")?;
    until_number(&ben, false, "screen-shared-no-more.png")?;
    let tile = "[data-testid=peer-tile]";
    ben.window.wait_until_gone(tile, PATIENCE)?;
    ada.back_to(&ada_window)?;

    // The window alone.
    ada.window.press("s")?;
    choose_minutes(&ada)?;
    ada.shown("sharing")?;
    until_number(&ben, true, "shared.png")?;
    ada.keep_picture(&target_dir::kept("screens")?.join("sharing.png"))?;
    until_tile_moves(&ben)?;
    // The camera large, to read it, and the screen again.
    ben.click("swap-peer")?;
    ben.sees_film(FILM)?;
    ben.click("swap-peer")?;
    until_number(&ben, true, "shared-again.png")?;
    ada.click("share-stop")?;
    until_number(&ben, false, "shared-no-more.png")?;
    ben.window.wait_until_gone(tile, PATIENCE)?;
    ben.sees_film(FILM)?;
    ada.back_to(&ada_window)?;

    // Once more, and the settings lie over the call: the marker stays, in the window, its title and above all.
    ada.window.press("s")?;
    choose_minutes(&ada)?;
    until_number(&ben, true, "shared-again.png")?;
    ada.window.press("d")?;
    ada.shown("pick-speaker")?;
    ada.shown("sharing")?;
    let title = ada.window.execute("return document.title", &[])?;
    ensure!(
        title
            .as_str()
            .is_some_and(|title| title.starts_with("Sharing · ")),
        "the title is {title}"
    );
    ada.look_at_new_window(&ada_window)?;
    let marker = ada.shown("sharing-window")?.property("textContent")?;
    let says_it = |marker: &str| marker.contains(TITLE);
    ensure!(
        marker.as_str().is_some_and(says_it),
        "the marker says {marker}"
    );
    let height = ada.window.execute("return innerHeight", &[])?;
    ensure!(height == 48, "the marker is {height} pixels high");
    ada.keep_picture(&target_dir::kept("screens")?.join("marker.png"))?;
    click_away(&ada, "sharing-window-stop")?;
    until_number(&ben, false, "stopped-by-the-marker.png")?;
    ada.back_to(&ada_window)?;
    assert_eq!(ben.call_state()?, "connected");
    Ok(())
}

/// Clicks in a window that goes away by that: the driver's answer may go with it.
fn click_away(desk: &Desk, test_id: &str) -> Result<()> {
    let gone = |error: &anyhow::Error| error.to_string().contains("no such window");
    let clicked = desk.shown(test_id)?.click();
    clicked.or_else(|error| if gone(&error) { Ok(()) } else { Err(error) })
}

#[test]
fn a_display_shows_the_window_of_whoever_types_its_code() -> Result<()> {
    if desk::unavailable("a_display_shows_the_window_of_whoever_types_its_code") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let server = TestServer::start()?;
    let wall = Desk::sit_down(&server.url(), &["--name", "Wall"])?;
    let ada = Desk::sit_down(&server.url(), &["--name", "Ada"])?;
    wall.click("show-here")?;
    let first = code_on(&wall)?;
    wall.keep_picture(&target_dir::kept("screens")?.join("display.png"))?;
    let _minutes = minutes(&ada)?;
    ada.click("show-mine")?;
    ada.fill("cast-code-field", &first.to_lowercase().replace('-', " "))?;
    ada.click("cast-next")?;
    choose_minutes(&ada)?;
    until_number(&wall, true, "cast.png")?;
    ada.shown("screen-presenting")?;
    ada.keep_picture(&target_dir::kept("screens")?.join("presenting.png"))?;
    ada.click("presenting-stop")?;
    ada.shown("screen-home")?;
    assert_ne!(code_on(&wall)?, first);
    // The one that was used is refused, and says so.
    ada.click("show-mine")?;
    ada.fill("cast-code-field", &first)?;
    ada.click("cast-next")?;
    choose_minutes(&ada)?;
    ada.shown("failed-other-code")?;
    Ok(())
}

fn code_on(desk: &Desk) -> Result<String> {
    let code = desk.shown("cast-code")?.attribute("data-code")?;
    code.context("a code on the display")
}
