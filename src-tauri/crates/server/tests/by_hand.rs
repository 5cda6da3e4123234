//! The transcript in the protocol's description, spoken word for word over plain sockets: what a
//! person types into a WebSocket tool must get the answers that the page promises.

use std::collections::HashMap;

use serde_json::Value;

use crate::client::{Client, server};

const DESCRIPTION: &str = include_str!("../../protocol/README.md");

/// A line of the transcript: whose it is, whether it is sent, and the message.
struct Line {
    who: &'static str,
    sent: bool,
    message: &'static str,
}

/// The first block behind the heading "By hand".
fn transcript() -> Vec<Line> {
    let (_, section) = DESCRIPTION.split_once("### By hand").expect("the heading");
    let (_, block) = section.split_once("```text\n").expect("the block");
    let (block, _) = block.split_once("```").expect("its end");
    block
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let mut parts = line.splitn(3, ' ');
            let mut part = || parts.next().expect("name, direction and message");
            let (who, direction, message) = (part(), part(), part());
            assert!(matches!(direction, "<" | ">"), "{line}");
            let sent = direction == ">";
            Line { who, sent, message }
        })
        .collect()
}

/// What the shortened ids of the page are in this conversation.
#[derive(Default)]
struct Ids {
    known: HashMap<&'static str, String>,
}

impl Ids {
    /// The line with the real ids in it.
    fn spell_out(&self, line: &str) -> String {
        self.known
            .iter()
            .fold(line.to_owned(), |line, (short, id)| line.replace(short, id))
    }

    /// Whether `actual` is what the page says, its ids being whatever they were before.
    fn agrees(&mut self, expected: &'static str, actual: &str) -> bool {
        match self.known.get(expected) {
            Some(known) => known == actual,
            None => {
                self.known.insert(expected, actual.to_owned());
                true
            }
        }
    }
}

/// All strings of the page's message and of the real one, if the two have the same shape.
fn compare(ids: &mut Ids, raw: &'static str, expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            expected.len() == actual.len()
                && expected.iter().all(|(key, value)| {
                    let Some(actual) = actual.get(key) else {
                        return false;
                    };
                    // The server's time is its own; that it is one, the tests of texts say.
                    key == "time" && actual.is_string() || compare(ids, raw, value, actual)
                })
        }
        (Value::Array(expected), Value::Array(actual)) => {
            expected.len() == actual.len()
                && expected
                    .iter()
                    .zip(actual)
                    .all(|(expected, actual)| compare(ids, raw, expected, actual))
        }
        (Value::String(expected), Value::String(actual)) if expected.ends_with('…') => {
            let start = raw.find(expected.as_str()).expect("a string of the line");
            let spelling = &raw[start..start + expected.len()];
            ids.agrees(spelling, actual)
        }
        (Value::Null, Value::Null)
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::String(_), Value::String(_)) => expected == actual,
        _ => false,
    }
}

#[tokio::test]
async fn the_transcript_on_the_page_is_what_happens() {
    let server = server().await;
    let mut people: HashMap<&str, Client> = HashMap::new();
    let mut ids = Ids::default();
    let lines = transcript();
    let said = |cmd: &str| {
        let cmd = format!("{{\"cmd\":\"{cmd}\"");
        lines
            .iter()
            .any(|line| line.sent && line.message.starts_with(&cmd))
    };
    assert!(
        said("login") && said("call") && said("leave"),
        "the page shows less than a call"
    );
    for Line { who, sent, message } in lines {
        if !people.contains_key(who) {
            people.insert(who, Client::connect(&server).await);
        }
        let person = people.get_mut(who).expect("just connected");
        if sent {
            person.send_text(&ids.spell_out(message)).await;
            continue;
        }
        let expected: Value = serde_json::from_str(message).expect("JSON on the page");
        loop {
            let actual = person.next_text().await;
            let answer: Value = serde_json::from_str(&actual).expect("JSON of the server");
            if compare(&mut ids, message, &expected, &answer) {
                break;
            }
            // Presence may repeat what a fresh login was told; typed by hand the lines come slower.
            assert_eq!(
                answer["cmd"], "presence",
                "{who} is promised\n{message}\nand gets\n{actual}"
            );
        }
    }
}
