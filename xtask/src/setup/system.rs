//! Which system this is, and installing on it.

use crate::shell;
use anyhow::{Context, Result, ensure};
use std::{
    collections::HashSet,
    fs,
    process::{Command, Stdio},
};

/// The kinds of system that setup tells apart.
#[derive(Debug)]
pub(crate) enum System {
    Apt(Release),
    Windows,
    MacOs,
    /// Anything else, by its name.
    Other(String),
}

#[derive(Debug)]
pub(crate) struct Release {
    pub(crate) distribution: Distribution,
    /// For a person: "Debian GNU/Linux 12 (bookworm)".
    pub(crate) name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distribution {
    Debian,
    Ubuntu,
}

impl System {
    pub(crate) fn detect() -> Self {
        match std::env::consts::OS {
            "windows" => Self::Windows,
            "macos" => Self::MacOs,
            _ => from_os_release(&fs::read_to_string("/etc/os-release").unwrap_or_default()),
        }
    }
}

/// Those of the packages that are not installed.
pub(crate) fn missing_packages<'a>(wanted: &[&'a str]) -> Result<Vec<&'a str>> {
    // Exits with an error if it knows nothing of one of them; what it prints counts all the same.
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Package} ${db:Status-Status}\n"])
        .args(wanted)
        .output()
        .context("cannot run dpkg-query")?;
    let listed = String::from_utf8_lossy(&output.stdout);
    let installed: HashSet<&str> = listed
        .lines()
        .filter_map(|line| line.strip_suffix(" installed"))
        .collect();
    let missing = wanted.iter().filter(|name| !installed.contains(*name));
    Ok(missing.copied().collect())
}

/// Installs packages, as root or through sudo.
pub(crate) fn install_packages(names: &[&str]) -> Result<()> {
    shell::run(apt(&["update"])?.arg("--quiet"))?;
    let mut install = apt(&["install", "--yes", "--no-install-recommends"])?;
    shell::run(install.args(names))
}

fn apt(arguments: &[&str]) -> Result<Command> {
    let is_root = shell::capture(Command::new("id").arg("-u"))?.trim() == "0";
    let mut command = if is_root {
        Command::new("apt-get")
    } else {
        ensure!(
            shell::succeeds(Command::new("sudo").arg("--version")),
            "installing takes root: run this as root or install sudo"
        );
        let mut sudo = Command::new("sudo");
        sudo.arg("apt-get");
        sudo
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command.args(arguments).stdin(Stdio::inherit());
    Ok(command)
}

fn from_os_release(text: &str) -> System {
    let field = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name));
        value.map(|value| value.trim_matches('"').to_owned())
    };
    let id = field("ID=").unwrap_or_default();
    let version = field("VERSION_ID=").unwrap_or_default();
    let name = field("PRETTY_NAME=").unwrap_or_else(|| format!("{id} {version}"));
    let distribution = match (id.as_str(), version.as_str()) {
        ("debian", "12" | "13") => Distribution::Debian,
        ("ubuntu", "22.04" | "24.04") => Distribution::Ubuntu,
        _ => return System::Other(name),
    };
    System::Apt(Release { distribution, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_four_releases_and_no_other() {
        for (id, version) in [
            ("debian", "12"),
            ("debian", "13"),
            ("ubuntu", "22.04"),
            ("ubuntu", "24.04"),
        ] {
            let text = format!("PRETTY_NAME=\"This one\"\nID={id}\nVERSION_ID=\"{version}\"\n");
            assert!(
                matches!(from_os_release(&text), System::Apt(found) if found.name == "This one")
            );
        }
        for text in [
            "ID=fedora\nVERSION_ID=43\n",
            "ID=debian\nVERSION_ID=\"9\"\n",
            "",
        ] {
            assert!(matches!(from_os_release(text), System::Other(_)), "{text}");
        }
    }
}
