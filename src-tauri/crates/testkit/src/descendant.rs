//! Processes that a child of ours started: found by their ancestor, never by name alone.

use anyhow::{Context, Result};
use std::fs;

/// Kills the descendant of `ancestor` whose command name starts with `name`, as a crash would.
#[allow(unsafe_code)]
pub fn kill(ancestor: u32, name: &str) -> Result<()> {
    let pid = find(ancestor, name)?;
    // SAFETY: kill takes two numbers and touches no memory; the process descends from one of ours.
    let result = unsafe { libc::kill(pid, libc::SIGKILL) };
    anyhow::ensure!(result == 0, "{name} could not be killed");
    Ok(())
}

fn find(ancestor: u32, name: &str) -> Result<i32> {
    for entry in fs::read_dir("/proc")? {
        let file = entry?.file_name();
        let Some(pid) = file.to_str().and_then(|text| text.parse::<i32>().ok()) else {
            continue;
        };
        let is_named = fs::read_to_string(format!("/proc/{pid}/comm"))
            .is_ok_and(|command| command.starts_with(name));
        if is_named && descends_from(pid, ancestor as i32) {
            return Ok(pid);
        }
    }
    anyhow::bail!("no {name} descends from {ancestor}")
}

fn descends_from(pid: i32, ancestor: i32) -> bool {
    let mut pid = pid;
    while pid > 1 && pid != ancestor {
        pid = parent(pid).unwrap_or(0);
    }
    pid == ancestor
}

fn parent(pid: i32) -> Result<i32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    Ok(line.context("no parent")?.trim().parse()?)
}
