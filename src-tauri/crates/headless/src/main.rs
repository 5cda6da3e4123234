//! `duet-peer`: an endpoint without a window, for tests, bots and benchmarks.
//!
//! It does what the desktop application does with the same engine, and writes a report of what it
//! measured. Exit status 0 when a call was held, 1 when none came about in time, 2 for wrong
//! arguments.

mod arguments;
mod best_window;
mod by_name;
mod call;
mod devices;
mod dump;
mod process_figures;
mod report;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Task};

fn main() -> ExitCode {
    let wanted = std::env::var("DUET_LOG").ok();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_new(duet_engine::log_filter(wanted.as_deref()))
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(duet_engine::QUIET_LOGS)),
        )
        // Colours in a file or a pipe are noise.
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("duet-peer: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.task {
        Some(Task::Devices) => {
            devices::print();
            Ok(ExitCode::SUCCESS)
        }
        None => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()?;
            runtime.block_on(call::run(arguments.call))
        }
    }
}
