//! Processes that a child of ours started: found by their ancestor, never by name alone.

use anyhow::{Context, Result, ensure};
use std::{collections::HashMap, fs};

/// Kills the descendant of `ancestor` whose command name starts with `name`, as a crash would.
#[allow(unsafe_code)]
pub fn kill(ancestor: u32, name: &str) -> Result<()> {
    let pid = tree(ancestor)?.into_iter().find(|pid| {
        fs::read_to_string(format!("/proc/{pid}/comm"))
            .is_ok_and(|command| command.starts_with(name))
    });
    let pid = pid.with_context(|| format!("no {name} descends from {ancestor}"))?;
    // SAFETY: kill takes two numbers and touches no memory; the process descends from one of ours.
    let result = unsafe { libc::kill(pid as i32, libc::SIGKILL) };
    ensure!(result == 0, "{name} could not be killed");
    Ok(())
}

/// A process and all that descend from it; an error when it is gone.
pub fn tree(root: u32) -> Result<Vec<u32>> {
    let parents = parents()?;
    ensure!(parents.contains_key(&root), "process {root} is gone");
    let descends = |pid: &u32| descends(*pid, root, &parents);
    Ok(parents.keys().copied().filter(descends).collect())
}

fn parents() -> Result<HashMap<u32, u32>> {
    let entries = fs::read_dir("/proc")?.flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    Ok(pids.filter_map(|pid| Some((pid, parent(pid)?))).collect())
}

fn parent(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    line?.trim().parse().ok()
}

fn descends(pid: u32, root: u32, parents: &HashMap<u32, u32>) -> bool {
    let mut at = pid;
    while at != root {
        match parents.get(&at) {
            Some(parent) if *parent != at => at = *parent,
            Some(_) | None => return false,
        }
    }
    true
}
