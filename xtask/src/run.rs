//! `cargo xtask run`: builds the page and the application and opens Duet.

#[cfg(target_os = "linux")]
mod demo;

use crate::{project, setup, shell, ui};
use anyhow::Result;
use std::{env, process::Command};

/// Opens Duet with the given arguments; where there is no display, the demo runs in its place.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    if !has_display() {
        println!("run: there is no display here, so this is the demo: two windows under Xvfb");
        return demo(arguments);
    }
    setup::setup(setup::Purpose::Run)?;
    build()?;
    shell::run(Command::new(project::program("duet")?).args(arguments))
}

/// Two windows in a call with each other.
#[cfg(target_os = "linux")]
pub(crate) fn demo(arguments: &[&str]) -> Result<()> {
    setup::setup(setup::Purpose::Demo)?;
    build()?;
    demo::demo(arguments)
}

/// The demo stands on test displays and sound servers that only Linux has.
#[cfg(not(target_os = "linux"))]
pub(crate) fn demo(_arguments: &[&str]) -> Result<()> {
    anyhow::bail!("the demo runs on Linux; start `cargo xtask run` twice instead")
}

/// The application, the server and the endpoint without a window: the workspace's default members.
pub(crate) fn build() -> Result<()> {
    ui::build()?;
    shell::run(project::cargo().args(["build", "--locked"]))
}

fn has_display() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}
