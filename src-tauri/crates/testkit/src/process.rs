//! Child processes that end with their handle.
//!
//! Each child leads its own process group, so that what it starts itself (a browser's helpers, a
//! window's web process) goes with it: SIGTERM to the group, three seconds, then SIGKILL. Groups are
//! addressed by their id alone, never by name. Two threads per child read its output into one list
//! of lines, so a full pipe never stops a child and a failing test can print what it said.

use anyhow::{Context, Result, bail};
use parking_lot::{Condvar, Mutex};
use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

const GRACE: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(10);
/// Output lines kept for each child; older ones are dropped.
const MAX_LINES: usize = 20_000;

/// A running child.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    exit: Option<ExitStatus>,
    output: Arc<Output>,
}

#[derive(Debug, Default)]
struct Output {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Lines {
    kept: Vec<String>,
    dropped: usize,
    open_streams: usize,
}

/// Signals a test sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: asked to end.
    Terminate,
    /// SIGKILL: ended.
    Kill,
    /// SIGSTOP: frozen.
    Stop,
    /// SIGCONT: thawed.
    Continue,
    /// SIGUSR2: whatever the program makes of it.
    User2,
}

impl Process {
    /// Starts `command` and collects the lines of its standard output and error.
    pub fn spawn(name: &str, command: &mut Command) -> Result<Self> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Self::start(name, command)?;
        if let Some(stdout) = process.child.stdout.take() {
            collect(stdout, process.output.clone());
        }
        if let Some(stderr) = process.child.stderr.take() {
            collect(stderr, process.output.clone());
        }
        Ok(process)
    }

    /// Starts `command` and hands over its standard output, for what is not text.
    pub fn spawn_binary(name: &str, command: &mut Command) -> Result<(Self, ChildStdout)> {
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Self::start(name, command)?;
        let stdout = process.child.stdout.take().context("no standard output")?;
        Ok((process, stdout))
    }

    /// The process id, which is its group's id too.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The child's standard input, once, if the command asked for a pipe.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// What it has printed so far, both streams, in the order of arrival.
    pub fn lines(&self) -> Vec<String> {
        self.output.lines.lock().kept.clone()
    }

    /// Waits for a line that `wanted` accepts, among those printed already too.
    pub fn wait_for_line(
        &self,
        timeout: Duration,
        mut wanted: impl FnMut(&str) -> bool,
    ) -> Result<String> {
        let deadline = Instant::now() + timeout;
        let mut seen = 0_usize;
        let mut lines = self.output.lines.lock();
        loop {
            let from = seen.saturating_sub(lines.dropped).min(lines.kept.len());
            if let Some(line) = lines.kept[from..].iter().find(|line| wanted(line)) {
                return Ok(line.clone());
            }
            seen = lines.dropped + lines.kept.len();
            if lines.open_streams == 0 {
                bail!("{} ended without the line:\n{}", self.name, tail(&lines));
            }
            if self
                .output
                .changed
                .wait_until(&mut lines, deadline)
                .timed_out()
            {
                bail!(
                    "{} did not print the line in {timeout:?}:\n{}",
                    self.name,
                    tail(&lines)
                );
            }
        }
    }

    /// Waits for the end by itself.
    pub fn wait(&mut self, timeout: Duration) -> Result<ExitStatus> {
        match self.ended_within(timeout)? {
            Some(status) => {
                self.read_out();
                Ok(status)
            }
            None => {
                let said = tail(&self.output.lines.lock());
                bail!("{} did not end in {timeout:?}:\n{said}", self.name)
            }
        }
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.ended_within(Duration::ZERO), Ok(None))
    }

    /// Sends a signal to the child and all that it started.
    pub fn signal(&mut self, signal: Signal) {
        if self.exit.is_none() {
            signal_group(self.child.id(), signal);
        }
    }

    /// Asks it to end, waits a little, then ends it.
    pub fn terminate(&mut self) {
        // A frozen process cannot act on SIGTERM.
        self.signal(Signal::Continue);
        self.signal(Signal::Terminate);
        if !matches!(self.ended_within(GRACE), Ok(Some(_))) {
            self.kill();
        }
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        self.signal(Signal::Kill);
        let _ = self.ended_within(GRACE);
    }

    fn start(name: &str, command: &mut Command) -> Result<Self> {
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name} ({:?})", command.get_program()))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            exit: None,
            output: Arc::default(),
        })
    }

    /// Waits until what an ended process printed is among the lines.
    fn read_out(&self) {
        let deadline = Instant::now() + GRACE;
        let mut lines = self.output.lines.lock();
        while lines.open_streams > 0 {
            let changed = self.output.changed.wait_until(&mut lines, deadline);
            if changed.timed_out() {
                return;
            }
        }
    }

    fn ended_within(&mut self, timeout: Duration) -> Result<Option<ExitStatus>> {
        let deadline = Instant::now() + timeout;
        loop {
            if self.exit.is_some() {
                return Ok(self.exit);
            }
            if let Some(status) = self.child.try_wait()? {
                // What it left behind goes now, while the group's id is surely its own.
                signal_group(self.child.id(), Signal::Kill);
                self.exit = Some(status);
            } else if Instant::now() >= deadline {
                return Ok(None);
            } else {
                thread::sleep(POLL);
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.terminate();
    }
}

/// Whether a program of this name is on the PATH.
pub fn is_installed(program: &str) -> bool {
    find_program(program).is_some()
}

/// Where a program of this name lies on the PATH.
pub fn find_program(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// Calls `ready` until it is true.
pub fn eventually(what: &str, timeout: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + timeout;
    while !ready() {
        if Instant::now() >= deadline {
            bail!("not within {timeout:?}: {what}");
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn collect(stream: impl Read + Send + 'static, output: Arc<Output>) {
    output.lines.lock().open_streams += 1;
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(length) if length > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            let mut lines = output.lines.lock();
            lines.kept.push(text);
            if lines.kept.len() > MAX_LINES {
                lines.kept.drain(..MAX_LINES / 2);
                lines.dropped += MAX_LINES / 2;
            }
            output.changed.notify_all();
        }
        output.lines.lock().open_streams -= 1;
        output.changed.notify_all();
    });
}

fn tail(lines: &Lines) -> String {
    let from = lines.kept.len().saturating_sub(40);
    lines.kept[from..].join("\n")
}

#[allow(unsafe_code)]
fn signal_group(group: u32, signal: Signal) {
    let number = match signal {
        Signal::Terminate => libc::SIGTERM,
        Signal::Kill => libc::SIGKILL,
        Signal::Stop => libc::SIGSTOP,
        Signal::Continue => libc::SIGCONT,
        Signal::User2 => libc::SIGUSR2,
    };
    // SAFETY: kill takes two numbers and touches no memory; the group is one that we made.
    unsafe { libc::kill(-(group as i32), number) };
}
