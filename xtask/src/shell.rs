//! Runs programs and says which.

use anyhow::{Context, Result, ensure};
use std::{
    io::{self, BufRead, BufReader, Write},
    process::{Command, Stdio},
};

/// Runs a program with our own input and output; an exit other than success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    say(command);
    let status = command.status().with_context(|| cannot_run(command))?;
    ensure!(status.success(), "{}: {status}", shown(command));
    Ok(())
}

/// Runs a program, hands over each line of its standard output, and prints it. The result is
/// whether it succeeded.
pub(crate) fn run_reading(command: &mut Command, mut read: impl FnMut(&str)) -> Result<bool> {
    say(command);
    command.stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| cannot_run(command))?;
    let stdout = child.stdout.take().context("no standard output")?;
    for line in BufReader::new(stdout).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        read(&line);
        println!("{line}");
    }
    Ok(child.wait()?.success())
}

/// Runs a program and returns its standard output.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| cannot_run(command))?;
    let error = String::from_utf8_lossy(&output.stderr);
    let status = output.status;
    ensure!(status.success(), "{}: {status}\n{error}", shown(command));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program runs and succeeds; what it prints is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Prints what is about to run.
pub(crate) fn say(command: &Command) {
    println!("$ {}", shown(command));
    let _ = io::stdout().flush();
}

fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    let words = std::iter::once(name).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

fn cannot_run(command: &Command) -> String {
    format!("cannot run {}", command.get_program().to_string_lossy())
}
