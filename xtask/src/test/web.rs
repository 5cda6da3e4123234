//! Steps about the page.

use super::tally::Tally;
use crate::{project, setup, shell, ui};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{env, fs, path::Path};

pub(crate) fn check(_skipped: &Path) -> Result<Tally> {
    shell::run(setup::node()?.npm().args(["run", "check"]))?;
    Ok(Tally::passed(1))
}

pub(crate) fn build(_skipped: &Path) -> Result<Tally> {
    ui::build()?;
    Ok(Tally::passed(1))
}

/// vitest writes its counts into a file besides what it prints.
pub(crate) fn unit_tests(_skipped: &Path) -> Result<Tally> {
    let report = project::target()?.join("xtask/vitest.json");
    let _ = fs::remove_file(&report);
    let mut npm = setup::node()?.npm();
    npm.args(["test", "--", "--reporter=default", "--reporter=json"]);
    npm.arg(format!("--outputFile.json={}", report.display()));
    let outcome = shell::run(&mut npm);
    let Ok(text) = fs::read_to_string(&report) else {
        return outcome.and(Err(anyhow::anyhow!("vitest wrote no report")));
    };
    let mut tally = vitest_counts(&text)?;
    if outcome.is_err() && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

/// The page's script opens every screen in a browser and counts those without a fault.
pub(crate) fn screens(_skipped: &Path) -> Result<Tally> {
    let mut npm = setup::node()?.npm();
    npm.args(["run", "screens"]);
    let mut tally = Tally::default();
    let mut reason = None;
    let succeeded = shell::run_reading(&mut npm, |line| {
        tally.add_plain_line(line);
        if line.starts_with("SKIPPED ") {
            reason = Some(line.to_owned());
        }
    })?;
    if let Some(reason) = reason {
        ensure!(env::var_os("DUET_SKIP_NOTHING").is_none(), "{reason}");
        return Ok(Tally::skipped(reason));
    }
    if !succeeded && tally.failed == 0 {
        tally.failed = 1;
    }
    ensure!(tally != Tally::default(), "no screen was looked at");
    Ok(tally)
}

fn vitest_counts(report: &str) -> Result<Tally> {
    let report: Value = serde_json::from_str(report)?;
    let count = |name: &str| report[name].as_u64().with_context(|| format!("no {name}"));
    Ok(Tally {
        passed: count("numPassedTests")?,
        failed: count("numFailedTests")?,
        skipped: count("numPendingTests")?,
        skip_reasons: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_counts_of_vitest() {
        let report = r#"{"numPassedTests": 7, "numFailedTests": 2, "numPendingTests": 1}"#;
        let tally = vitest_counts(report).unwrap();
        assert_eq!(tally.to_string(), "7 passed, 2 failed, 1 skipped");
        assert!(vitest_counts("{}").is_err());
    }
}
