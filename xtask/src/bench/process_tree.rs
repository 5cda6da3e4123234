//! What a program and all that it started use, read from `/proc`: the same for Duet, for Chromium
//! and for anything else.

use anyhow::{Context, Result, ensure};
use duet_testkit::descendant;
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// Clock ticks a second in `/proc/PID/stat`; the same on every Linux since 2.6.
const TICKS_PER_SECOND: f64 = 100.0;

/// Over this load average something else runs, and what is measured is void.
pub(crate) const MOST_LOAD: f64 = 3.0;
/// How long to wait for it to end.
const QUIET_TIMEOUT: Duration = Duration::from_secs(300);

/// A moment of a process tree.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// User and system time so far, in seconds.
    pub(crate) cpu_seconds: f64,
    /// Proportional set size, in MiB: shared pages are split among those who share them.
    pub(crate) pss_mib: f64,
    pub(crate) threads: u64,
    pub(crate) open_files: u64,
}

/// The tree that begins at a process.
pub(crate) fn usage(root: u32) -> Result<Usage> {
    let mut sum = Usage::default();
    for pid in descendant::tree(root)? {
        // One that ends while it is read has nothing more to say.
        let Ok(one) = usage_of(pid) else { continue };
        sum.cpu_seconds += one.cpu_seconds;
        sum.pss_mib += one.pss_mib;
        sum.threads += one.threads;
        sum.open_files += one.open_files;
    }
    Ok(sum)
}

/// The load average of the last minute.
pub(crate) fn load() -> Result<f64> {
    let text = fs::read_to_string("/proc/loadavg")?;
    let first = text.split(' ').next().unwrap_or_default();
    first.parse().context("no load average")
}

/// Waits until nothing else uses the machine: what is measured beside other work says nothing.
pub(crate) fn wait_for_quiet() -> Result<f64> {
    let start = Instant::now();
    loop {
        let load = load()?;
        if load <= MOST_LOAD {
            return Ok(load);
        }
        ensure!(
            start.elapsed() < QUIET_TIMEOUT,
            "the machine is busy (load {load}); measure again when it is quiet"
        );
        std::thread::sleep(Duration::from_secs(5));
    }
}

fn usage_of(pid: u32) -> Result<Usage> {
    let stat = stat(pid)?;
    // Counted from the state, which is the third field in proc(5).
    let field =
        |index: usize| -> Result<f64> { Ok(stat.get(index).context("a short stat")?.parse()?) };
    let folder = format!("/proc/{pid}");
    let rollup = fs::read_to_string(format!("{folder}/smaps_rollup")).unwrap_or_default();
    let pss_kib = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Pss:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok());
    let open_files = fs::read_dir(Path::new(&folder).join("fd"))?.count();
    Ok(Usage {
        cpu_seconds: (field(11)? + field(12)?) / TICKS_PER_SECOND,
        pss_mib: pss_kib.unwrap_or(0.0) / 1024.0,
        threads: field(17)? as u64,
        open_files: open_files as u64,
    })
}

/// The fields after the name, which may hold anything, blanks and brackets too.
fn stat(pid: u32) -> Result<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = text.rsplit_once(") ").context("a stat without a name")?;
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_this_process() {
        let own = usage(std::process::id()).unwrap();
        assert!(
            own.pss_mib > 0.5 && own.threads >= 1 && own.open_files >= 3,
            "{own:?}"
        );
        assert!(usage(u32::MAX).is_err());
    }
}
