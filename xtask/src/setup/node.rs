//! Node and npm, which build the page and do nothing at run time.
//!
//! Those on the PATH are taken if Node is new enough. Otherwise (Debian 12, Ubuntu) the npm
//! registry's own packages of Node and npm go under the target directory, pinned, fetched by
//! whatever npm the system has: an old npm can fetch a new Node. Nothing is installed for the system
//! but that old npm, and only if there is none.

use super::system::{self, System};
use crate::{project, shell};
use anyhow::{Context, Result, bail};
use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

const OLDEST: (u32, u32) = (20, 19);
const PINNED_NODE: &str = "22.23.3";
const PINNED_NPM: &str = "11.19.1";

/// A Node and an npm that fit each other.
#[derive(Debug)]
pub(crate) struct Node {
    /// The PATH for both and for what they start.
    path: OsString,
    /// Words before npm's own arguments.
    npm: Vec<PathBuf>,
}

impl Node {
    /// A program of Node's, with the PATH that it needs.
    #[cfg(target_os = "linux")]
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PATH", &self.path);
        command
    }

    /// `npm`, in the page's folder.
    pub(crate) fn npm(&self) -> Command {
        let (program, rest) = self.npm.split_first().expect("npm has a program");
        let mut command = Command::new(program);
        command.args(rest).env("PATH", &self.path);
        command.current_dir(project::ui());
        command
    }
}

/// Finds Node and npm, or fetches them.
pub(crate) fn ensure() -> Result<Node> {
    if let Some(node) = on_path() {
        return Ok(node);
    }
    let folder = project::target()?.join("node");
    if !folder.is_dir() {
        ensure_npm()?;
        // Debian 13's npm comes with a Node that is new enough.
        if let Some(node) = on_path() {
            return Ok(node);
        }
    }
    if !version_of(&node_program(&folder)).is_some_and(is_new_enough) {
        fetch(&folder)?;
    }
    let modules = folder.join("node_modules");
    let program = node_program(&folder);
    let mut path = vec![program.parent().unwrap_or(&folder).to_owned()];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    Ok(Node {
        path: env::join_paths(path)?,
        npm: vec![program, modules.join("npm/bin/npm-cli.js")],
    })
}

fn on_path() -> Option<Node> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let fits = version_of(Path::new("node")).is_some_and(is_new_enough)
        && shell::succeeds(Command::new(npm).arg("--version"));
    fits.then(|| Node {
        path: env::var_os("PATH").unwrap_or_default(),
        npm: vec![npm.into()],
    })
}

fn ensure_npm() -> Result<()> {
    if shell::succeeds(Command::new("npm").arg("--version")) {
        return Ok(());
    }
    match System::detect() {
        System::Apt(_) => {
            println!("setup: installing npm");
            system::install_packages(&["npm"])
        }
        System::Windows | System::MacOs | System::Other(_) => bail!(
            "Duet's page needs Node {}.{} or newer and npm: https://nodejs.org",
            OLDEST.0,
            OLDEST.1
        ),
    }
}

fn fetch(folder: &Path) -> Result<()> {
    println!("setup: Node {PINNED_NODE} goes to {}", folder.display());
    std::fs::create_dir_all(folder)?;
    let package = format!("{}@{PINNED_NODE}", node_package()?);
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--no-save",
        "--no-audit",
        "--no-fund",
        "--prefix",
    ])
    .arg(folder)
    .args([&package, &format!("npm@{PINNED_NPM}")])
    .current_dir(folder);
    shell::run(&mut npm)
}

/// The registry has one package of Node for each system and processor.
fn node_package() -> Result<String> {
    let processor = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => bail!("the registry has no Node for {other}; install it yourself"),
    };
    Ok(format!("node-linux-{processor}"))
}

fn node_program(folder: &Path) -> PathBuf {
    let package = node_package().unwrap_or_default();
    folder.join("node_modules").join(package).join("bin/node")
}

fn version_of(node: &Path) -> Option<(u32, u32)> {
    let printed = shell::capture(Command::new(node).arg("--version")).ok()?;
    parse_version(&printed).ok()
}

fn parse_version(printed: &str) -> Result<(u32, u32)> {
    let mut parts = printed.trim().trim_start_matches('v').split('.');
    let mut next = || {
        parts
            .next()
            .context("too short")?
            .parse()
            .context("no number")
    };
    Ok((next()?, next()?))
}

fn is_new_enough(version: (u32, u32)) -> bool {
    version >= OLDEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions_and_compares_them() {
        assert_eq!(parse_version("v22.23.3\n").unwrap(), (22, 23));
        assert!(parse_version("command not found").is_err());
        assert!(is_new_enough((20, 19)) && is_new_enough((22, 0)));
        assert!(!is_new_enough((20, 18)) && !is_new_enough((18, 99)));
    }
}
