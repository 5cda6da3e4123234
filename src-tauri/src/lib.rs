//! The desktop shell: the only code that knows Tauri. It decides nothing: the [`controller`] does,
//! over the engine, and the page shows.

pub mod arguments;
pub mod commands;
pub mod controller;
pub mod frames;
mod incoming_window;
mod machine;
mod notifications;
mod profile;
mod report;
pub mod server_host;
pub mod settings;
mod sharing_window;
mod small_window;
pub mod view;
mod window;
mod words;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser;

/// Runs the application until its window is closed.
pub fn run() -> ExitCode {
    let arguments = arguments::Arguments::parse();
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
    match window::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
