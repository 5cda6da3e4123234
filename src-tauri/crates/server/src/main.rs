//! `duet-server`: the server as a program. Settings, logs, signals; the rest is the library.

mod check;
mod commands;
mod serve;
mod settings;
mod token;

use std::process::ExitCode;

use commands::Action;

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match commands::parse() {
        Ok(Action::Serve(settings)) => serve::run(&settings).await.map(|()| ExitCode::SUCCESS),
        Ok(Action::Check(flags, settings)) => {
            let report = check::run(&settings).await;
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
        // `{:#}`: the cause behind it is what a person can mend.
        eprintln!("duet-server: {error:#}");
        ExitCode::FAILURE
    })
}
