//! `cargo xtask test`: every check and every test, in the order in which a failure is cheapest.
//!
//! A step that fails does not stop the ones after it. Each reports how many tests passed, failed and
//! were skipped; the last line of output is the sum. What a machine cannot run is skipped with its
//! reason and never counted as passed; with `DUET_SKIP_NOTHING` set it fails instead.

mod rust;
mod step;
mod tally;
mod web;

use crate::{project, setup, ui};
use anyhow::{Result, bail};
use std::fs;
use step::Step;
use tally::Tally;

const STEPS: [Step; 10] = [
    Step::new("format", "rustfmt", rust::format),
    Step::new(
        "page",
        "types and accessibility hints of the page",
        web::check,
    ),
    Step::new("page-tests", "the page's own tests", web::unit_tests),
    Step::new("page-build", "the page as it ships", web::build),
    Step::new("lint", "clippy, warnings are errors", rust::lint),
    Step::new(
        "supply",
        "licences, sources and bans of all crates",
        rust::supply,
    ),
    Step::new("build", "all programs", rust::build),
    Step::new(
        "screens",
        "every screen: pictures and axe-core",
        web::screens,
    ),
    Step::new(
        "tests",
        "every Rust test, rigs and windows included",
        rust::tests,
    ),
    Step::new(
        "portal",
        "screens of Wayland sessions, which default builds leave out",
        rust::portal,
    ),
];

/// Runs all steps, or those named.
pub(crate) fn test(names: &[&str]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| !is_step(name)) {
        let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        bail!("no step {unknown}; there are {}", known.join(", "));
    }
    setup::setup(setup::Purpose::Test)?;
    ui::install()?;
    let skipped = project::target()?.join("xtask/skipped-tests");
    if let Some(folder) = skipped.parent() {
        fs::create_dir_all(folder)?;
    }
    let chosen = STEPS
        .iter()
        .filter(|step| names.is_empty() || names.contains(&step.name));
    let mut total = Tally::default();
    let mut summary = Vec::new();
    for step in chosen {
        let tally = step.run(&skipped);
        summary.push(format!("{:<12} {tally}", step.name));
        total.add(&tally);
    }
    println!("\n{}\n", summary.join("\n"));
    for reason in &total.skip_reasons {
        println!("{reason}");
    }
    println!("{total}");
    if total.failed > 0 {
        bail!("{} failed", total.failed);
    }
    Ok(())
}

fn is_step(name: &str) -> bool {
    STEPS.iter().any(|step| step.name == name)
}
