//! Two real windows that are online by name: a call is declined, missed and accepted, the camera stays
//! shut until then, the system's notification tells of it, and texts go both ways.
#![cfg(target_os = "linux")]

use std::fs;

use anyhow::{Context, Result, ensure};
use duet_testkit::camera_rig::FakeCamera;
use duet_testkit::{descendant, process, sound_rig::Playing, tone, turn};
use duet_tests::desk::{self, Desk, PATIENCE};
use duet_tests::{TestServer, plug_in_camera};

const FILM: u32 = 2000;
/// A second speaker of Ben's.
const BELL: &str = "bell";
const ADA_HZ: f32 = 440.0;
const BEN_HZ: f32 = 660.0;
/// The ring tone comes again every 4 s: who listens this long has heard it if there is one.
const RING_SECONDS: f32 = 5.0;
const SILENCE_DBFS: f32 = -70.0;

const RINGS_THERE: &str = "[data-testid=\"screen-calling\"][data-ringing=\"true\"]";
const IS_QUIET: &str = "[data-testid=\"do-not-disturb\"][aria-pressed=\"true\"]";

const FOCUS_CALL_BACK: &str = "document.querySelector('[data-testid=\"recent-call\"]').focus()";

/// Ada calls; Ben has the camera and is called.
struct Two {
    ada: Desk,
    ben: Desk,
    ben_window: String,
    camera: FakeCamera,
    _voices: [Playing; 2],
}

impl Two {
    fn online(server: &TestServer) -> Result<Self> {
        let camera = plug_in_camera("Ben's camera", FILM)?;
        let ada = Desk::sit_down(&server.url(), &["--camera", "none"])?;
        let ben = Desk::sit_down(&server.url(), &[])?;
        for (desk, name) in [(&ada, "Ada"), (&ben, "Ben")] {
            desk.shown("people")?;
            ensure!(desk.window.page_text()?.contains("Nothing is sent"));
            desk.fill("online-name", name)?;
            desk.click("go-online")?;
        }
        ada.window.wait_for("[data-name=\"Ben\"]", PATIENCE)?;
        ben.window.wait_for("[data-name=\"Ada\"]", PATIENCE)?;
        let ben_window = ben.window.windows()?.remove(0);
        let voices = [
            ada.sound.play_tone_into("mic", ADA_HZ)?,
            ben.sound.play_tone_into("mic", BEN_HZ)?,
        ];
        Ok(Self {
            ada,
            ben,
            ben_window,
            camera,
            _voices: voices,
        })
    }

    /// Whether Ben's application has the camera open.
    fn camera_is_open(&self) -> Result<bool> {
        let mut is_open = false;
        for pid in descendant::tree(self.ben.window.pid())? {
            // A process that ended meanwhile has nothing open.
            let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else {
                continue;
            };
            let links = files
                .flatten()
                .filter_map(|file| fs::read_link(file.path()).ok());
            is_open |= links.into_iter().any(|link| link == self.camera.path());
        }
        Ok(is_open)
    }

    /// Clicks in Ben's window of the call, which goes away by that: the driver's answer may go with it.
    fn click_away(&self, test_id: &str) -> Result<()> {
        let button = self.ben.shown(test_id)?;
        let gone = |error: &anyhow::Error| error.to_string().contains("no such window");
        button
            .click()
            .or_else(|error| if gone(&error) { Ok(()) } else { Err(error) })
    }

    /// As soon as Ben can be called: for a moment after a call his buttons do nothing.
    fn ada_calls(&self) -> Result<()> {
        let css = "[data-testid=\"person-video\"]:not(:disabled)";
        self.ada.window.wait_for(css, PATIENCE)?;
        self.ada.click("person-video")
    }

    /// How loud one of Ben's speakers is from now on.
    fn level_of(&self, speaker: &str, seconds: f32) -> Result<f32> {
        let samples = self.ben.sound.record(speaker, seconds)?;
        Ok(tone::level_dbfs(&samples))
    }

    fn ben_hears_ringing(&self, speaker: &str) -> Result<()> {
        process::eventually("a ring tone", PATIENCE, || {
            self.level_of(speaker, 1.0).is_ok_and(|level| level > -50.0)
        })
    }

    /// The silence was not the end of the call.
    fn still_rings(&self, when: &str) -> Result<()> {
        let found = self.ada.window.find(RINGS_THERE).map(drop);
        found.with_context(|| format!("{when}; Ada sees {:?}", self.ada.window.page_text()))
    }

    fn misses(&self, count: usize) -> Result<()> {
        let css = "[data-testid=\"recent\"][data-kind=\"missed\"]";
        let what = format!("{count} missed calls");
        process::eventually(&what, PATIENCE, || {
            let missed = self.ben.window.find_all(css);
            missed.is_ok_and(|missed| missed.len() == count)
        })
    }

    fn ben_rings_on_the_bell(&self) -> Result<()> {
        self.ben.sound.add_speaker(BELL)?;
        self.ben.click("open-settings")?;
        self.ben.click("pick-ringer")?;
        self.ben.window.wait_for_text(BELL, PATIENCE)?;
        self.ben.click("pick-ringer")?;
        self.ben.pick("pick-ringer", "ringer", BELL)?;
        self.ben.click("settings-back")?;
        process::eventually("the preview closed", PATIENCE, || {
            self.camera_is_open().is_ok_and(|is_open| !is_open)
        })
    }
}

/// Why the call came to nothing, as its caller reads it.
fn is_told(desk: &Desk, reason: &str) -> Result<()> {
    let css = format!("[data-testid=\"unanswered\"][data-reason=\"{reason}\"]");
    desk.window.wait_for(&css, PATIENCE).map(drop)
}

#[test]
fn a_call_is_declined_then_accepted_and_texts_go_both_ways() -> Result<()> {
    if desk::unavailable("a_call_is_declined_then_accepted_and_texts_go_both_ways") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let server = TestServer::start()?;
    let two = Two::online(&server)?;
    let daemon = two.ben.notifications()?;
    two.ben_rings_on_the_bell()?;

    two.ada_calls()?;
    two.ada.shown("screen-calling")?;
    two.ben.look_at_new_window(&two.ben_window)?;
    let name = two.ben.shown("incoming-name")?.text()?;
    ensure!(name == "Ada", "{name} calls");
    let shown = daemon.until(0, PATIENCE, |shown| shown.summary == "Ada")?;
    ensure!(
        shown.body == "Video call" && shown.actions.contains(&"accept".to_owned()),
        "{shown:?}"
    );
    // On the speaker that Ben chose for it, and not on the one for calls.
    two.ben_hears_ringing(BELL)?;
    let other = two.level_of("speaker", 1.0)?;
    ensure!(
        other < SILENCE_DBFS,
        "the speaker for calls plays at {other} dBFS"
    );
    ensure!(!two.camera_is_open()?, "the camera is open while it rings");
    two.click_away("decline")?;
    is_told(&two.ada, "declined")?;
    two.ben.back_to(&two.ben_window)?;
    daemon.until(0, PATIENCE, |shown| shown.closed)?;

    two.ada.click("call-again")?;
    two.ben.look_at_new_window(&two.ben_window)?;
    two.ben.shown("accept")?;
    ensure!(
        !two.camera_is_open()?,
        "the camera is open before the answer"
    );
    two.click_away("accept")?;
    two.ben.back_to(&two.ben_window)?;
    for desk in [&two.ada, &two.ben] {
        desk.until_call_is("connected", PATIENCE)?;
    }
    two.ada.sees_film(FILM)?;
    ensure!(two.camera_is_open()?, "the film comes from elsewhere");
    two.ada.hears("speaker", BEN_HZ)?;
    two.ben.hears("speaker", ADA_HZ)?;

    // A text with markup is a text; the other sees a badge until they look.
    two.ada.click("toggle-chat")?;
    two.ada.fill("chat-field", "<b>hello</b>")?;
    two.ada.click("chat-send")?;
    two.ada.window.wait_for(
        "[data-testid=\"message\"][data-state=\"delivered\"]",
        PATIENCE,
    )?;
    let badge = two.ben.reach("chat-unread")?.text()?;
    ensure!(badge == "1", "{badge} unread");
    two.ben.click("toggle-chat")?;
    two.ben.window.wait_for_text("<b>hello</b>", PATIENCE)?;
    two.ben.fill("chat-field", "and back")?;
    two.ben.click("chat-send")?;
    two.ada.window.wait_for_text("and back", PATIENCE)?;

    two.ben.click("leave")?;
    two.ada.shown("call-again")?;
    two.ada.click("done")?;
    two.ada
        .window
        .wait_for("[data-testid=\"recent\"][data-kind=\"called\"]", PATIENCE)?;
    Ok(())
}

#[test]
fn a_missed_call_is_remembered_and_a_notification_answers() -> Result<()> {
    if desk::unavailable("a_missed_call_is_remembered_and_a_notification_answers") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let server = TestServer::start()?;
    let two = Two::online(&server)?;
    let daemon = two.ben.notifications()?;

    two.ada_calls()?;
    two.ben.look_at_new_window(&two.ben_window)?;
    two.ben.shown("screen-incoming")?;
    two.ben_hears_ringing("speaker")?;
    two.ada.click("cancel-call")?;
    two.ada.shown("screen-home")?;
    two.ben.back_to(&two.ben_window)?;
    two.misses(1)?;

    // Do-not-disturb: nothing shows or sounds, and the call is in the list all the same.
    two.ben.click("do-not-disturb")?;
    two.ben.window.wait_for(IS_QUIET, PATIENCE)?;
    two.ada_calls()?;
    two.ada.window.wait_for(RINGS_THERE, PATIENCE)?;
    let level = two.level_of("speaker", RING_SECONDS)?;
    ensure!(level < SILENCE_DBFS, "it rings at {level} dBFS");
    two.still_rings("in do-not-disturb")?;
    ensure!(
        daemon.count() == 1 && two.ben.window.windows()?.len() == 1,
        "something showed"
    );
    // Who wants to be disturbed again sees what rings at that moment.
    two.ben.click("do-not-disturb")?;
    two.ben.shown("incoming-banner")?;
    two.ada.click("cancel-call")?;
    two.misses(2)?;

    // Turned on while it rings, it silences the ring and closes its window.
    two.ada_calls()?;
    two.ben.look_at_new_window(&two.ben_window)?;
    two.ben.shown("screen-incoming")?;
    two.ben_hears_ringing("speaker")?;
    two.ben.window.switch_to(&two.ben_window)?;
    two.ben.click("do-not-disturb")?;
    two.ben.back_to(&two.ben_window)?;
    process::eventually("silence", PATIENCE, || {
        let level = two.level_of("speaker", RING_SECONDS);
        level.is_ok_and(|level| level < SILENCE_DBFS)
    })?;
    two.still_rings("once it was turned on")?;
    two.ada.click("cancel-call")?;
    two.misses(3)?;
    two.ben.click("do-not-disturb")?;

    // Ben calls back from the list; Ada, at her own desk, declines from the notification, then answers from it.
    let ada_daemon = two.ada.notifications()?;
    let ada_window = two.ada.window.windows()?.remove(0);
    // The button shows under the pointer and with the focus.
    two.ben.window.execute(FOCUS_CALL_BACK, &[])?;
    two.ben.click("recent-call")?;
    let is_ben = |number| {
        let shown = ada_daemon.until(number, PATIENCE, |shown| shown.summary == "Ben");
        shown.context("Ada is told")
    };
    let shown = is_ben(0)?;
    ensure!(shown.actions.contains(&"decline".to_owned()), "{shown:?}");
    two.ada.look_at_new_window(&ada_window)?;
    ada_daemon.click(0, "decline")?;
    is_told(&two.ben, "declined")?;
    two.ada.back_to(&ada_window)?;
    ensure!(!two.camera_is_open()?, "the camera is open after the no");
    two.ben.click("call-again")?;
    is_ben(1)?;
    ada_daemon.click(1, "audio")?;
    for desk in [&two.ada, &two.ben] {
        desk.until_call_is("connected", PATIENCE)?;
    }
    Ok(())
}
