//! The two servers and the generator as processes: the servers on core 0, the generator on core 1, each with as
//! many open files as it may have.

use super::programs;
use crate::{project, setup, shell};
use anyhow::{Context, Result, ensure};
use duet_testkit::{
    port,
    process::{Process, Signal},
};
use serde_json::Value;
use std::{fs, path::PathBuf, process::Command, time::Duration};

/// The newest at the time of writing; with another one the figures would not be the same.
const PINNED_WS: &str = "8.23.0";
const SERVER_CORE: &str = "0";
const CLIENT_CORE: &str = "1";
/// Raises the soft limit for files to the hard one and becomes the program.
const WITH_FILES: &str = r#"ulimit -n "$(ulimit -Hn)" && exec "$@""#;
const START_PATIENCE: Duration = Duration::from_secs(10);
/// The clients are a thousand or so behind each address, and faster than people.
const DUET_LIMITS: [&str; 8] = [
    "--no-turn",
    "--no-metrics",
    "--max-connections=20000",
    "--max-connections-per-address=2000",
    "--connections-per-minute=0",
    "--failed-joins-per-minute=100000",
    "--messages-per-second=1000000",
    "--message-burst=1000000",
];

/// Which server.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'a> {
    Duet,
    Node(&'a NodeServer),
}

/// `tests/signaling-bench/server.mjs` beside its `ws`, below the target folder.
#[derive(Debug)]
pub(super) struct NodeServer {
    node: setup::Node,
    folder: PathBuf,
}

/// A server that listens.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) process: Process,
    port: u16,
}

impl Kind<'_> {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Duet => "Duet",
            Self::Node(_) => "Node ws",
        }
    }
}

impl NodeServer {
    /// Fetches `ws` if it is not there.
    pub(super) fn prepare() -> Result<Self> {
        let node = setup::node()?;
        let folder = project::target()?.join("bench").join("signaling");
        fs::create_dir_all(&folder)?;
        if !folder.join(format!("ws-{PINNED_WS}")).exists() {
            let mut npm = node.npm();
            npm.args([
                "install",
                "--no-save",
                "--no-audit",
                "--no-fund",
                "--prefix",
            ])
            .arg(&folder)
            .arg(format!("ws@{PINNED_WS}"));
            shell::run(&mut npm)?;
            fs::write(folder.join(format!("ws-{PINNED_WS}")), "")?;
        }
        let source = project::root().join("tests/signaling-bench/server.mjs");
        fs::copy(source, folder.join("server.mjs"))?;
        Ok(Self { node, folder })
    }

    pub(super) fn versions(&self) -> Result<String> {
        let version = shell::capture(self.node.command("node").arg("--version"))?;
        Ok(format!(
            "Node {} with ws {PINNED_WS}, no compression",
            version.trim()
        ))
    }
}

impl Server {
    /// Starts one, on this port or on a free one.
    pub(super) fn start(kind: Kind<'_>, port: Option<u16>) -> Result<Self> {
        let port = match port {
            Some(port) => port,
            None => port::free_port()?,
        };
        let mut command = on_core(SERVER_CORE);
        match kind {
            Kind::Duet => {
                command.arg(programs::folder()?.join("duet-server"));
                command
                    .arg(format!("--listen=127.0.0.1:{port}"))
                    .args(DUET_LIMITS);
            }
            Kind::Node(server) => {
                let path = server.node.command("node");
                command.envs(
                    path.get_envs()
                        .filter_map(|(name, value)| Some((name, value?))),
                );
                command
                    .args(["node", "--expose-gc"])
                    .arg(server.folder.join("server.mjs"));
                command.arg(port.to_string());
            }
        }
        let process = Process::spawn(kind.name(), &mut command)?;
        process.wait_for_line(START_PATIENCE, |line| line.contains("listening on ws"))?;
        Ok(Self { process, port })
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The generator against this server.
    pub(super) fn clients(&self, arguments: &[String]) -> Result<Process> {
        let mut command = on_core(CLIENT_CORE);
        command.arg(programs::folder()?.join("examples/bench_signaling"));
        let (what, rest) = arguments.split_first().context("nothing to do")?;
        command.args([what, "--server", &format!("127.0.0.1:{}", self.port)]);
        Process::spawn("the clients", command.args(rest))
    }

    /// Memory of its own, in bytes: what it has written and shares with nobody.
    pub(super) fn memory(&mut self, kind: Kind<'_>) -> Result<f64> {
        if let Kind::Node(_) = kind {
            let collected = self.process.lines().len();
            self.process.signal(Signal::User2);
            let mut lines = 0;
            self.process.wait_for_line(START_PATIENCE, |line| {
                lines += 1;
                lines > collected && line == "collected"
            })?;
        }
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid()))?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("Private_Dirty:"));
        let number = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
        let kib: f64 = number.context("no Private_Dirty")?.trim().parse()?;
        Ok(kib * 1024.0)
    }
}

/// One line of the generator.
pub(super) fn parse(line: &str) -> Result<Value> {
    let value: Value = serde_json::from_str(line).context("not a line of the generator")?;
    ensure!(value.is_object(), "not a line of the generator: {line}");
    Ok(value)
}

/// A figure in it.
pub(super) fn figure(value: &Value, name: &str) -> Result<f64> {
    value[name]
        .as_f64()
        .with_context(|| format!("no {name} in {value}"))
}

fn on_core(core: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", core, "sh", "-c", WITH_FILES, "sh"]);
    command
}
