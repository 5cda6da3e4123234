//! A server of our own, for the demo and for measurements.

use anyhow::{Context, Result};
use duet_testkit::process::Process;
use std::{path::Path, process::Command, time::Duration};

/// Starts the program on a free port of loopback; gives it and its address.
pub(crate) fn start(program: &Path, arguments: &[&str]) -> Result<(Process, String)> {
    let mut command = Command::new(program);
    command.args(["--listen", "127.0.0.1:0"]).args(arguments);
    let server = Process::spawn("duet-server", &mut command)?;
    let ready = "listening on ";
    let line = server.wait_for_line(Duration::from_secs(10), |line| line.contains(ready))?;
    let url = line.split(ready).nth(1).context("no address")?.trim();
    Ok((server, url.to_owned()))
}
