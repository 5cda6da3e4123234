//! `cargo xtask setup`: installs what is missing, says what, and touches nothing else.
//!
//! Knows Debian 12 and 13 and Ubuntu 22.04 and 24.04 by their packages; elsewhere it prints what the
//! packages are for and leaves installing to the person. `run` and `test` call it first; when
//! nothing is missing it takes a fraction of a second and prints nothing.

mod node;
mod packages;
mod system;

use anyhow::Result;
use packages::Package;
use system::System;

pub(crate) use node::Node;

/// What the machine shall be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Build Duet and open it.
    Run,
    /// `run --demo` without a display: under Xvfb.
    Demo,
    /// Run every test.
    Test,
}

/// Installs what is missing for the purpose.
pub(crate) fn setup(purpose: Purpose) -> Result<()> {
    let wanted = packages::needed(purpose);
    match System::detect() {
        System::Apt(release) => install(&release, &wanted)?,
        System::Windows | System::MacOs => {}
        System::Other(name) => print_list(&name, &wanted),
    }
    if purpose == Purpose::Test {
        conformance_suite()?;
    }
    node::ensure().map(drop)
}

/// Autobahn's, where there is a Python old enough for it.
fn conformance_suite() -> Result<()> {
    let folder = duet_testkit::target_dir::kept("autobahn")?;
    if !duet_testkit::autobahn::ensure(&folder)? {
        println!("setup: no Python 2.7 here, so Autobahn's suite for WebSockets is skipped");
    }
    Ok(())
}

/// Node and npm to build the page with.
pub(crate) fn node() -> Result<Node> {
    node::ensure()
}

fn install(release: &system::Release, wanted: &[Package]) -> Result<()> {
    let names: Vec<&str> = wanted
        .iter()
        .filter_map(|package| package.on(release))
        .collect();
    let missing = system::missing_packages(&names)?;
    if !missing.is_empty() {
        println!("setup: installing {}", missing.join(" "));
        system::install_packages(&missing)?;
    }
    for package in wanted {
        if package.on(release).is_none() {
            let name = &release.name;
            println!("setup: {name} has no package for {}", package.purpose);
        }
    }
    Ok(())
}

fn print_list(system: &str, wanted: &[Package]) {
    println!("setup: packages of {system} are not known here; Duet needs");
    for package in wanted {
        println!("  {:<24} {}", package.debian, package.purpose);
    }
}
