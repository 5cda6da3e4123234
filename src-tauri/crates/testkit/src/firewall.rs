//! A firewall that lets no UDP out, and a network of the test's own for it to stand in.
//!
//! The test starts itself again in a network namespace that has a loopback and nothing else. So no
//! rule touches the network of the machine, all traffic stays where the test made it, and both are gone
//! with the last process. [`OUTSIDE`] is the world: servers listen there, and what they send each
//! other passes. Every other address is that of somebody behind the firewall.
//!
//! Packets are dropped where they arrive. Dropped where they leave, the sender would be told by its
//! own system; a firewall on the way tells nobody. Rejected: a namespace for each side and a cable
//! between them, where the same rules would stand and more would have to be set up.
//!
//! ```no_run
//! # #[allow(clippy::test_attr_in_doctest)]
//! #[test]
//! fn calls_all_the_same() {
//!     duet_testkit::firewall::run("calls_all_the_same", |firewall| {
//!         // here no UDP comes through
//!         assert_eq!(firewall.dropped_udp().unwrap(), 0);
//!     });
//! }
//! ```

use crate::{again, skip};
use anyhow::{Context, Result, ensure};
use std::{env, fs, net::Ipv4Addr, path::PathBuf, process::Command};

/// Where servers are.
pub const OUTSIDE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

const PROGRAMS: [&str; 3] = ["unshare", "ip", "nft"];
/// A namespace of users too: in it, everybody may set up a network.
const NAMESPACES: [&str; 2] = ["--map-root-user", "--net"];
const INSIDE: &str = "DUET_TEST_BEHIND_FIREWALL";
/// Names the network of the first process.
const NETWORK_BEFORE: &str = "DUET_TEST_NETWORK_BEFORE";

/// The firewall that stands.
#[derive(Debug)]
pub struct Firewall {
    _raised: (),
}

/// Runs `body` in a copy of this test process behind the firewall. `test` is the test's full name
/// as libtest prints it (`module::name`).
///
/// # Panics
/// If the body panics, with all that it printed.
pub fn run(test: &str, body: impl FnOnce(&Firewall)) {
    let run = if env::var(INSIDE).is_ok_and(|inside| inside == test) {
        Firewall::raise().map(|firewall| body(&firewall))
    } else if unavailable(test) {
        return;
    } else {
        run_behind(test)
    };
    if let Err(error) = run {
        panic!("{test} behind the firewall: {error:#}");
    }
}

impl Firewall {
    fn raise() -> Result<Self> {
        // Never in the network that the machine itself lives by.
        let before = env::var_os(NETWORK_BEFORE).context("which network was before?")?;
        ensure!(
            network()?.into_os_string() != before,
            "no network of its own"
        );
        tell("ip", &["link set lo up"])?;
        let outside = OUTSIDE;
        tell(
            "nft",
            &[
                "add table inet duet",
                "add counter inet duet dropped_udp",
                "add counter inet duet dropped_tcp",
                "add chain inet duet arriving { type filter hook input priority 0; }",
                &format!(
                    "add rule inet duet arriving ip saddr {outside} ip daddr {outside} accept"
                ),
                "add rule inet duet arriving meta l4proto udp counter name dropped_udp drop",
            ],
        )?;
        Ok(Self { _raised: () })
    }

    /// From now on nothing comes through to this port over TCP either, not even a refusal.
    pub fn drop_tcp(&self, port: u16) -> Result<()> {
        let rule =
            format!("add rule inet duet arriving tcp dport {port} counter name dropped_tcp drop");
        tell("nft", &[&rule]).map(drop)
    }

    /// Packets that were dropped because they were UDP.
    pub fn dropped_udp(&self) -> Result<u64> {
        dropped("dropped_udp")
    }

    /// Packets that were dropped at ports of TCP.
    pub fn dropped_tcp(&self) -> Result<u64> {
        dropped("dropped_tcp")
    }
}

/// True, and written down as skipped, where no such network can be made.
fn unavailable(test: &str) -> bool {
    if skip::without_programs(test, &PROGRAMS) {
        return true;
    }
    let tried = Command::new("unshare")
        .args(NAMESPACES)
        .arg("true")
        .status();
    let is_allowed = tried.is_ok_and(|status| status.success());
    if !is_allowed {
        skip::record(test, "nobody may make a network namespace here");
    }
    !is_allowed
}

fn run_behind(test: &str) -> Result<()> {
    let mut command = Command::new("unshare");
    command.args(NAMESPACES).arg(env::current_exe()?);
    command.env(NETWORK_BEFORE, network()?);
    again::run(command, test, INSIDE)
}

/// The network of this process, by its id.
fn network() -> Result<PathBuf> {
    Ok(fs::read_link("/proc/self/ns/net")?)
}

fn dropped(counter: &str) -> Result<u64> {
    let said = tell("nft", &[&format!("list counter inet duet {counter}")])?;
    let mut words = said.split_whitespace();
    words.find(|word| *word == "packets");
    let packets = words.next().context("no count of packets")?;
    Ok(packets.parse()?)
}

/// Has a program do these things, one after the other; gives what it printed.
fn tell(program: &str, what: &[&str]) -> Result<String> {
    let mut said = String::new();
    for words in what {
        let mut command = Command::new(program);
        let output = command.args(words.split_whitespace()).output()?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{program} {words}: {error}");
        said += &String::from_utf8_lossy(&output.stdout);
    }
    Ok(said)
}
