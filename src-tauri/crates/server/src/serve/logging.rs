//! Logs, written by a thread of their own.
//!
//! Whoever reads standard error may stop reading: a terminal that is paused, a collector that hangs. A
//! server that waited there would stand still with it. So lines go through a bounded queue, and what does
//! not fit is lost and counted.

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Context;
use tracing::warn;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, Settings};

/// Lines that wait; some hundred bytes each.
const MAX_WAITING_LINES: usize = 4096;
/// How often lost lines are told of.
const LOSS_INTERVAL: Duration = Duration::from_secs(10);

/// Logs go to standard error: standard output belongs to the lines that say where we listen. What waits is
/// written when the guard goes.
pub(super) fn start(settings: &Settings) -> anyhow::Result<WorkerGuard> {
    let filter = EnvFilter::try_new(&settings.log).context("--log is not a filter for logs")?;
    // Colours in a file or a pipe are noise.
    let is_terminal = std::io::stderr().is_terminal();
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(MAX_WAITING_LINES)
        .thread_name("logs")
        .finish(std::io::stderr());
    tokio::spawn(tell_of_losses(writer.error_counter()));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(is_terminal)
        .with_writer(writer);
    match settings.log_format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().init(),
    }
    Ok(guard)
}

async fn tell_of_losses(lost: ErrorCounter) {
    let mut told = 0;
    loop {
        tokio::time::sleep(LOSS_INTERVAL).await;
        let lines = lost.dropped_lines();
        if lines > told {
            warn!(
                lines = lines - told,
                "log lines were lost: nobody read them"
            );
            told = lines;
        }
    }
}
