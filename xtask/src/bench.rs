//! `cargo xtask bench`: measurements to read. They print and never fail a test run.
//!
//! One module per measurement; each says what it measures, how, and against what. They read `/proc`
//! and start test displays, so they are for Linux.

#[cfg(target_os = "linux")]
mod churn;
#[cfg(target_os = "linux")]
mod frames;
#[cfg(target_os = "linux")]
mod loopback;
#[cfg(target_os = "linux")]
mod process_tree;
#[cfg(target_os = "linux")]
mod programs;
#[cfg(target_os = "linux")]
mod signaling;
#[cfg(target_os = "linux")]
mod turn;

#[cfg(target_os = "linux")]
use anyhow::Context;
use anyhow::{Result, bail};

/// A measurement.
#[derive(Debug)]
struct Bench {
    name: &'static str,
    what: &'static str,
    work: fn(&[&str]) -> Result<()>,
}

#[cfg(target_os = "linux")]
const BENCHES: &[Bench] = &[
    Bench {
        name: "churn",
        what: "[MINUTES [SEED]]  what grows while people come and go",
        work: churn::run,
    },
    Bench {
        name: "frames",
        what: "[SECONDS [PAIRS]]  decoded to drawn in the window, against Tauri's Channel",
        work: frames::run,
    },
    Bench {
        name: "loopback",
        what: "[SECONDS [PAIRS]]  720p30 between two endpoints, against two Chromium pages",
        work: loopback::run,
    },
    Bench {
        name: "signaling",
        what: "[ROUNDS [PART…]]  rooms a second, idle memory and a storm, against Node and ws",
        work: signaling::run,
    },
    Bench {
        name: "turn",
        what: "[PAIRS]  what the relay carries on one core, against coturn",
        work: turn::run,
    },
];
#[cfg(not(target_os = "linux"))]
const BENCHES: &[Bench] = &[];

/// Prints the names of all measurements.
pub(crate) fn list() -> Result<()> {
    for bench in BENCHES {
        println!("{:<10} {}", bench.name, bench.what);
    }
    Ok(())
}

/// Runs one.
pub(crate) fn bench(name: &str, arguments: &[&str]) -> Result<()> {
    match BENCHES.iter().find(|bench| bench.name == name) {
        Some(bench) => (bench.work)(arguments),
        None => bail!("no measurement {name}; `cargo xtask bench` lists them"),
    }
}

/// The argument at `index`, or what is usual.
#[cfg(target_os = "linux")]
fn number<T: std::str::FromStr>(arguments: &[&str], index: usize, usual: T) -> Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    match arguments.get(index) {
        Some(word) => word.parse().with_context(|| format!("{word} is no number")),
        None => Ok(usual),
    }
}
