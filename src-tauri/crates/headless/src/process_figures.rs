//! What this process has used so far.

use serde::Serialize;

/// Cost of the process; null where the platform does not tell.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ProcessFigures {
    /// User and system time, in seconds.
    pub(crate) cpu_seconds: Option<f64>,
    /// Largest resident set, in MiB.
    pub(crate) peak_rss_mb: Option<f64>,
    /// Open file descriptors now.
    pub(crate) open_files: Option<usize>,
    /// Threads now.
    pub(crate) threads: Option<usize>,
}

impl ProcessFigures {
    /// Reads the figures of this process.
    pub(crate) fn read() -> Self {
        let usage = usage();
        Self {
            cpu_seconds: usage.map(|usage| usage.0),
            peak_rss_mb: usage.map(|usage| usage.1),
            open_files: entries("/proc/self/fd"),
            threads: entries("/proc/self/task"),
        }
    }
}

fn entries(folder: &str) -> Option<usize> {
    std::fs::read_dir(folder).ok().map(Iterator::count)
}

#[cfg(unix)]
#[allow(unsafe_code)]
fn usage() -> Option<(f64, f64)> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is valid for writes of one rusage.
    let status = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    if status != 0 {
        return None;
    }
    // SAFETY: getrusage succeeded and all-zero bytes are a valid rusage besides.
    let usage = unsafe { usage.assume_init() };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    // Linux counts in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") {
        1.0 / 1024.0 / 1024.0
    } else {
        1.0 / 1024.0
    };
    let cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    Some((cpu, usage.ru_maxrss as f64 * unit))
}

#[cfg(not(unix))]
fn usage() -> Option<(f64, f64)> {
    None
}
