//! Steps about the Rust code.

use super::tally::Tally;
use crate::{project, shell};
use anyhow::{Context, Result};
use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

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

pub(crate) fn build(_skipped: &Path) -> Result<Tally> {
    shell::run(project::cargo().args(["build", "--workspace", "--bins", "--locked"]))?;
    Ok(Tally::passed(1))
}

/// All test programs go on after one has failed, and their counts are read as they are printed.
pub(crate) fn tests(skipped: &Path) -> Result<Tally> {
    let mut command = project::cargo();
    command
        .args(["test", "--workspace", "--locked", "--no-fail-fast"])
        .env("DUET_SKIPPED_TESTS", skipped)
        .stdout(Stdio::piped());
    count_tests(&mut command)
}

fn count_tests(command: &mut Command) -> Result<Tally> {
    shell::say(command);
    let mut child = command.spawn().context("cannot run cargo")?;
    let stdout = child.stdout.take().context("no standard output")?;
    let mut tally = Tally::default();
    for line in BufReader::new(stdout).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        tally.add_libtest_line(&line);
        println!("{line}");
    }
    // A test program that crashes, or does not compile, prints no counts.
    if !child.wait()?.success() && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}
