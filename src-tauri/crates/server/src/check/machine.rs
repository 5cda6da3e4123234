//! The machine: its clock, and how many files a process may open.

use std::time::{SystemTime, UNIX_EPOCH};

use duet_server::ServerConfig;
use duet_server::turn::TurnMode;

use super::Finding;

/// 2026-01-01: before this was written no clock can be right.
const EARLIEST_S: u64 = 1_767_225_600;
/// Listeners, logs, the runtime.
const OWN_FILES: u64 = 64;

pub(super) fn look(config: &ServerConfig, findings: &mut Vec<Finding>) {
    findings.push(clock());
    findings.extend(files(config));
}

fn clock() -> Finding {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    match now {
        Ok(now) if now.as_secs() >= EARLIEST_S && is_synchronised() != Some(false) => {
            Finding::ok("clock", "it shows a time that can be")
        }
        Ok(now) if now.as_secs() >= EARLIEST_S => Finding::warning(
            "clock",
            "nothing keeps it right: tokens, relay credentials and certificates depend on it",
            "start a time service, such as systemd-timesyncd or chrony",
        ),
        _ => Finding::problem(
            "clock",
            "it shows a time before this program was written",
            "set it, and start a time service",
        ),
    }
}

/// What systemd's time service leaves behind; none where there is none to ask.
fn is_synchronised() -> Option<bool> {
    let folder = std::path::Path::new("/run/systemd/timesync");
    folder
        .is_dir()
        .then(|| folder.join("synchronized").exists())
}

/// One for each client, each relay and each of its streams.
fn files(config: &ServerConfig) -> Option<Finding> {
    let limit = open_files_limit()?;
    let relays = match &config.turn {
        TurnMode::BuiltIn(turn) => {
            let streams = turn.has_streams.then(|| turn.quotas.streams());
            turn.quotas.allocations.saturating_add(streams.unwrap_or(0)) as u64
        }
        TurnMode::Off | TurnMode::Outside(_) => 0,
    };
    let needed = (config.max_connections as u64).saturating_add(relays) + OWN_FILES;
    Some(match limit >= needed {
        true => Finding::ok(
            "files",
            format!("{limit} may be open, {needed} are needed at most"),
        ),
        false => Finding::warning(
            "files",
            format!(
                "{limit} may be open, and {needed} are needed with as many clients and relays as are allowed"
            ),
            "raise LimitNOFILE (systemd) or `ulimit -n`, or lower --max-connections",
        ),
    })
}

/// The soft limit. The program cannot raise it for the shell that it is started from.
fn open_files_limit() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    let soft = line.split_whitespace().next()?;
    match soft {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}
