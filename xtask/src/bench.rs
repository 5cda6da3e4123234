//! `cargo xtask bench`: measurements to read. They print and never fail a test run.
//!
//! One module per measurement; each says what it measures, how, and against what.

use anyhow::{Result, bail};

/// A measurement.
#[derive(Debug)]
struct Bench {
    name: &'static str,
    what: &'static str,
    work: fn(&[&str]) -> Result<()>,
}

const BENCHES: [Bench; 0] = [];

/// Prints the names of all measurements.
pub(crate) fn list() -> Result<()> {
    for bench in &BENCHES {
        println!("{:<12} {}", bench.name, bench.what);
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
