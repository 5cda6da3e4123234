//! A session bus, PipeWire and its session manager of the test's own. None of them opens a device or
//! knows of the session that the test runs in.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use duet_portal::Bus;
use duet_testkit::process::{Process, eventually};
use duet_testkit::skip;
use tempfile::TempDir;

const PROGRAMS: [&str; 3] = ["dbus-daemon", "pipewire", "wireplumber"];
const PATIENCE: Duration = Duration::from_secs(20);

/// Ends with its handle.
#[derive(Debug)]
pub(crate) struct Rig {
    folder: TempDir,
    address: String,
    _bus: Process,
    pipewire: Process,
    _manager: Process,
}

impl Rig {
    /// None, and written down as skipped, where the programs are missing.
    pub(crate) fn start(test: &str) -> Option<Self> {
        if skip::without_programs(test, &PROGRAMS) {
            return None;
        }
        Some(Self::started().expect("the rig starts"))
    }

    fn started() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        fs::write(
            folder.path().join("pipewire.conf"),
            include_str!("pipewire.conf"),
        )?;
        fs::write(
            folder.path().join("wireplumber.conf"),
            include_str!("wireplumber.conf"),
        )?;
        fs::write(folder.path().join("links.lua"), include_str!("links.lua"))?;
        let (bus, address) = start_bus(&folder)?;
        let mut command = private("pipewire", &folder);
        command.arg("-c").arg(folder.path().join("pipewire.conf"));
        let pipewire = Process::spawn("pipewire", &mut command)?;
        let socket = folder.path().join("pipewire-0");
        eventually("PipeWire's socket", PATIENCE, || socket.exists())
            .with_context(|| pipewire.lines().join("\n"))?;
        let manager = Process::spawn("wireplumber", &mut private("wireplumber", &folder))?;
        Ok(Self {
            folder,
            address,
            _bus: bus,
            pipewire,
            _manager: manager,
        })
    }

    pub(crate) fn bus(&self) -> Bus {
        Bus::At(self.address.clone())
    }

    pub(crate) fn bus_address(&self) -> &str {
        &self.address
    }

    /// Where PipeWire listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("pipewire-0")
    }

    pub(crate) fn kill_pipewire(&mut self) {
        self.pipewire.kill();
    }
}

fn private(program: &str, folder: &TempDir) -> Command {
    let mut command = Command::new(program);
    command
        .env("XDG_RUNTIME_DIR", folder.path())
        .env("PIPEWIRE_RUNTIME_DIR", folder.path())
        .env("WIREPLUMBER_CONFIG_DIR", folder.path())
        .env("HOME", folder.path())
        .env("XDG_STATE_HOME", folder.path())
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("PIPEWIRE_REMOTE")
        .env_remove("LD_PRELOAD")
        .stdin(Stdio::null());
    command
}

fn start_bus(folder: &TempDir) -> Result<(Process, String)> {
    let mut command = private("dbus-daemon", folder);
    command
        .args(["--session", "--nofork", "--print-address=1", "--address"])
        .arg(format!("unix:dir={}", folder.path().display()));
    let bus = Process::spawn("dbus-daemon", &mut command)?;
    let address = bus.wait_for_line(PATIENCE, |line| line.starts_with("unix:"))?;
    Ok((bus, address))
}
