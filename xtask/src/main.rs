//! `cargo xtask`: the project's own commands, the same on a developer's machine and in continuous
//! integration.
//!
//! One module per command; `shell` runs programs, `project` knows where things lie. Nothing here
//! knows what the application does: it is started as a person would start it.

mod bench;
mod project;
mod run;
#[cfg(target_os = "linux")]
mod server;
mod setup;
mod shell;
mod test;
mod ui;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask setup [--tests]     install what is missing to build and run (and to test)
cargo xtask run [--demo] [ARG]  build and open Duet; --demo: two windows in a call with each other
cargo xtask test [STEP…]        every test, or only the named steps
cargo xtask bench [NAME [ARG]]  print a measurement; without NAME, list them
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["setup"] => setup::setup(setup::Purpose::Run),
        ["setup", "--tests"] => setup::setup(setup::Purpose::Test),
        ["run", "--demo", rest @ ..] => run::demo(rest),
        ["run", rest @ ..] => run::run(rest),
        ["test", steps @ ..] => test::test(steps),
        ["bench"] => bench::list(),
        ["bench", name, rest @ ..] => bench::bench(name, rest),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
