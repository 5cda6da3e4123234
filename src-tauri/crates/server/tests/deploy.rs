//! The files for operators say nothing that the program does not know.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::process::Command;

use duet_testkit::skip;
use ipnet::IpNet;

use crate::turn::special::{CLOSED_V4, CLOSED_V6, PRIVATE_V4, PRIVATE_V6};

/// Tests run in the folder of their crate.
fn docs() -> PathBuf {
    PathBuf::from("../../../docs")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(docs().join(name)).expect("the file")
}

/// Every word that begins like this.
fn words(text: &str, prefix: &str) -> BTreeSet<String> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    let found = text.split(|letter| !is_part(letter));
    let found = found.filter(|word| word.starts_with(prefix) && word.len() > prefix.len());
    found.map(str::to_owned).collect()
}

fn help(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
    let output = command
        .args(arguments)
        .arg("--help")
        .output()
        .expect("it runs");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn every_variable_and_flag_in_the_documents_is_one() {
    let known: String = [&[][..], &["check"], &["config"], &["token"]]
        .map(help)
        .concat();
    let (variables, flags) = (words(&known, "DUET_"), words(&known, "--"));
    for name in [
        "server.md",
        "relay.md",
        "cluster.md",
        "deploy/cluster/compose.yaml",
        "deploy/compose.yaml",
        "deploy/duet-server.service",
        "deploy/coturn.service",
    ] {
        for variable in words(&read(name), "DUET_") {
            assert!(variables.contains(&variable), "{name}: {variable}");
        }
    }
    for name in [
        "server.md",
        "relay.md",
        "cluster.md",
        "../README.md",
        "deploy/nginx.conf",
        "deploy/cluster/nginx.conf",
        "deploy/compose.yaml",
        "deploy/cluster/compose.yaml",
        "deploy/duet-server.service",
        "deploy/Containerfile",
    ] {
        let text = read(name);
        let lines = text.lines().filter(|line| line.contains("duet-server"));
        for line in lines {
            // Of the program itself: not of cargo before it, nor of systemd-run.
            let Some((_, own)) = line.rsplit_once("duet-server ") else {
                continue;
            };
            for flag in words(own, "--") {
                assert!(flags.contains(&flag), "{name}: {flag} in {line}");
            }
        }
    }
}

/// What relays must not reach, in every file that sets up a coturn: all that our own relay keeps closed.
#[test]
fn the_lists_of_denied_peers_are_one() {
    let denied = |name: &str| -> Vec<String> {
        let text = read(name);
        let parts = text.split("denied-peer-ip=").skip(1);
        let ranges = parts.filter_map(|part| part.split_whitespace().next());
        ranges.map(str::to_owned).collect()
    };
    let expected = denied("relay.md");
    assert!(expected.len() > 20, "{expected:?}");
    for range in &expected {
        let (first, last) = range.split_once('-').expect("FIRST-LAST");
        let [first, last] = [first, last].map(|text| text.parse::<IpAddr>());
        assert!(
            first.expect("an address") < last.expect("an address"),
            "{range}"
        );
    }
    let closed = CLOSED_V4.iter().chain(&PRIVATE_V4).chain(&CLOSED_V6);
    for range in closed.chain(&PRIVATE_V6) {
        let range: IpNet = range.parse().expect("a network");
        // coturn refuses `::` by itself, and takes a range that begins there for all of IPv4.
        let first_of = match range.network() {
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            other => other,
        };
        // --no-multicast-peers closes those.
        let is_closed = range.network().is_multicast()
            || expected.iter().any(|denied| {
                let ends = denied.split_once('-').expect("FIRST-LAST");
                let [first, last] = [ends.0, ends.1].map(|end| end.parse::<IpAddr>().expect("one"));
                first <= first_of && range.broadcast() <= last
            });
        assert!(is_closed, "{range} is open to relays of coturn");
    }
    for name in [
        "deploy/compose.yaml",
        "deploy/cluster/compose.yaml",
        "deploy/coturn.service",
    ] {
        assert_eq!(denied(name), expected, "{name}");
    }
}

#[test]
fn systemd_understands_the_units() {
    if skip::without_programs("the units of systemd", &["systemd-analyze"]) {
        return;
    }
    let folder = tempfile::TempDir::new().expect("a folder");
    for name in ["duet-server.service", "coturn.service"] {
        // Whether the programs are installed is not the question.
        let unit = read(&format!("deploy/{name}"))
            .replace("/usr/local/bin/duet-server", "/bin/true")
            .replace("/usr/bin/turnserver", "/bin/true");
        let path = folder.path().join(name);
        std::fs::write(&path, unit).expect("written");
        let output = Command::new("systemd-analyze")
            .arg("verify")
            .arg(&path)
            .output();
        let output = output.expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && !said.contains(name),
            "{name}: {said}"
        );
    }
}
