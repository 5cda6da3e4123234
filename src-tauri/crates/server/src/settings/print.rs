//! Settings as TOML again: those in force, with where each comes from, and the annotated example.

use std::any::TypeId;
use std::fmt::Write as _;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::file::{is_switch, keys};

/// What nobody sees.
const SECRETS: [&str; 3] = ["redis", "cluster-key", "turn-secret"];
/// The comments of the example.
const LINE_WIDTH: usize = 100;

/// The settings in force.
pub(crate) fn effective(command: &Command, matches: &ArgMatches, has_file: bool) -> String {
    let mut text = String::new();
    for (key, argument) in keys(command) {
        if argument.is_hide_set() {
            continue;
        }
        let id = argument.get_id().as_str();
        let source = match matches.value_source(id) {
            Some(ValueSource::CommandLine) => "flag",
            Some(ValueSource::EnvVariable) => "variable",
            // The file gives clap its defaults: what differs from the built-in ones is from there.
            Some(_) if has_file && is_from_file(argument, matches) => "file",
            Some(_) | None => "default",
        };
        let values: Vec<String> = match matches.get_raw(id) {
            Some(values) => values
                .map(|value| value.to_string_lossy().into_owned())
                .collect(),
            None => Vec::new(),
        };
        let line = match SECRETS.contains(&key) && !values.is_empty() {
            true => format!("#{key} is set and not shown"),
            false => assignment(key, argument, &values),
        };
        let _ = writeln!(text, "{line:<60} # {source}");
    }
    text
}

/// A file with every key, what it does, and its default.
pub(crate) fn template(command: &Command) -> String {
    let mut text = String::from(
        "# The settings of duet-server and their defaults. What `duet-server config --template` prints.\n\
         # The same by flag (--listen) and by variable (DUET_LISTEN): a flag goes before a variable, a\n\
         # variable before this file. `duet-server config --config FILE` shows what is in force.\n",
    );
    let mut heading = None;
    for (key, argument) in keys(command) {
        if argument.is_hide_set() {
            continue;
        }
        if argument.get_help_heading() != heading {
            heading = argument.get_help_heading();
            let _ = write!(text, "\n## {}\n", heading.unwrap_or_default());
        }
        let _ = write!(text, "\n{}", comment(argument));
        let defaults: Vec<String> = argument
            .get_default_values()
            .iter()
            .map(|value| value.to_string_lossy().into_owned())
            .collect();
        let _ = writeln!(text, "{}", assignment(key, argument, &defaults));
    }
    text
}

fn is_from_file(argument: &Arg, matches: &ArgMatches) -> bool {
    let in_force = matches.get_raw(argument.get_id().as_str());
    let in_force: Vec<_> = in_force.map(Iterator::collect).unwrap_or_default();
    let built_in: Vec<_> = argument
        .get_default_values()
        .iter()
        .map(|value| value.as_os_str())
        .collect();
    in_force != built_in && !(is_switch(argument) && built_in.is_empty() && in_force == ["false"])
}

/// `key = value`, or the same as a comment if there is no value to write.
fn assignment(key: &str, argument: &Arg, values: &[String]) -> String {
    let written: Vec<String> = values
        .iter()
        .map(|value| literal(argument, value))
        .collect();
    match (argument.get_action(), written.as_slice()) {
        (ArgAction::Append, values) => format!("{key} = [{}]", values.join(", ")),
        (ArgAction::SetTrue, []) => format!("{key} = false"),
        (_, []) => format!("#{key} = \"{}\"", placeholder(argument)),
        (_, values) => format!("{key} = {}", values.join(", ")),
    }
}

fn literal(argument: &Arg, value: &str) -> String {
    let kind = argument.get_value_parser().type_id();
    let is_number =
        kind == TypeId::of::<usize>() || kind == TypeId::of::<u64>() || kind == TypeId::of::<u32>();
    match is_number || is_switch(argument) {
        true => value.to_owned(),
        false => toml::Value::from(value).to_string(),
    }
}

fn placeholder(argument: &Arg) -> String {
    let names = argument.get_value_names().unwrap_or_default();
    names.first().map(ToString::to_string).unwrap_or_default()
}

fn comment(argument: &Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let mut lines = vec![String::from("#")];
    for word in help.split_whitespace() {
        let is_full = lines
            .last()
            .is_some_and(|line| line.len() + 1 + word.len() > LINE_WIDTH);
        if is_full {
            lines.push(String::from("#"));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.push(String::new());
    lines.join("\n")
}
