//! A guest: a browser with the server's own page, driven as a person would.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use duet_testkit::browser_rig::ChromiumOptions;
use duet_testkit::process::eventually;
use duet_testkit::webdriver::{DrivenBrowser, WebDriver};
use duet_testkit::{clip, skip};
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

impl Program {
    /// True, and written down as skipped, where it is not installed.
    #[must_use]
    pub fn is_missing(self, test: &str) -> bool {
        match self {
            Self::Chromium => skip::without_programs(test, &["chromium", "chromedriver"]),
            Self::Firefox => skip::without_programs(test, &["firefox-esr"]),
        }
    }
}

/// What an element of the other's pictures shows: a small copy of the picture as a number, its size, the time that was
/// played, and the tracks. (Firefox counts no frames of a stream, so they are looked at.)
const SEEN: &str = "const video = document.querySelector(`[data-testid=${arguments[0]}]`); \
    const tracks = video.srcObject ? video.srcObject.getTracks().map((track) => track.kind + (track.muted ? ' muted' : '')) : []; \
    let picture = 0; \
    if (video.videoWidth > 0) { \
        const canvas = document.createElement('canvas'); \
        canvas.width = 64; canvas.height = 36; \
        const context = canvas.getContext('2d'); \
        context.drawImage(video, 0, 0, 64, 36); \
        for (const byte of context.getImageData(0, 0, 64, 36).data) picture = (picture * 31 + byte) % 1000003; \
    } \
    return { picture, width: video.videoWidth, label: video.getAttribute('aria-label'), time: video.currentTime, paused: video.paused, tracks };";
/// That many different pictures are a moving one.
const PICTURES: usize = 25;

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
        match program {
            Program::Chromium => {
                let camera = clip::moving_pattern(640, 360, 30, 4)?;
                let options = ChromiumOptions {
                    camera: Some(&camera),
                    ..ChromiumOptions::default()
                };
                Self::start(DrivenBrowser::chromium(options)?, url)
            }
            Program::Firefox => Self::start(DrivenBrowser::firefox(&[])?, url),
        }
    }

    /// Opens it in Chromium with flags of its own.
    ///
    /// # Errors
    /// When the browser does not start.
    pub fn chromium(url: &str, flags: &[&str]) -> Result<Self> {
        let options = ChromiumOptions {
            flags,
            ..ChromiumOptions::default()
        };
        Self::start(DrivenBrowser::chromium(options)?, url)
    }

    /// Opens it in Firefox with the devices that this environment names.
    ///
    /// # Errors
    /// When the browser does not start.
    pub fn firefox_with_devices(url: &str, environment: &[(String, String)]) -> Result<Self> {
        Self::start(DrivenBrowser::firefox_with_devices(environment)?, url)
    }

    /// Opens it in a browser to which this name is this machine.
    ///
    /// # Errors
    /// When the browser does not start.
    pub fn open_at_name(program: Program, name: &str, url: &str) -> Result<Self> {
        match program {
            Program::Chromium => {
                let knows = format!("--host-resolver-rules=MAP {name} 127.0.0.1");
                Self::chromium(url, &[&knows])
            }
            Program::Firefox => {
                let name = format!("\"{name}\"");
                let browser = DrivenBrowser::firefox(&[("network.dns.localDomains", &name)])?;
                Self::start(browser, url)
            }
        }
    }

    pub(crate) fn start(browser: DrivenBrowser, url: &str) -> Result<Self> {
        let guest = Self { browser };
        guest.go_to(url)?;
        Ok(guest)
    }

    /// Opens another address, whose policy is watched from then on.
    ///
    /// # Errors
    /// When it does not load.
    pub fn go_to(&self, url: &str) -> Result<()> {
        self.page().go_to(url)?;
        self.page().execute(WATCH_POLICY, &[]).map(drop)
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

    /// Waits until the other's picture moves and the sound, which goes by the same clock, with it.
    ///
    /// # Errors
    /// When they do not.
    pub fn until_picture_moves(&self) -> Result<()> {
        self.until_state("connected")?;
        let before = self.seen()?;
        let mut after = before.clone();
        let mut pictures = HashSet::new();
        let time = |seen: &Value| seen["time"].as_f64().unwrap_or(0.0);
        let moved = eventually("the other's picture moves", LIMIT, || {
            after = self.seen().unwrap_or_default();
            pictures.extend(after["picture"].as_u64());
            pictures.len() >= PICTURES && time(&after) > time(&before) + 1.0
        });
        let count = pictures.len();
        moved.with_context(|| {
            format!(
                "{count} pictures\n{before}\n{after}\n{}",
                self.console().join("\n")
            )
        })
    }

    /// What the element of the other's picture shows.
    ///
    /// # Errors
    /// When there is none.
    pub fn seen(&self) -> Result<Value> {
        self.seen_in("video-remote")
    }

    /// What the element with this test id shows.
    ///
    /// # Errors
    /// When there is none.
    pub fn seen_in(&self, id: &str) -> Result<Value> {
        self.page().execute(SEEN, &[json!(id)])
    }

    /// Sends a text.
    ///
    /// # Errors
    /// When there is no chat.
    pub fn write(&self, text: &str) -> Result<()> {
        let field = self.page().find("[data-testid=chat-field]")?;
        if !field.is_displayed()? {
            self.click("open-chat")?;
        }
        let field = self.page().wait_for("[data-testid=chat-field]", LIMIT)?;
        field.type_text(text)?;
        self.click("chat-send")
    }

    /// Waits for a text in a state: `received`, `sending`, `delivered` or `failed`.
    ///
    /// # Errors
    /// When it does not come.
    pub fn until_text(&self, state: &str, text: &str) -> Result<()> {
        let script = "return [...document.querySelectorAll('[data-testid=chat-text]')] \
            .some((one) => one.dataset.state === arguments[0] && one.textContent === arguments[1])";
        let arguments = [json!(state), json!(text)];
        let what = format!("{text:?} is {state}");
        eventually(&what, LIMIT, || {
            self.page()
                .execute(script, &arguments)
                .is_ok_and(|found| found == json!(true))
        })
    }

    /// A property of an element that the page has, such as `textContent`.
    ///
    /// # Errors
    /// When there is no such element.
    pub fn text_of(&self, id: &str) -> Result<String> {
        let script = "return document.querySelector(`[data-testid=${arguments[0]}]`).textContent";
        let text = self.page().execute(script, &[json!(id)])?;
        Ok(text.as_str().unwrap_or_default().to_owned())
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
    // A Firefox that does not have Trusted Types yet says so with each page.
    let is_policy = is_policy && !line.contains("process unknown directive");
    // In the words of Chromium, and in those of Firefox.
    let is_server_away = line.contains("WebSocket connection to")
        || line.contains("establish a connection to the server at ws");
    let is_error = line.starts_with("\"SEVERE\"");
    // Firefox lists the faults of its own parts, too.
    let is_ours = line.contains("JavaScript Error") && line.contains("/guest/");
    is_policy || ((is_error || is_ours) && !is_server_away)
}
