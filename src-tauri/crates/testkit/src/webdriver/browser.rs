//! Chromium and Firefox with a driver: what [`crate::browser_rig`] opens, but clicked and typed into.

use super::wire::{Marionette, Wire};
use super::{START_TIMEOUT, WebDriver};
use crate::browser_rig::{CHROMIUM_FLAGS, ChromiumOptions, firefox_profile, quiet};
use crate::{port, process, process::Process};
use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// A browser that a test drives; it ends when dropped.
#[derive(Debug)]
pub struct DrivenBrowser {
    // Fields drop in this order: the browser ends before its profile goes.
    page: WebDriver,
    _profile: TempDir,
}

impl DrivenBrowser {
    /// Opens headless Chromium on an empty page.
    pub fn chromium(options: ChromiumOptions<'_>) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let mut arguments: Vec<String> = CHROMIUM_FLAGS.map(str::to_owned).to_vec();
        arguments.extend(options.flags.iter().map(|&flag| flag.to_owned()));
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        if let Some(clip) = options.camera {
            // Its processes read the clip as they play it: have it in the page cache first.
            fs::read(clip).with_context(|| clip.display().to_string())?;
            arguments.push(format!(
                "--use-file-for-fake-video-capture={}",
                clip.display()
            ));
        }
        let capabilities = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let port = port::free_port()?;
        let mut command = Command::new("chromedriver");
        quiet(command.arg(format!("--port={port}")), profile.path());
        let page = WebDriver::start(command, port, &capabilities)?;
        Ok(Self {
            page,
            _profile: profile,
        })
    }

    /// Opens headless Firefox on an empty page, with preferences besides those of every test.
    pub fn firefox(preferences: &[(&str, &str)]) -> Result<Self> {
        Self::firefox_in(&[], preferences)
    }

    /// The same with the cameras and the sound that this environment names. Of its own fakes,
    /// Firefox has one of each kind and no speaker.
    pub fn firefox_with_devices(environment: &[(String, String)]) -> Result<Self> {
        Self::firefox_in(environment, &[("media.navigator.streams.fake", "false")])
    }

    fn firefox_in(environment: &[(String, String)], preferences: &[(&str, &str)]) -> Result<Self> {
        let port = port::free_port()?;
        let own = port.to_string();
        let more = [&[("marionette.port", own.as_str())], preferences].concat();
        let profile = firefox_profile(&more)?;
        let mut command = Command::new("firefox-esr");
        command
            .args(["--headless", "--no-remote", "--marionette"])
            // Lets the test read the browser's console.
            .arg("--remote-allow-system-access")
            .arg("--profile")
            .arg(profile.path())
            .env("MOZ_CRASHREPORTER_DISABLE", "1");
        quiet(&mut command, profile.path());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let driver = Process::spawn("Firefox", command.stdin(Stdio::null()))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut connected = None;
        let done = process::eventually("Firefox answers", START_TIMEOUT, || {
            connected = Marionette::connect(address).ok();
            connected.is_some()
        });
        done.with_context(|| driver.lines().join("\n"))?;
        let marionette = connected.context("no connection")?;
        Ok(Self {
            page: WebDriver {
                wire: Wire::Marionette(Mutex::new(marionette)),
                driver,
            },
            _profile: profile,
        })
    }

    /// The page in it.
    pub fn page(&self) -> &WebDriver {
        &self.page
    }

    /// What the browser itself says of pages: errors, and what their policies forbade.
    pub fn console(&self) -> Result<Vec<String>> {
        match &self.page.wire {
            Wire::Http { .. } => self.chromium_console(),
            Wire::Marionette(_) => self.firefox_console(),
        }
    }

    fn chromium_console(&self) -> Result<Vec<String>> {
        let lines = self.page.post("se/log", &json!({ "type": "browser" }))?;
        let lines = lines.as_array().cloned().unwrap_or_default();
        Ok(lines
            .iter()
            .map(|line| format!("{}: {}", line["level"], line["message"]))
            .collect())
    }

    fn firefox_console(&self) -> Result<Vec<String>> {
        let script = "return Services.console.getMessageArray().map((line) => line.toString())";
        let lines = self.in_firefox_itself(script, &[])?;
        let lines = lines.as_array().cloned().unwrap_or_default();
        let text = |line: &Value| line.as_str().unwrap_or_default().to_owned();
        Ok(lines.iter().map(text).collect())
    }

    /// Imports an authority (DER) that Firefox believes from here on.
    pub fn firefox_trusts(&self, authority: &[u8]) -> Result<()> {
        let script = "Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB) \
            .addCertFromBase64(arguments[0], 'C,,')";
        let authority = json!(STANDARD.encode(authority));
        self.in_firefox_itself(script, &[authority]).map(drop)
    }

    fn in_firefox_itself(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        let look = |context| self.page.post("moz/context", &json!({ "value": context }));
        look("chrome")?;
        let answer = self.page.execute(script, arguments);
        look("content")?;
        answer
    }
}

/// The flag with which Chromium believes every certificate with this key: the SHA-256 of its
/// SubjectPublicKeyInfo (RFC 5280 section 4.1).
pub fn chromium_trusts(key_digest: &[u8]) -> String {
    let digest = STANDARD.encode(key_digest);
    format!("--ignore-certificate-errors-spki-list={digest}")
}

impl WebDriver {
    /// Opens an address.
    pub fn go_to(&self, url: &str) -> Result<()> {
        self.post("url", &json!({ "url": url })).map(drop)
    }

    /// What the window shows, as PNG. (WebKit's driver does not answer this without a GPU.)
    pub fn screenshot(&self) -> Result<Vec<u8>> {
        let text = self.get("screenshot")?;
        Ok(STANDARD.decode(text.as_str().context("no picture")?)?)
    }
}
