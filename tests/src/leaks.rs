//! What a log may not hold: addresses, descriptions of sessions, candidates, credentials, tokens, codes, texts, and
//! who people are.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

/// Words of SDP, ICE and TURN that no sentence of ours has.
const WORDS: [&str; 15] = [
    "candidate:",
    "a=setup",
    "a=mid",
    "rtpmap:",
    "m=audio",
    "m=video",
    "c=IN",
    "ice-ufrag",
    "ice-pwd",
    "fingerprint:",
    " typ host",
    " typ srflx",
    " typ relay",
    "turn:",
    "stun:",
];
/// Fields of messages that hold words of the protocol.
const PLAIN_FIELDS: [&str; 10] = [
    "cmd", "ref", "message", "reason", "role", "media", "audio", "video", "type", "sdpMid",
];
/// What is shorter is part of any text.
const MIN_CHARS: usize = 4;
/// A shorter line of a description may be a word of anything.
const MIN_LINE_CHARS: usize = 8;

/// Secrets that a test knows.
#[derive(Debug, Default, Clone)]
pub struct Secrets(BTreeSet<String>);

impl Secrets {
    /// What these messages of the signaling protocol say of people and their connections.
    #[must_use]
    pub fn of_messages(messages: &[Value]) -> Self {
        let mut secrets = Self::default();
        for message in messages {
            let is_error = message["cmd"] == "error";
            secrets.learn("", message, is_error);
        }
        secrets
    }

    /// One more.
    pub fn add(&mut self, secret: &str) {
        if secret.chars().count() >= MIN_CHARS {
            self.0.insert(secret.to_owned());
        }
    }

    /// How many there are with this in them.
    #[must_use]
    pub fn count(&self, part: &str) -> usize {
        self.0.iter().filter(|secret| secret.contains(part)).count()
    }

    fn learn(&mut self, field: &str, value: &Value, is_error: bool) {
        match value {
            // The code of an error is a word; that of a cast is a secret.
            Value::String(_) if PLAIN_FIELDS.contains(&field) || (is_error && field == "code") => {}
            Value::String(text) if field == "msg" => self.learn_description(text),
            Value::String(text) => self.add(text),
            Value::Array(all) => all
                .iter()
                .for_each(|value| self.learn(field, value, is_error)),
            Value::Object(fields) => fields
                .iter()
                .for_each(|(field, value)| self.learn(field, value, is_error)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A session description or a candidate: its lines, and what the ICE credentials in them are.
    fn learn_description(&mut self, msg: &str) {
        let Ok(inside) = serde_json::from_str::<Value>(msg) else {
            return self.add(msg);
        };
        let texts = ["sdp", "candidate", "usernameFragment"].map(|field| inside[field].as_str());
        for line in texts.into_iter().flatten().flat_map(str::lines) {
            let line = line.trim();
            for before in ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:sha-256 "] {
                line.strip_prefix(before)
                    .into_iter()
                    .for_each(|value| self.add(value));
            }
            if line.len() >= MIN_LINE_CHARS {
                self.add(line);
            }
        }
    }
}

/// What these lines hold that they may not: each with why.
#[must_use]
pub fn leaks(lines: &[String], secrets: &Secrets) -> Vec<String> {
    let found = lines.iter().flat_map(|line| {
        let secrets = secrets.0.iter().filter(|secret| line.contains(*secret));
        let secrets = secrets.map(|secret| format!("{secret:?}"));
        let words = WORDS.iter().filter(|word| line.contains(**word));
        let words = words.map(|word| format!("the word {word:?}"));
        let addresses = addresses(line).into_iter();
        let addresses = addresses.map(|address| format!("the address {address}"));
        secrets
            .chain(words)
            .chain(addresses)
            .map(move |what| format!("{what} in: {line}"))
    });
    found.collect()
}

/// The addresses in a line, with a port or without.
fn addresses(line: &str) -> Vec<IpAddr> {
    // Letters beyond f stay, so that the path of a module is no address.
    let is_outside =
        |letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '.' | ':' | '_'));
    let words = line.split(is_outside);
    let words = words.map(|word| word.trim_matches(|letter| matches!(letter, '.' | '_')));
    words.filter_map(address).collect()
}

fn address(word: &str) -> Option<IpAddr> {
    let with_port = word
        .parse::<SocketAddr>()
        .map(|with_port| with_port.ip())
        .ok();
    let alone = || word.parse().ok();
    // A colon behind an address is a sentence's; `::` alone stands between the names of a path.
    let before_colon = || word.strip_suffix(':')?.parse().ok();
    let found = with_port.or_else(alone).or_else(before_colon);
    found.filter(|_| word != "::")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_in(line: &str) -> usize {
        leaks(&[line.to_owned()], &Secrets::default()).len()
    }

    #[test]
    fn addresses_are_found_however_they_are_written() {
        for line in [
            "peer 192.0.2.7 is gone",
            "peer=192.0.2.7:3478",
            "from 192.0.2.7: nothing",
            "[2001:db8::1]:5000 answers",
            "at 2001:db8::1.",
            "::1",
            "relay/127.0.0.1:0",
            "V4(10.0.0.1:9)",
            "\"fe80::1\"",
        ] {
            assert_eq!(found_in(line), 1, "{line}");
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        for line in [
            "2026-11-22T07:16:04.123456Z  WARN duet_engine::peer_task: negotiation failed",
            "a version 0.21.1 and 1.2.3",
            "face::bad::module is a path",
            "after 12:30:45",
            "duet-peer: waiting-for-peer",
        ] {
            assert_eq!(found_in(line), 0, "{line}");
        }
    }

    #[test]
    fn words_of_a_description_are_found() {
        for line in [
            "sdp: a=setup:actpass",
            "candidate:1 1 udp 2130706431 host.local 9 typ",
            "ice-pwd",
        ] {
            assert!(found_in(line) > 0, "{line}");
        }
    }

    #[test]
    fn what_was_said_is_secret_and_the_words_of_the_protocol_are_not() {
        let offer =
            r#"{"type":"offer","sdp":"v=0\r\na=ice-ufrag:wxyz\r\na=ice-pwd:0123456789\r\n"}"#;
        let messages = [
            serde_json::json!({"cmd": "join", "roomId": "wombats", "uid": "uid-1", "resumeToken": "tttt"}),
            serde_json::json!({"cmd": "offer", "msg": offer}),
            serde_json::json!({"cmd": "cast-code", "code": "ABCD-2345"}),
            serde_json::json!({"cmd": "error", "code": "unavailable", "ref": "join"}),
            serde_json::json!({"cmd": "presence", "online": [{"name": "Quetzal", "uid": "uid-2"}]}),
        ];
        let secrets = Secrets::of_messages(&messages);
        for secret in [
            "wombats",
            "uid-1",
            "tttt",
            "wxyz",
            "0123456789",
            "a=ice-ufrag:wxyz",
            "ABCD-2345",
            "Quetzal",
            "uid-2",
        ] {
            assert!(secrets.0.contains(secret), "{secret}");
        }
        for word in ["join", "unavailable", "offer", "error"] {
            assert!(!secrets.0.contains(word), "{word}");
        }
        let line = "call_id=7 room=wombats".to_owned();
        assert_eq!(leaks(&[line], &secrets).len(), 1);
    }
}
