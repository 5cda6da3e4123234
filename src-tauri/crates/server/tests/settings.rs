//! Settings from flags, variables and a file: one schema, one order, and words for every mistake.
#![cfg(unix)]

use std::path::PathBuf;
use std::process::{Command, Output};

/// The example that operators start from. Tests run in the folder of their crate.
fn example() -> PathBuf {
    PathBuf::from("../../../docs/duet-server.toml")
}

fn run(variables: &[(&str, &str)], flags: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
    // What the machine's owner has set is not ours.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DUET_")) {
        command.env_remove(name);
    }
    let command = command.args(flags).envs(variables.iter().copied());
    command.output().expect("the program runs")
}

fn printed(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A file that is gone with the test.
fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    file
}

fn path_of(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().expect("plain letters")
}

#[test]
fn the_example_is_what_the_program_prints() {
    let template = printed(&run(&[], &["config", "--template"]));
    let example = std::fs::read_to_string(example()).expect("the example");
    assert!(
        template == example,
        "docs/duet-server.toml is stale: duet-server config --template > docs/duet-server.toml\n{template}"
    );
}

#[test]
fn the_example_changes_nothing() {
    let path = example();
    let flags = ["config", "--config", path.to_str().expect("plain letters")];
    assert_eq!(printed(&run(&[], &flags)), printed(&run(&[], &["config"])));
}

/// So that somebody who takes the `#` away is not told that there is no such key.
#[test]
fn every_key_of_the_example_is_one() {
    let text = std::fs::read_to_string(example()).expect("the example");
    let commented = text.lines().filter(|line| {
        let is_key = |line: &str| line.starts_with(|letter: char| letter.is_ascii_lowercase());
        line.strip_prefix('#').is_some_and(is_key)
    });
    for line in commented {
        let line = line.trim_start_matches('#');
        let said = run(&[], &["config", "--config", path_of(&file(line))]).stderr;
        let said = String::from_utf8_lossy(&said);
        assert!(!said.contains("unknown key"), "{line}: {said}");
    }
}

#[test]
fn a_flag_goes_before_a_variable_and_a_variable_before_the_file() {
    let file = file("max-connections = 7\ncalls-per-minute = 7\nfailed-joins-per-minute = 7\n");
    let flags = ["config", "--config", path_of(&file), "--max-connections=9"];
    let variables = [
        ("DUET_MAX_CONNECTIONS", "8"),
        ("DUET_CALLS_PER_MINUTE", "8"),
    ];
    let printed = printed(&run(&variables, &flags));
    for (key, value, source) in [
        ("max-connections", "9", "flag"),
        ("calls-per-minute", "8", "variable"),
        ("failed-joins-per-minute", "7", "file"),
        ("max-connections-per-address", "50", "default"),
    ] {
        let line = printed
            .lines()
            .find(|line| line.starts_with(&format!("{key} = ")))
            .unwrap_or_else(|| panic!("no {key} in {printed}"));
        assert!(line.starts_with(&format!("{key} = {value} ")), "{line}");
        assert!(line.ends_with(&format!("# {source}")), "{line}");
    }
}

#[test]
fn what_is_printed_can_be_read_again_and_tells_no_secret() {
    let file = file(
        "listen = [\"127.0.0.1:0\", \"[::1]:0\"]\nno-turn = false\nrelay-ports = \"50000-50009\"\n\
         turn-secret = [\"very\", \"hidden\"]\nredis = \"redis://:hidden@127.0.0.1:1\"\n\
         cluster-key = [\"hidden-hidden-hidden-hidden-hidden\"]\nlog-format = \"json\"\n\
         ice-server = [\"stun:s.example.org\", { urls = [\"turn:t.example.org\"], username = \"u\", credential = \"c\" }]\n",
    );
    let first = printed(&run(&[], &["config", "--config", path_of(&file)]));
    assert!(!first.contains("hidden"), "{first}");
    assert!(
        first.contains("50000-50009") && first.contains("t.example.org"),
        "{first}"
    );
    let again = self::file(&first);
    let second = printed(&run(&[], &["config", "--config", path_of(&again)]));
    let lines = |text: &str| {
        let is_secret = |line: &str| {
            let key = line.trim_start_matches('#');
            ["turn-secret ", "redis ", "cluster-key "]
                .iter()
                .any(|secret| key.starts_with(secret))
        };
        let shown = text.lines().filter(|line| !is_secret(line));
        shown.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(&first), lines(&second));
}

#[test]
fn mistakes_are_told_with_their_line_and_the_nearest_key() {
    for (text, words) in [
        (
            "\n\nmax-conections = 5",
            &[":3: unknown key", "max-connections\"?"][..],
        ),
        (
            "max_connections = 5",
            &[":1: unknown key", "\"max-connections\"?"],
        ),
        ("zzzzzz = 5", &[":1: unknown key", "config --template"]),
        ("config = \"other.toml\"", &[":1: unknown key"]),
        ("[turn]\nsecret = \"s\"", &[":1: unknown key"]),
        (
            "\nmax-connections = \"many\"",
            &[":2: max-connections", "many"],
        ),
        ("listen = \"here\"", &[":1: listen", "here"]),
        ("no-turn = \"yes\"", &[":1: no-turn", "true or false"]),
        ("realm = [\"a\", \"b\"]", &[":1: realm", "one value"]),
        ("max-connections = 5.5", &[":1: max-connections", "5.5"]),
        ("listen = ", &[":1: this is not TOML"]),
        (
            "realm = \"a\"\nrealm = \"b\"",
            &[":2: this is not TOML", "duplicate"],
        ),
        (
            "allow-origin = \"calls.example.org\"",
            &[":1: allow-origin", "https://"],
        ),
        (
            "log = \"foo=bar=1\"",
            &[":1: log", "error, warn, info or debug"],
        ),
        (
            "public-host = \"https://calls.example.org/\"",
            &[":1: public-host", "without https://"],
        ),
        (
            "turn-listen = \"3478\"",
            &[":1: turn-listen", "0.0.0.0:7440"],
        ),
        (
            "no-turn = true\nturn-uri = [\"turn:t.example.org\"]",
            &["--no-turn"],
        ),
        ("turn-uri = [\"turn:t.example.org\"]", &["--turn-secret"]),
        (
            "redis = \"redis://127.0.0.1:1\"",
            &["--redis", "--cluster-key", "openssl rand -hex 32"],
        ),
        (
            "redis = \"redis://127.0.0.1:1\"\ncluster-key = [\"short\"]",
            &["--cluster-key", "at least 32"],
        ),
        (
            "cluster-key-file = \"/nowhere/key\"",
            &["--cluster-key-file /nowhere/key"],
        ),
        (
            "cluster-key-file = \"/nowhere/key\"\ncluster-key = [\"0123456789abcdef0123456789abcdef\"]",
            &["not in both"],
        ),
    ] {
        let file = file(text);
        for action in [&["config"][..], &[]] {
            let flags = [action, &["--config", path_of(&file)]].concat();
            let output = run(&[], &flags);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{text}");
            for word in words {
                assert!(said.contains(word), "{text}: {said}");
            }
        }
    }
    let missing = run(&[("DUET_CONFIG", "/nowhere/duet.toml")], &[]);
    let said = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(
        !missing.status.success() && said.contains("/nowhere/duet.toml"),
        "{said}"
    );
    assert_eq!(said.matches("No such file").count(), 1, "{said}");
}

/// A line that is wrong may be the one with the password.
#[test]
fn what_is_wrong_with_a_file_does_not_tell_its_secrets() {
    for text in [
        "redis = \"redis://:hunter2@127.0.0.1:1\" \"",
        "turn-secret = [\"hunter2\"",
        "access-key = hunter2",
    ] {
        let file = file(text);
        for action in [&["config"][..], &[], &["check"]] {
            let flags = [action, &["--config", path_of(&file)]].concat();
            let output = run(&[], &flags);
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert!(!output.status.success() && said.contains(":1: "), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
