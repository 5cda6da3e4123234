//! What the command line asks for.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::{ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::check::CheckFlags;
use crate::settings::file::{self, FileError};
use crate::settings::{Settings, print};
use crate::token::TokenRequest;

/// The server of Duet: it brings two people into a room, and relays their call where no direct path
/// exists.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(flatten)]
    settings: Settings,

    #[command(subcommand)]
    action: Option<Subcommands>,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Shows the settings in force, where each comes from, and no secrets.
    Config(ConfigArgs),
    /// Says what is wrong with settings, ports, certificate, addresses, Redis and relay, and the next step.
    Check(CheckArgs),
    /// Makes a token that admits to a closed server, and the invite with it.
    Token(TokenArgs),
}

#[derive(Debug, Args)]
struct ConfigArgs {
    /// An annotated file with every key and its default instead.
    #[arg(long)]
    template: bool,

    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
struct CheckArgs {
    #[command(flatten)]
    flags: CheckFlags,

    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
struct TokenArgs {
    #[command(flatten)]
    request: TokenRequest,

    #[command(flatten)]
    settings: Settings,
}

/// What to do.
#[derive(Debug)]
pub(crate) enum Action {
    /// Be the server.
    Serve(Box<Settings>),
    /// Look for what is wrong; nothing but the file, if that cannot be.
    Check(CheckFlags, Result<Box<Settings>, FileError>),
    /// Print this.
    Print(String),
}

/// Reads flags, variables and the file. Ends the program where clap does: at `--help` and at flags that
/// cannot be.
///
/// # Errors
/// What is wrong with the file.
pub(crate) fn parse() -> anyhow::Result<Action> {
    let built_in = CommandLine::command().mut_subcommand("token", hide_the_rest);
    // Once without the file, which is only known then.
    let first = built_in.clone().get_matches();
    let path = config_path(&first);
    let command = match &path {
        Some(path) => match (file::apply(built_in.clone(), path), first.subcommand()) {
            (Ok(command), _) => command,
            (Err(error), Some(("check", matches))) => {
                let flags = CheckFlags::from_arg_matches(matches)?;
                return Ok(Action::Check(flags, Err(error)));
            }
            (Err(error), _) => return Err(error.into()),
        },
        None => built_in.clone(),
    };
    let matches = command.get_matches();
    let line = CommandLine::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match line.action {
        None => Ok(Action::Serve(Box::new(line.settings))),
        Some(Subcommands::Config(config)) if config.template => {
            Ok(Action::Print(print::template(&built_in)))
        }
        Some(Subcommands::Check(check)) => {
            Ok(Action::Check(check.flags, Ok(Box::new(check.settings))))
        }
        Some(Subcommands::Token(token)) => {
            let printed = token.request.print(&token.settings, SystemTime::now())?;
            Ok(Action::Print(printed))
        }
        Some(Subcommands::Config(config)) => {
            config.settings.server_config()?;
            Ok(Action::Print(in_force(&built_in, &matches, path.is_some())))
        }
    }
}

/// Reads everything once more, as it is now in the file.
///
/// # Errors
/// What cannot be; the program goes on.
#[cfg(unix)]
pub(crate) fn parse_again() -> anyhow::Result<Box<Settings>> {
    let built_in = CommandLine::command();
    let first = built_in.clone().try_get_matches()?;
    let command = match config_path(&first) {
        Some(path) => file::apply(built_in, &path)?,
        None => built_in,
    };
    let line = CommandLine::from_arg_matches(&command.try_get_matches()?)?;
    line.settings.server_config()?;
    Ok(Box::new(line.settings))
}

/// A token needs a key, and a link a host: the help shows no other setting.
fn hide_the_rest(command: Command) -> Command {
    let settings: Vec<String> = file::keys(&command)
        .filter(|(key, _)| !["access-key", "public-host"].contains(key))
        .map(|(_, argument)| argument.get_id().to_string())
        .collect();
    settings.into_iter().fold(command, |command, id| {
        command.mut_arg(id, |argument| argument.hide(true))
    })
}

fn in_force(built_in: &Command, matches: &ArgMatches, has_file: bool) -> String {
    print::effective(built_in, innermost(matches), has_file)
}

fn config_path(matches: &ArgMatches) -> Option<PathBuf> {
    innermost(matches).get_one("config").cloned()
}

fn innermost(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, inner)| inner)
}
