//! One step of the test run.

use super::tally::Tally;
use anyhow::Result;
use std::{fs, path::Path, time::Instant};

/// A named check.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    what: &'static str,
    work: fn(&Path) -> Result<Tally>,
}

impl Step {
    /// `work` gets the file in which skipped tests write themselves down.
    pub(crate) const fn new(
        name: &'static str,
        what: &'static str,
        work: fn(&Path) -> Result<Tally>,
    ) -> Self {
        Self { name, what, work }
    }

    /// Runs it; an error is one failed test more.
    pub(crate) fn run(&self, skipped: &Path) -> Tally {
        println!("\n== {}: {}", self.name, self.what);
        let _ = fs::remove_file(skipped);
        let start = Instant::now();
        let mut tally = (self.work)(skipped).unwrap_or_else(|error| {
            eprintln!("{error:#}");
            Tally::failed(1)
        });
        tally.take_out_skipped(&fs::read_to_string(skipped).unwrap_or_default());
        println!(
            "== {}: {tally} ({} s)",
            self.name,
            start.elapsed().as_secs()
        );
        tally
    }
}
