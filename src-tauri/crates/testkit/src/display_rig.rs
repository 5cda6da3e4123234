//! A display without a screen: Xvfb, a window manager and a session bus, all private.
//!
//! Xvfb keeps its screen in a mapped file, so a screenshot is a read of that file: no tool, no
//! round trip, and a benchmark can look as often as it likes.

use crate::{process::Process, screenshot::Screenshot};
use anyhow::{Context, Result};
use std::{fs, path::PathBuf, process::Command, process::Stdio, time::Duration};
use tempfile::TempDir;

const START_TIMEOUT: Duration = Duration::from_secs(20);
const PROGRAMS: [&str; 3] = ["Xvfb", "openbox", "dbus-daemon"];

/// A running display.
#[derive(Debug)]
pub struct DisplayRig {
    // Fields drop in this order: the display goes last, its folder after it.
    _window_manager: Process,
    bus: Process,
    server: Process,
    name: String,
    bus_address: String,
    folder: TempDir,
}

impl DisplayRig {
    /// Starts a display of this many pixels.
    pub fn start(width: u32, height: u32) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (server, name) = start_server(&folder, width, height)?;
        let (bus, bus_address) = start_bus(&folder)?;
        let mut openbox = Command::new("openbox");
        openbox
            .env("DISPLAY", &name)
            .env("DBUS_SESSION_BUS_ADDRESS", &bus_address)
            .env("HOME", folder.path())
            .env("XDG_CONFIG_HOME", folder.path())
            .env_remove("LD_PRELOAD")
            .stdin(Stdio::null());
        Ok(Self {
            _window_manager: Process::spawn("openbox", &mut openbox)?,
            bus,
            server,
            name,
            bus_address,
            folder,
        })
    }

    /// What to set in the environment of a process whose windows shall appear here. WebKit draws in
    /// software, as on any machine without a GPU.
    pub fn env(&self) -> Vec<(String, String)> {
        let pairs = [
            ("DISPLAY", self.name.as_str()),
            ("DBUS_SESSION_BUS_ADDRESS", self.bus_address.as_str()),
            ("GDK_BACKEND", "x11"),
            ("XDG_SESSION_TYPE", "x11"),
            ("WAYLAND_DISPLAY", ""),
            ("WEBKIT_DISABLE_DMABUF_RENDERER", "1"),
            ("NO_AT_BRIDGE", "1"),
        ];
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    /// The address of the session bus of this display.
    pub fn bus_address(&self) -> &str {
        &self.bus_address
    }

    /// The display's name, such as `:7`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Everything that the display shows now.
    pub fn screenshot(&self) -> Result<Screenshot> {
        let path = self.screen_file();
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        Screenshot::from_xwd(&bytes)
    }

    /// The file that holds the screen (an X window dump); reading it again shows the next moment.
    pub fn screen_file(&self) -> PathBuf {
        self.folder.path().join("Xvfb_screen0")
    }

    /// The process ids of the display and of the bus.
    pub fn pids(&self) -> [u32; 2] {
        [self.server.pid(), self.bus.pid()]
    }
}

/// True, and written down as skipped, where the programs are not installed.
pub fn unavailable(test: &str) -> bool {
    crate::skip::without_programs(test, &PROGRAMS)
}

/// Xvfb looks for a free display itself and prints its number.
fn start_server(folder: &TempDir, width: u32, height: u32) -> Result<(Process, String)> {
    let mut command = Command::new("Xvfb");
    command
        .args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen"])
        .args(["0", &format!("{width}x{height}x24"), "-fbdir"])
        .arg(folder.path())
        .env_remove("LD_PRELOAD")
        .stdin(Stdio::null());
    let server = Process::spawn("Xvfb", &mut command)?;
    let number = server.wait_for_line(START_TIMEOUT, |line| line.parse::<u32>().is_ok())?;
    Ok((server, format!(":{number}")))
}

fn start_bus(folder: &TempDir) -> Result<(Process, String)> {
    let mut command = Command::new("dbus-daemon");
    command
        .args(["--session", "--nofork", "--print-address=1", "--address"])
        .arg(format!("unix:dir={}", folder.path().display()))
        .env_remove("LD_PRELOAD")
        .stdin(Stdio::null());
    let bus = Process::spawn("dbus-daemon", &mut command)?;
    let address = bus.wait_for_line(START_TIMEOUT, |line| line.starts_with("unix:"))?;
    Ok((bus, address))
}
