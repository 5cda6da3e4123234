//! Where the project's parts lie on this machine.

use crate::shell;
use anyhow::{Context, Result};
use serde_json::Value;
use std::{env, path::PathBuf, process::Command};

/// The folder that holds the workspace's Cargo.toml: of the checkout that runs us, which need not be the one
/// that compiled us when both share a target folder.
pub(crate) fn root() -> PathBuf {
    let own = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    own.parent().unwrap_or(&own).to_owned()
}

/// The page's sources.
pub(crate) fn ui() -> PathBuf {
    root().join("ui")
}

/// Cargo's target directory, wherever the environment or a configuration put it.
pub(crate) fn target() -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["metadata", "--no-deps", "--offline", "--format-version=1"]);
    let metadata: Value = serde_json::from_str(&shell::capture(&mut command)?)?;
    let path = metadata["target_directory"].as_str();
    Ok(PathBuf::from(path.context("cargo names no target")?))
}

/// A program of the workspace as the dev profile builds it.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    Ok(target()?.join("debug").join(file))
}

/// The cargo that runs us, in the workspace's folder.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // What cargo says of xtask's own package: a build script that reads it (ring's does) would run
    // again each time that a build from here follows one from a shell.
    for (name, _) in env::vars_os() {
        if is_of_package(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command
}

fn is_of_package(name: &str) -> bool {
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}
