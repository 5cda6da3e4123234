//! `duet-server`: the server as a program. Settings, logs, signals; the rest is the library.

mod check;
mod commands;
mod serve;
mod settings;
mod token;

use std::error::Error;
use std::process::ExitCode;

use commands::Action;

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match commands::parse() {
        Ok(Action::Serve(settings)) => serve::run(&settings).await.map(|()| ExitCode::SUCCESS),
        Ok(Action::Check(flags, settings)) => {
            let report = match settings {
                Ok(settings) => check::run(&settings).await,
                Err(error) => check::Report::of_settings(&error),
            };
            print!("{}", report.print(&flags));
            Ok(match report.is_ok() {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            })
        }
        Ok(Action::Print(text)) => {
            print!("{text}");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(error),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("duet-server: {}", with_causes(error.as_ref()));
        ExitCode::FAILURE
    })
}

/// An error and what is behind it, which is what a person can mend. Some errors tell their cause
/// themselves: nothing is said twice.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
