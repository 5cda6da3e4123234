//! The file of settings: TOML whose keys are the long names of the flags.
//!
//! What it says becomes the default values of clap's arguments. Every key and every value is judged here
//! first, so that a mistake is told with its line.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command};
use thiserror::Error;
use toml::de::DeTable;
use toml::{Table, Value};

/// How much alike two keys must be for one to be taken for a slip of the other.
const LIKENESS: f64 = 0.8;

/// Why a file cannot be used.
#[derive(Debug, Error)]
pub(crate) enum FileError {
    #[error("cannot read the settings in {path}: {source}")]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{place}: this is not TOML: {reason}")]
    NotToml { place: Place, reason: String },
    #[error("{place}: unknown key \"{key}\"{hint}")]
    UnknownKey {
        place: Place,
        key: String,
        hint: String,
    },
    #[error("{place}: {key}: {reason}")]
    Value {
        place: Place,
        key: String,
        reason: String,
    },
}

/// A line of a file, counted from one.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.path.display(), self.line)
    }
}

/// The arguments of `command` that a file may set.
pub(crate) fn keys(command: &Command) -> impl Iterator<Item = (&str, &Arg)> {
    let arguments = command.get_arguments();
    let settable = arguments.filter(|argument| argument.get_id() != "config");
    settable.filter_map(|argument| {
        // Only what has a variable is a setting; `--help` and `--json` are not.
        argument.get_env()?;
        Some((argument.get_long()?, argument))
    })
}

/// The same command, with what the file says in the place of the built-in defaults, in it and in its
/// subcommands.
///
/// # Errors
/// The first thing in the file that cannot be.
pub(crate) fn apply(command: Command, path: &Path) -> Result<Command, FileError> {
    let unreadable = |source| FileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let defaults = read(&command, path, &text)?;
    Ok(with_defaults(command, &defaults))
}

/// An argument's id and its values.
type Default = (String, Vec<String>);

fn read(command: &Command, path: &Path, text: &str) -> Result<Vec<Default>, FileError> {
    let place = |at: usize| Place {
        path: path.to_owned(),
        line: text.get(..at).unwrap_or(text).matches('\n').count() + 1,
    };
    // Without the line itself, which may hold a secret.
    let not_toml = |error: toml::de::Error| FileError::NotToml {
        place: place(error.span().map_or(0, |span| span.start)),
        reason: error.message().to_owned(),
    };
    let spans = DeTable::parse(text).map_err(not_toml)?;
    let values: Table = toml::from_str(text).map_err(not_toml)?;
    let mut defaults = Vec::new();
    for spanned in spans.get_ref().keys() {
        let key = spanned.get_ref().as_ref();
        let place = place(spanned.span().start);
        let found = keys(command).find(|(name, _)| *name == key);
        let (Some((_, argument)), Some(value)) = (found, values.get(key)) else {
            return Err(FileError::UnknownKey {
                place,
                key: key.to_owned(),
                hint: hint(command, key),
            });
        };
        match texts(argument, value).and_then(|texts| judged(command, argument, texts)) {
            Ok(texts) => defaults.push((argument.get_id().to_string(), texts)),
            Err(reason) => {
                return Err(FileError::Value {
                    place,
                    key: key.to_owned(),
                    reason,
                });
            }
        }
    }
    Ok(defaults)
}

fn hint(command: &Command, key: &str) -> String {
    let spelled = key.replace('_', "-").to_lowercase();
    let rated = keys(command).map(|(name, _)| (strsim::jaro_winkler(&spelled, name), name));
    let nearest = rated.max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest {
        Some((likeness, name)) if likeness >= LIKENESS => format!("; did you mean \"{name}\"?"),
        Some(_) | None => "; duet-server config --template shows all keys".to_owned(),
    }
}

/// A value as one would write it behind the flag.
fn texts(argument: &Arg, value: &Value) -> Result<Vec<String>, String> {
    let is_list = matches!(argument.get_action(), ArgAction::Append);
    match value {
        Value::Boolean(value) if is_switch(argument) => Ok(vec![value.to_string()]),
        _ if is_switch(argument) => Err("is true or false".to_owned()),
        Value::Array(values) if is_list => values.iter().map(scalar).collect(),
        Value::Array(_) => Err("takes one value, not a list".to_owned()),
        one => Ok(vec![scalar(one)?]),
    }
}

/// Whether a flag takes no value.
pub(crate) fn is_switch(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::SetTrue)
}

fn scalar(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        // An RTCIceServer may be written as a table.
        Value::Table(table) => serde_json::to_string(table).map_err(|error| error.to_string()),
        Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) => {
            Err(format!("{value} cannot stand here"))
        }
    }
}

/// What clap would say about the flag with this value.
fn judged(command: &Command, argument: &Arg, texts: Vec<String>) -> Result<Vec<String>, String> {
    if is_switch(argument) || texts.is_empty() {
        return Ok(texts);
    }
    let flags = texts.iter().map(|text| {
        let name = argument.get_long().unwrap_or_default();
        format!("--{name}={text}")
    });
    let command = command.clone().disable_help_flag(true);
    let judged =
        command.try_get_matches_from(std::iter::once("duet-server".to_owned()).chain(flags));
    match judged {
        Ok(_) => Ok(texts),
        Err(error) => {
            let said = error.to_string();
            let first = said.lines().next().unwrap_or_default();
            Err(first.trim_start_matches("error: ").to_owned())
        }
    }
}

fn with_defaults(command: Command, defaults: &[Default]) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|subcommand| subcommand.get_name().to_owned())
        .collect();
    let command = defaults.iter().fold(command, |command, (id, values)| {
        let is_here = command
            .get_arguments()
            .any(|argument| argument.get_id() == id);
        let values = values.clone();
        match is_here {
            true => command.mut_arg(id, |argument| argument.default_values(values)),
            false => command,
        }
    });
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |subcommand| with_defaults(subcommand, defaults))
    })
}
