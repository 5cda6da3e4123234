//! Steps about the Rust code.

use super::tally::Tally;
use crate::{project, shell};
use anyhow::Result;
use std::{env, path::Path, process::Command};

pub(crate) fn format(_skipped: &Path) -> Result<Tally> {
    shell::run(project::cargo().args(["fmt", "--all", "--check"]))?;
    Ok(Tally::passed(1))
}

pub(crate) fn lint(_skipped: &Path) -> Result<Tally> {
    let mut command = project::cargo();
    command.args(["clippy", "--workspace", "--all-targets", "--locked"]);
    shell::run(command.args(["--", "-D", "warnings"]))?;
    Ok(Tally::passed(1))
}

/// Advisories are left to the workflow that can fetch their database.
pub(crate) fn supply(_skipped: &Path) -> Result<Tally> {
    if !shell::succeeds(project::cargo().args(["deny", "--version"])) {
        let reason = "SKIPPED supply: cargo install --locked cargo-deny".to_owned();
        let strict = env::var_os("DUET_SKIP_NOTHING").is_some();
        anyhow::ensure!(!strict, "{reason}");
        return Ok(Tally::skipped(reason));
    }
    let mut command = project::cargo();
    command.args(["deny", "--workspace", "--locked", "check"]);
    shell::run(command.args(["bans", "licenses", "sources"]))?;
    Ok(Tally::passed(3))
}

/// With the tests, whose dependencies turn features on: without them everything would be compiled
/// once for this step and again for the next.
pub(crate) fn build(_skipped: &Path) -> Result<Tally> {
    shell::run(project::cargo().args(["build", "--workspace", "--all-targets", "--locked"]))?;
    Ok(Tally::passed(1))
}

/// All test programs go on after one has failed.
pub(crate) fn tests(skipped: &Path) -> Result<Tally> {
    let mut command = project::cargo();
    command.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
    counted(&mut command, skipped)
}

/// The feature `wayland-portal`: PipeWire's headers are no dependency of the workspace. Warnings are
/// errors here too.
pub(crate) fn portal(skipped: &Path) -> Result<Tally> {
    if !cfg!(target_os = "linux") {
        return Ok(Tally::default());
    }
    if !shell::succeeds(Command::new("pkg-config").args(["--exists", "libpipewire-0.3"])) {
        let reason = "SKIPPED portal: libpipewire-0.3-dev is not installed".to_owned();
        let strict = env::var_os("DUET_SKIP_NOTHING").is_some();
        anyhow::ensure!(!strict, "{reason}");
        return Ok(Tally::skipped(reason));
    }
    let mut lint = project::cargo();
    lint.args(["clippy", "-p", "duet-portal", "-p", "duet-media"]);
    lint.args(["--features", "duet-portal/wayland-portal"]);
    lint.args(["--features", "duet-media/wayland-portal"]);
    shell::run(lint.args(["--all-targets", "--locked", "--", "-D", "warnings"]))?;
    let mut command = project::cargo();
    command.args(["test", "-p", "duet-portal", "--features", "wayland-portal"]);
    let mut tally = counted(command.args(["--locked", "--no-fail-fast"]), skipped)?;
    tally.add(&Tally::passed(1));
    Ok(tally)
}

/// Counts tests as they are printed.
fn counted(command: &mut Command, skipped: &Path) -> Result<Tally> {
    command.env("DUET_SKIPPED_TESTS", skipped);
    let mut tally = Tally::default();
    let succeeded = shell::run_reading(command, |line| tally.add_libtest_line(line))?;
    // A test program that crashes, or does not compile, prints no counts.
    if !succeeded && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}
