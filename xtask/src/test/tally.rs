//! Counts of tests, and the lines in which runners print them.

use std::fmt;

/// How many tests passed, failed and were skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    /// One line for each skipped test.
    pub(crate) skip_reasons: Vec<String>,
}

impl Tally {
    pub(crate) fn passed(count: u64) -> Self {
        Self {
            passed: count,
            ..Self::default()
        }
    }

    pub(crate) fn failed(count: u64) -> Self {
        Self {
            failed: count,
            ..Self::default()
        }
    }

    pub(crate) fn skipped(reason: String) -> Self {
        Self {
            skipped: 1,
            skip_reasons: vec![reason],
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.skip_reasons.extend(other.skip_reasons.iter().cloned());
    }

    /// Counts libtest's `test result: ok. 3 passed; 0 failed; 1 ignored; …`. Ignored tests are not
    /// part of the run.
    pub(crate) fn add_libtest_line(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        let count_of = |what: &str| {
            let before = counts.split(what).next().unwrap_or_default();
            let word = before.rsplit(' ').find(|word| !word.is_empty());
            word.and_then(|word| word.parse::<u64>().ok()).unwrap_or(0)
        };
        self.passed += count_of(" passed;");
        self.failed += count_of(" failed;");
    }

    /// Counts a script's `3 passed, 1 failed`, alone on a line.
    pub(crate) fn add_plain_line(&mut self, line: &str) {
        let mut parts = line.trim().split(", ");
        let mut count_of = |what: &str| parts.next()?.strip_suffix(what)?.parse::<u64>().ok();
        if let (Some(passed), Some(failed)) = (count_of(" passed"), count_of(" failed")) {
            self.passed += passed;
            self.failed += failed;
        }
    }

    /// Tests that said they were skipped have returned early and were counted as passed.
    pub(crate) fn take_out_skipped(&mut self, reasons: &str) {
        for reason in reasons.lines() {
            self.passed = self.passed.saturating_sub(1);
            self.skipped += 1;
            self.skip_reasons.push(reason.to_owned());
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
            ..
        } = self;
        write!(out, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_libtest_prints() {
        let mut tally = Tally::default();
        tally.add_libtest_line("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; …");
        tally.add_libtest_line("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured");
        tally.add_libtest_line("test a_result ... ok");
        assert_eq!((tally.passed, tally.failed, tally.skipped), (15, 2, 0));
    }

    #[test]
    fn reads_what_scripts_print() {
        let mut tally = Tally::default();
        tally.add_plain_line("48 passed, 2 failed");
        tally.add_plain_line("we passed, they failed");
        tally.add_plain_line("FAULT home: overflow");
        assert_eq!((tally.passed, tally.failed), (48, 2));
    }

    #[test]
    fn a_skipped_test_is_not_a_passed_one() {
        let mut tally = Tally::passed(3);
        tally.take_out_skipped("SKIPPED one: no browser\nSKIPPED two: no browser\n");
        assert_eq!(tally.to_string(), "1 passed, 0 failed, 2 skipped");
        assert_eq!(tally.skip_reasons[0], "SKIPPED one: no browser");
    }
}
