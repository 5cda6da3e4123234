//! `duet-server` as a program: it can be killed, and told where to listen and of which relay.

use std::process::Command;

use anyhow::Result;
use duet_testkit::process::Process;
use duet_testkit::target_dir;

use crate::guest::LIMIT;

const LISTENS: &str = "listening on ";

/// Starts it; the program, and the URL of its WebSocket. It ends when dropped.
///
/// # Errors
/// When it is not built or does not listen.
pub fn start(arguments: &[&str]) -> Result<(Process, String)> {
    let mut command = Command::new(target_dir::binary("duet-server")?);
    command.args(arguments);
    let server = Process::spawn("duet-server", &mut command)?;
    let line = server.wait_for_line(LIMIT, |line| line.starts_with(LISTENS))?;
    let url = line.trim_start_matches(LISTENS).to_owned();
    Ok((server, url))
}
