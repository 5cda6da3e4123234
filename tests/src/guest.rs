//! A guest: a browser with the server's own page, driven as a person would.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use duet_testkit::browser_rig::ChromiumOptions;
use duet_testkit::clip;
use duet_testkit::process::eventually;
use duet_testkit::webdriver::{DrivenBrowser, WebDriver};
use serde_json::{Value, json};

/// Generous: two browsers and two endpoints share two processors.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Which browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Chromium.
    Chromium,
    /// Firefox.
    Firefox,
}

/// Decoded pictures, played time, and packets of sound of the other; read through the page's own elements.
const SEEN: &str = "const video = document.querySelector('[data-testid=video-remote]'); \
    const quality = video.getVideoPlaybackQuality(); \
    const tracks = video.srcObject ? video.srcObject.getTracks().map((track) => track.kind + (track.muted ? ' muted' : '')) : []; \
    return { frames: quality.totalVideoFrames, width: video.videoWidth, time: video.currentTime, paused: video.paused, tracks };";

/// Counts what the page's policy forbids from here on.
const WATCH_POLICY: &str = "document.documentElement.dataset.violations = '0'; \
    document.addEventListener('securitypolicyviolation', () => { \
        const root = document.documentElement; \
        root.dataset.violations = String(Number(root.dataset.violations) + 1); });";

/// A guest's browser.
#[derive(Debug)]
pub struct Guest {
    browser: DrivenBrowser,
}

impl Guest {
    /// Opens a page with the program's fake camera and microphone.
    ///
    /// # Errors
    /// When the browser does not start.
    pub fn open(program: Program, url: &str) -> Result<Self> {
        Self::open_with(program, url, &[])
    }

    /// The same with flags, which only Chromium takes.
    ///
    /// # Errors
    /// When the browser does not start.
    pub fn open_with(program: Program, url: &str, flags: &[&str]) -> Result<Self> {
        let browser = match program {
            Program::Chromium => {
                let camera = clip::moving_pattern(640, 360, 30, 4)?;
                DrivenBrowser::chromium(ChromiumOptions {
                    camera: Some(&camera),
                    flags,
                    ..ChromiumOptions::default()
                })?
            }
            Program::Firefox => DrivenBrowser::firefox(&[])?,
        };
        let guest = Self { browser };
        guest.page().go_to(url)?;
        guest.page().execute(WATCH_POLICY, &[])?;
        Ok(guest)
    }

    /// Its page.
    #[must_use]
    pub fn page(&self) -> &WebDriver {
        self.browser.page()
    }

    /// Goes through the lobby, once its camera is there.
    ///
    /// # Errors
    /// When the lobby is not there.
    pub fn join(&self, name: &str) -> Result<()> {
        self.page()
            .wait_for("[data-testid=toggle-camera][data-on=true]", LIMIT)?;
        self.join_as_it_is(name)
    }

    /// Goes through the lobby, whatever there is.
    ///
    /// # Errors
    /// When the lobby is not there.
    pub fn join_as_it_is(&self, name: &str) -> Result<()> {
        let field = self.page().wait_for("[data-testid=lobby-name]", LIMIT)?;
        field.clear()?;
        field.type_text(name)?;
        self.click("lobby-join")
    }

    /// Clicks what has this test id.
    ///
    /// # Errors
    /// When it is not shown.
    pub fn click(&self, id: &str) -> Result<()> {
        self.page()
            .wait_for(&format!("[data-testid={id}]"), LIMIT)?
            .click()
    }

    /// Waits until the call is in this state.
    ///
    /// # Errors
    /// When it does not get there.
    pub fn until_state(&self, state: &str) -> Result<()> {
        let css = format!("[data-testid=screen-call][data-state={state}]");
        let found = self.page().wait_for(&css, LIMIT).map(drop);
        found.with_context(|| self.console().join("\n"))
    }

    /// Waits until something with this test id is shown.
    ///
    /// # Errors
    /// When it is not.
    pub fn until_shown(&self, id: &str) -> Result<()> {
        let css = format!("[data-testid={id}]");
        self.page().wait_for(&css, LIMIT).map(drop)
    }

    /// Waits until the other's picture moves and the sound goes on.
    ///
    /// # Errors
    /// When they do not.
    pub fn until_picture_moves(&self) -> Result<()> {
        let before = self.seen()?;
        let mut after = before.clone();
        let number = |seen: &Value, name: &str| seen[name].as_f64().unwrap_or(0.0);
        let moved = eventually("the other's picture moves", LIMIT, || {
            after = self.seen().unwrap_or_default();
            number(&after, "frames") >= number(&before, "frames") + 30.0
                && number(&after, "time") > number(&before, "time") + 1.0
        });
        moved.with_context(|| format!("{before}\n{after}\n{}", self.console().join("\n")))
    }

    /// What the element of the other's picture shows.
    ///
    /// # Errors
    /// When there is none.
    pub fn seen(&self) -> Result<Value> {
        self.page().execute(SEEN, &[])
    }

    /// Leaves the call.
    ///
    /// # Errors
    /// When there is none.
    pub fn leave(&self) -> Result<()> {
        self.click("leave")?;
        self.until_shown("screen-ended")
    }

    /// Nothing of the page was against its own policy, and nothing in it failed.
    ///
    /// # Errors
    /// What was.
    pub fn check_clean(&self) -> Result<()> {
        let count = "return document.documentElement.dataset.violations";
        let count = self.page().execute(count, &[])?;
        let complaints: Vec<String> = self
            .console()
            .into_iter()
            .filter(|line| is_fault(line))
            .collect();
        if count != json!("0") || !complaints.is_empty() {
            bail!("{count} violations:\n{}", complaints.join("\n"));
        }
        Ok(())
    }

    /// The browser's console.
    #[must_use]
    pub fn console(&self) -> Vec<String> {
        self.browser.console().unwrap_or_default()
    }
}

/// Whether a line of a browser's console is about a fault of the page. A server that is away is none.
fn is_fault(line: &str) -> bool {
    let is_policy = line.contains("Content Security Policy")
        || line.contains("Content-Security-Policy")
        || line.contains("TrustedHTML")
        || line.contains("TrustedScript");
    let is_error = line.starts_with("\"SEVERE\"") && !line.contains("WebSocket connection to");
    // Firefox lists the faults of its own parts, too.
    let is_ours = line.contains("JavaScript Error") && line.contains("/guest/");
    is_policy || is_error || is_ours
}
