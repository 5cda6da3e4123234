//! Tests that this machine cannot run.
//!
//! libtest knows no such state: a test that returns early counts as passed. So each skipped test
//! adds a line to the file that `cargo xtask test` names in `DUET_SKIPPED_TESTS`; xtask takes these
//! away from the passed ones and prints them. Where nothing may be skipped (`DUET_SKIP_NOTHING`, set
//! by continuous integration), skipping is a failure.

#[cfg(unix)]
use crate::process;
use std::{env, fs::OpenOptions, io::Write};

/// Names the file that takes one line for each skipped test.
pub const SKIPPED_TESTS: &str = "DUET_SKIPPED_TESTS";
/// Set to make a skipped test fail.
pub const SKIP_NOTHING: &str = "DUET_SKIP_NOTHING";

/// True, and written down, if a program is missing: `if without_programs(…) { return; }`.
#[cfg(unix)]
pub fn without_programs(test: &str, programs: &[&str]) -> bool {
    let missing = programs
        .iter()
        .find(|program| !process::is_installed(program));
    if let Some(program) = missing {
        record(test, &format!("{program} is not installed"));
    }
    missing.is_some()
}

/// Writes down that `test` was skipped and why.
pub fn record(test: &str, reason: &str) {
    let line = format!("SKIPPED {test}: {reason}");
    assert!(env::var_os(SKIP_NOTHING).is_none(), "{line}");
    write_down(&line);
}

/// The same for what some systems cannot be given: not a failure even where nothing may be skipped, but
/// printed and counted there too.
pub fn record_exempt(test: &str, reason: &str) {
    write_down(&format!("SKIPPED {test}: {reason}"));
}

fn write_down(line: &str) {
    println!("{line}");
    let Some(path) = env::var_os(SKIPPED_TESTS) else {
        return;
    };
    let file = OpenOptions::new().create(true).append(true).open(path);
    let written = file.and_then(|mut file| writeln!(file, "{line}"));
    assert!(written.is_ok(), "cannot write down that {line}");
}
