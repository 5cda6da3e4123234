//! Headless Chromium and Firefox on a page that reports what it measured.
//!
//! Each browser has a profile of its own, is kept off the network, grants the page camera and
//! microphone without asking, and shows a clip (Chromium) or a pattern (Firefox) as its camera. A
//! page posts its results to [`crate::http::PageServer`]. Headless Firefox has no driver in Debian
//! and needs none so.

use crate::process::Process;
use anyhow::{Context, Result};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// A running browser; dropping it ends all its processes.
#[derive(Debug)]
pub struct Browser {
    // Fields drop in this order: the processes end before their profile goes.
    process: Process,
    _profile: TempDir,
}

/// How Chromium is started.
#[derive(Debug, Clone, Copy, Default)]
pub struct ChromiumOptions<'a> {
    /// A y4m (or MJPEG) clip that its camera shows; a moving pattern of its own without one.
    pub camera: Option<&'a Path>,
    /// A WAV that its microphone hears; a beep of its own without one.
    pub microphone: Option<&'a Path>,
    /// Flags besides those of every test.
    pub flags: &'a [&'a str],
}

pub(crate) const CHROMIUM_FLAGS: [&str; 14] = [
    "--headless=new",
    // The page is ours, and root in a container can have no sandbox.
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
];

const FIREFOX_PREFERENCES: [(&str, &str); 18] = [
    ("media.navigator.streams.fake", "true"),
    ("media.navigator.permission.disabled", "true"),
    ("media.autoplay.default", "0"),
    ("media.autoplay.blocking_policy", "0"),
    // Firefox would fetch its H.264 plug-in from the network.
    ("media.gmp-manager.updateEnabled", "false"),
    ("media.gmp-provider.enabled", "false"),
    ("app.normandy.enabled", "false"),
    ("app.update.enabled", "false"),
    ("browser.aboutwelcome.enabled", "false"),
    ("browser.safebrowsing.downloads.enabled", "false"),
    ("browser.safebrowsing.malware.enabled", "false"),
    ("browser.safebrowsing.phishing.enabled", "false"),
    ("browser.shell.checkDefaultBrowser", "false"),
    ("datareporting.policy.dataSubmissionEnabled", "false"),
    ("dom.push.connection.enabled", "false"),
    ("extensions.update.enabled", "false"),
    ("network.captive-portal-service.enabled", "false"),
    ("network.connectivity-service.enabled", "false"),
];

impl Browser {
    /// Opens `url` in headless Chromium.
    pub fn chromium(url: &str, options: ChromiumOptions<'_>) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let mut command = Command::new("chromium");
        command.args(CHROMIUM_FLAGS).args(options.flags);
        command.arg(with_path("--user-data-dir=", profile.path()));
        if let Some(clip) = options.camera {
            // Its processes read the clip as they play it: have it in the page cache first.
            fs::read(clip).with_context(|| clip.display().to_string())?;
            command.arg(with_path("--use-file-for-fake-video-capture=", clip));
        }
        if let Some(sound) = options.microphone {
            command.arg(with_path("--use-file-for-fake-audio-capture=", sound));
        }
        Self::start("Chromium", command.arg(url), profile)
    }

    /// Opens `url` in headless Firefox.
    pub fn firefox(url: &str) -> Result<Self> {
        let profile = firefox_profile(&[])?;
        let mut command = Command::new("firefox-esr");
        command
            .args(["--headless", "--no-remote", "--profile"])
            .arg(profile.path())
            .env("MOZ_CRASHREPORTER_DISABLE", "1");
        Self::start("Firefox", command.arg(url), profile)
    }

    /// The id of its first process, which leads the group of all of them.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// What it has printed.
    pub fn log(&self) -> Vec<String> {
        self.process.lines()
    }

    fn start(name: &str, command: &mut Command, profile: TempDir) -> Result<Self> {
        quiet(command, profile.path());
        Ok(Self {
            process: Process::spawn(name, command.stdin(Stdio::null()))?,
            _profile: profile,
        })
    }
}

/// A profile with the preferences of every test, and more.
pub(crate) fn firefox_profile(more: &[(&str, &str)]) -> Result<TempDir> {
    let profile = tempfile::tempdir()?;
    let all = FIREFOX_PREFERENCES.iter().chain(more);
    let lines: String = all
        .map(|(name, value)| format!("user_pref(\"{name}\", {value});\n"))
        .collect();
    fs::write(profile.path().join("user.js"), lines)?;
    Ok(profile)
}

/// Keeps a browser off the desktop and out of the settings of whoever runs the test.
pub(crate) fn quiet(command: &mut Command, home: &Path) {
    command
        .env("HOME", home)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("LD_PRELOAD");
}

/// The version line of an installed browser, to print beside its figures.
pub fn version(program: &str) -> Result<String> {
    let output = Command::new(program).arg("--version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn with_path(flag: &str, path: &Path) -> std::ffi::OsString {
    let mut argument = std::ffi::OsString::from(flag);
    argument.push(path);
    argument
}
