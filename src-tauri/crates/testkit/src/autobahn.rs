//! The conformance suite for WebSockets of Autobahn, which runs on Python 2.7 alone.
//!
//! `cargo xtask setup --tests` fetches it, pinned, below the target directory, where there is such a Python.
//! Debian and Ubuntu have no package of it any more; so the tests that need it may be skipped everywhere, with the
//! reason printed and counted.

use anyhow::{Context, Result, ensure};
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The last version for Python 2.7, which is the suite that implementations are compared by.
const PINNED: &str = "autobahntestsuite==0.8.2";
/// Runs the suite's program. A folder that is only on PYTHONPATH has no namespace packages, and one of what it
/// stands on is one.
const RUN: &str = "import os, site, sys; site.addsitedir(os.environ['DUET_AUTOBAHN']); \
                   sys.argv[0] = 'wstest'; from autobahntestsuite import wstest; wstest.run()";

/// `wstest` with these arguments; none where it was not fetched.
pub fn wstest(folder: &Path) -> Option<Command> {
    let python = python2()?;
    if !folder.join("autobahntestsuite").is_dir() {
        return None;
    }
    let mut command = Command::new(python);
    command.env("DUET_AUTOBAHN", folder);
    command.env_remove("PYTHONPATH").env_remove("PYTHONHOME");
    command.args(["-c", RUN]);
    Some(command)
}

/// Fetches the suite into `folder`, once; false where there is no Python 2.7.
///
/// # Errors
/// When it cannot be fetched.
pub fn ensure(folder: &Path) -> Result<bool> {
    let Some(python) = python2() else {
        return Ok(false);
    };
    if folder.join("autobahntestsuite").is_dir() {
        return Ok(true);
    }
    let output = Command::new(python)
        .args(["-m", "pip", "install", "--quiet", "--target"])
        .arg(folder)
        .arg(PINNED)
        .output()
        .context("cannot run pip of Python 2.7")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cannot fetch {PINNED}: {said}");
    Ok(true)
}

/// On the PATH, or where pyenv puts it.
fn python2() -> Option<PathBuf> {
    let versions = env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv/versions"));
    let listed = versions.and_then(|versions| versions.read_dir().ok());
    let installed = listed.into_iter().flatten().filter_map(Result::ok);
    let installed = installed.map(|entry| entry.path().join("bin/python2.7"));
    let mut candidates = std::iter::once(PathBuf::from("python2.7")).chain(installed);
    // A shim of pyenv is there and does not run.
    candidates.find(|python| {
        let tried = Command::new(python).args(["-c", "1"]).output();
        tried.is_ok_and(|output| output.status.success())
    })
}
