//! End-to-end tests. What they share: a server of their own, `duet-peer` as a program, and desks
//! with the real window.

#[cfg(target_os = "linux")]
pub mod desk;
#[cfg(target_os = "linux")]
mod film;
#[cfg(target_os = "linux")]
pub mod guest;
#[cfg(target_os = "linux")]
pub mod guest_seat;
#[cfg(target_os = "linux")]
pub mod hostile;
pub mod leaks;
#[cfg(target_os = "linux")]
pub mod notification_daemon;
#[cfg(target_os = "linux")]
pub mod secure_server;
#[cfg(target_os = "linux")]
pub mod server_program;
pub mod tls_front;
pub mod wiretap;

#[cfg(target_os = "linux")]
pub use film::{FILM_FRAMES, film, plug_in_camera};

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use duet_server::{Server, ServerConfig};
use duet_testkit::process::{Process, Signal, eventually};
use duet_testkit::target_dir;
use serde_json::Value;
use tokio::runtime::Runtime;

/// A server on a free port of this machine; it ends when dropped.
#[derive(Debug)]
pub struct TestServer {
    server: Option<Server>,
    runtime: Runtime,
}

impl TestServer {
    /// Starts it.
    ///
    /// # Errors
    /// When no port of the loopback address is free.
    pub fn start() -> Result<Self> {
        Self::start_with(ServerConfig::loopback())
    }

    /// Starts it with settings of its own.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start_with(config: ServerConfig) -> Result<Self> {
        let runtime = Runtime::new()?;
        let server = runtime.block_on(Server::bind(config))?;
        Ok(Self {
            server: Some(server),
            runtime,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        let server = self.server.as_ref()?;
        server.local_addrs().first().copied()
    }

    /// The page with which a browser joins a room; the room's name as it stands in a URL.
    #[must_use]
    pub fn page(&self, room: &str) -> String {
        let host = self.address().map(|address| address.to_string());
        format!("http://{}/r/{room}", host.unwrap_or_default())
    }

    /// Packets that its relay took from clients.
    #[must_use]
    pub fn relayed_packets(&self) -> u64 {
        let stats = self.server.as_ref().map(Server::stats);
        stats.map_or(0, |stats| stats.turn.packets_from_clients)
    }

    /// Its WebSocket address.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.as_ref().map(Server::url).unwrap_or_default()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.shutdown());
        }
    }
}

/// A running `duet-peer` and where it will write its report.
#[derive(Debug)]
pub struct Peer {
    process: Process,
    report: PathBuf,
}

impl Peer {
    /// Starts one in the room, with its report in `folder`.
    ///
    /// # Errors
    /// When the program is not built.
    pub fn start(server: &TestServer, room: &str, folder: &Path, more: &[&str]) -> Result<Self> {
        Self::start_at(&server.url(), room, folder, more)
    }

    /// The same with a server by its address.
    ///
    /// # Errors
    /// When the program is not built.
    pub fn start_at(url: &str, room: &str, folder: &Path, more: &[&str]) -> Result<Self> {
        let report = folder.join("duet-peer.json");
        let mut command = Command::new(target_dir::binary("duet-peer")?);
        command
            .args(["--server", url, "--room", room, "--report"])
            .arg(&report)
            .args(more);
        Ok(Self {
            process: Process::spawn("duet-peer", &mut command)?,
            report,
        })
    }

    /// Waits until it is in the room, alone.
    ///
    /// # Errors
    /// When it does not get there in 30 s.
    pub fn until_waiting(&self) -> Result<()> {
        let limit = Duration::from_secs(30);
        self.process
            .wait_for_line(limit, |line| line.contains("waiting-for-peer"))?;
        Ok(())
    }

    /// Whether it has printed a line with this word.
    #[must_use]
    pub fn said(&self, word: &str) -> bool {
        self.process.lines().iter().any(|line| line.contains(word))
    }

    /// What it printed and logged.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.process.lines()
    }

    /// Waits until it has been in these states in this order; others may come between them.
    ///
    /// # Errors
    /// When it does not get there in `limit`.
    pub fn until_states(&self, wanted: &[&str], limit: Duration) -> Result<()> {
        let what = format!("the states {wanted:?}");
        let done = eventually(&what, limit, || {
            let mut left = wanted.iter().peekable();
            for line in self.process.lines() {
                let word = line.strip_prefix("duet-peer: ");
                left.next_if(|next| word == Some(**next));
            }
            left.peek().is_none()
        });
        done.with_context(|| self.process.lines().join("\n"))
    }

    /// Freezes it, thaws it, or ends it as a crash would.
    pub fn signal(&mut self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits for its end and reads the report.
    ///
    /// # Errors
    /// When it does not end in time or wrote no report.
    pub fn report(mut self, limit: Duration) -> Result<Value> {
        let status = self.process.wait(limit)?;
        let lines = self.process.lines().join("\n");
        let text = std::fs::read(&self.report)
            .with_context(|| format!("no report; it ended with {status}:\n{lines}"))?;
        Ok(serde_json::from_slice(&text)?)
    }
}
