//! A test that is started again, in a process that something was done to before it began.

use anyhow::{Result, ensure};
use std::process::{Command, Stdio};

/// Runs the test of this name and no other, with libtest's own `--exact`. `command` ends with the
/// path of this test program; the variable `inside` tells the new process that it is the second one.
pub(crate) fn run(mut command: Command, test: &str, inside: &str) -> Result<()> {
    let output = command
        .args(["--exact", test, "--nocapture", "--include-ignored"])
        .env(inside, test)
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}{}", String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{}", output.status);
    ensure!(said.contains("1 passed"), "no test has this name");
    Ok(())
}
