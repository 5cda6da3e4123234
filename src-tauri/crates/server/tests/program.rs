//! The program itself: what it prints, and how it ends.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tokio_tungstenite::connect_async;

use crate::client::Client;
use crate::turn::dialogue::Dialogue;
use crate::turn::joined::credential_of;
use crate::turn::network::Phone;

/// A running `duet-server`; killed if the test fails.
pub(crate) struct Program(pub(crate) Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts it on free ports and reads the addresses it prints.
pub(crate) fn start(extra: &[&str], listeners: usize) -> (Program, Vec<String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
    for _ in 0..listeners {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command
        .args(extra)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut program = Program(command.spawn().expect("the program starts"));
    let stdout = program.0.stdout.take().expect("piped");
    let lines = BufReader::new(stdout).lines().take(listeners);
    let urls = lines
        .map(|line| line.expect("a line"))
        .map(|line| {
            line.strip_prefix("listening on ")
                .expect("the words")
                .to_owned()
        })
        .collect();
    (program, urls)
}

pub(crate) fn signal(program: &Program, name: &str) {
    let id = program.0.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status();
    assert!(sent.expect("kill runs").success());
}

#[tokio::test]
async fn it_says_where_it_listens_and_ends_politely_when_asked() {
    for name in ["-TERM", "-INT"] {
        let (mut program, urls) = start(&[], 2);
        let (socket, _) = connect_async(&urls[1]).await.expect("it listens");
        let mut client = Client { socket };
        client.join("r", "a").await;
        signal(&program, name);
        assert_eq!(client.close_code().await, Some(4010));
        drop(client);
        let status = program.0.wait().expect("it ends");
        assert!(status.success(), "{status}");
    }
}

#[tokio::test]
async fn ice_servers_of_the_flags_reach_the_clients() {
    let turn = r#"{"urls": ["turn:t.example.org"], "username": "u", "credential": "c"}"#;
    let stun = "stun:s.example.org";
    let flags = ["--no-turn", "--ice-server", stun, "--ice-server", turn];
    let (_program, urls) = start(&flags, 1);
    let (socket, _) = connect_async(&urls[0]).await.expect("it listens");
    let mut client = Client { socket };
    client.send(&crate::client::join("r", "a")).await;
    match client.next().await {
        duet_protocol::ServerMessage::Joined { ice_servers, .. } => {
            assert_eq!(ice_servers.len(), 2);
            assert_eq!(ice_servers[1].credential.as_deref(), Some("c"));
        }
        other => panic!("not joined: {other:?}"),
    }
}

#[tokio::test]
async fn it_relays_unless_told_otherwise() {
    let outside = ["--turn-uri", "turn:t.example.org", "--turn-secret", "s"];
    for (flags, expected) in [
        (&[][..], &["stun:127.0.0.1:", "turn:127.0.0.1:"][..]),
        (
            &["--external-ip", "192.0.2.1"],
            &["stun:192.0.2.1:", "turn:192.0.2.1:"],
        ),
        (&["--no-turn"], &[]),
        (&outside, &["turn:t.example.org"]),
    ] {
        let (_program, urls) = start(flags, 1);
        let (socket, _) = connect_async(&urls[0]).await.expect("it listens");
        let mut client = Client { socket };
        client.send(&crate::client::join("r", "a")).await;
        let duet_protocol::ServerMessage::Joined { ice_servers, .. } = client.next().await else {
            panic!("not joined");
        };
        let found: Vec<&str> = ice_servers.iter().map(|server| &*server.urls[0]).collect();
        assert_eq!(found.len(), expected.len(), "{flags:?}: {found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{flags:?}: {found}");
        }
    }
}

#[tokio::test]
async fn the_relay_asks_for_credentials_of_the_realm_it_was_given() {
    for (flags, realm) in [(&[][..], "duet"), (&["--realm", "north"], "north")] {
        let (_program, urls) = start(flags, 1);
        let (socket, _) = connect_async(&urls[0]).await.expect("it listens");
        let mut client = Client { socket };
        client.send(&crate::client::join("r", "a")).await;
        let duet_protocol::ServerMessage::Joined { ice_servers, .. } = client.next().await else {
            panic!("not joined");
        };
        let relay = ice_servers[0].urls[0].trim_start_matches("stun:");
        let relay = relay.parse().expect("an address");
        let dialogue = Dialogue::new(credential_of(&ice_servers[1]));
        let mut phone = Phone::at(relay, dialogue).await;
        // Its 401 says the realm, and a request that is signed with it opens a relay.
        phone.allocate().await.expect("a relay");
        assert_eq!(phone.dialogue.realm, realm);
    }
}

#[test]
fn flags_that_cannot_be_are_said() {
    for (flags, word) in [
        (&["--realm", "calls.example.org"][..], "realm"),
        (&["--relay-ports", "9-8"], "relay ports"),
        (&["--turn-credential-ttl", "601"], "ten minutes"),
        (&["--turn-uri", "turn:t.example.org"], "--turn-secret"),
        (&["--turn-uri", "http://t", "--turn-secret", "s"], "turn:"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_duet-server"))
            .args(["--listen", "127.0.0.1:0"])
            .args(flags)
            .output()
            .expect("it runs");
        assert!(!output.status.success(), "{flags:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(word), "{flags:?}: {said}");
    }
}

#[test]
fn an_address_it_cannot_have_is_said_and_fails() {
    let (_program, urls) = start(&[], 1);
    let address = urls[0]
        .trim_start_matches("ws://")
        .trim_end_matches("/ws")
        .to_owned();
    let second = Command::new(env!("CARGO_BIN_EXE_duet-server"))
        .args(["--listen", &address])
        .output()
        .expect("it runs");
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("cannot listen"));
}
