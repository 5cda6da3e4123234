//! The memory of connections that do nothing but stay.

use super::Bench;
use super::pinned::{Kind, Server};
use anyhow::Result;
use std::{thread, time::Duration};

/// What fits under the usual hard limit of 20,000 open files.
const CONNECTIONS: usize = 19_000;
const PATIENCE: Duration = Duration::from_secs(120);
/// For a keepalive and a ping on every connection.
const SETTLE: Duration = Duration::from_secs(6);

pub(super) fn run(bench: &Bench) -> Result<()> {
    println!(
        "\nmemory of {CONNECTIONS} connections, of each in bytes (private, written; the kernel's not counted)"
    );
    measure(Kind::Duet, "rooms", "in rooms of two")?;
    measure(Kind::Duet, "lobbies", "online by name, in lobbies of 200")?;
    if let Some(server) = &bench.node {
        measure(Kind::Node(server), "rooms", "in rooms of two")?;
    }
    Ok(())
}

fn measure(kind: Kind<'_>, state: &str, what: &str) -> Result<()> {
    let mut server = Server::start(kind, None)?;
    let before = server.memory(kind)?;
    let count = format!("--count={CONNECTIONS}");
    let clients = server.clients(&["crowd".into(), count, format!("--kind={state}")])?;
    clients.wait_for_line(PATIENCE, |line| line.contains("\"there\""))?;
    thread::sleep(SETTLE);
    let after = server.memory(kind)?;
    let each = (after - before) / CONNECTIONS as f64;
    println!(
        "{:<8} {what}: {each:.0} ({:.1} MiB in all)",
        kind.name(),
        (after - before) / 1048576.0
    );
    Ok(())
}
