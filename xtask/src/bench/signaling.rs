//! `bench signaling [ROUNDS [PART…]]`: how many people a server introduces, holds and takes back, against Node
//! and `ws`.
//!
//! The server has one core and the clients the other; a compiled generator drives both servers alike
//! (`server/examples/bench_signaling`). Three parts: `rooms`, the workload of two joins, offer, answer, twenty
//! candidates from each side and two leaves, open loop at a rising rate until one text of a hundred takes longer
//! than 10 ms; `idle`, the memory of 19,000 connections; `storm`, 10,000 that come back after a restart and after
//! a crash. Every round measures both servers; the medians are printed.

mod idle;
mod pinned;
mod rooms;
mod storm;

use super::{number, process_tree, programs};
use anyhow::{Result, bail};

type Part = fn(&Bench) -> Result<()>;

const PARTS: [(&str, Part); 3] = [
    ("rooms", rooms::run),
    ("idle", idle::run),
    ("storm", storm::run),
];

/// What the parts share.
#[derive(Debug)]
struct Bench {
    rounds: usize,
    /// None without Node or a way to fetch `ws`; then Duet is measured alone.
    node: Option<pinned::NodeServer>,
}

pub(super) fn run(arguments: &[&str]) -> Result<()> {
    let rounds = number(arguments, 0, 5)?;
    let wanted = arguments.get(1..).unwrap_or_default();
    if let Some(unknown) = wanted
        .iter()
        .find(|part| PARTS.iter().all(|(name, _)| name != *part))
    {
        bail!("no part {unknown}; there are rooms, idle and storm");
    }
    programs::build_server_and("bench_signaling")?;
    let node = pinned::NodeServer::prepare();
    match &node {
        Ok(node) => println!("{}", node.versions()?),
        Err(error) => println!("SKIPPED the comparison with Node: {error:#}"),
    }
    println!(
        "Duet {}, load {}",
        env!("CARGO_PKG_VERSION"),
        process_tree::wait_for_quiet()?
    );
    let bench = Bench {
        rounds,
        node: node.ok(),
    };
    for (name, part) in PARTS {
        if wanted.is_empty() || wanted.contains(&name) {
            part(&bench)?;
        }
    }
    Ok(())
}

/// The middle one.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
