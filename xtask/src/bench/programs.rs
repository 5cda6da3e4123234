//! The programs that measurements start: built in the release profile, as people run them.

use crate::{project, server, shell, ui};
use anyhow::Result;
use duet_testkit::process::Process;
use std::{path::PathBuf, process::Command};

/// Builds everything that measurements start, in one go: with fewer packages cargo would turn other
/// features on, and compile the libraries again for each measurement.
pub(crate) fn build() -> Result<()> {
    ui::build()?;
    let mut command = project::cargo();
    command.args(["build", "--release", "--locked", "--workspace"]);
    shell::run(command.args(["--bins", "--examples"]))
}

/// The server and one of its examples alone: the rest of the workspace is a long way to compile.
pub(crate) fn build_server_and(example: &str) -> Result<()> {
    let mut command = project::cargo();
    command.args(["build", "--release", "--locked", "--package", "duet-server"]);
    shell::run(command.args(["--bin", "duet-server", "--example", example]))
}

/// A command for one of them.
pub(crate) fn command(name: &str) -> Result<Command> {
    Ok(Command::new(folder()?.join(name)))
}

/// A server on a free port of loopback, and its address.
pub(crate) fn start_server(arguments: &[&str]) -> Result<(Process, String)> {
    server::start(&folder()?.join("duet-server"), arguments)
}

/// Where they lie.
pub(crate) fn folder() -> Result<PathBuf> {
    Ok(project::target()?.join("release"))
}
