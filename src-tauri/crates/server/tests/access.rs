//! A closed server: who has a token of its key is let in, and nobody else learns anything.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use duet_protocol::{ClientMessage, ErrorCode, LoginAnswer, LoginRefusal, ServerMessage};
use duet_server::{AccessKeys, Grant, Role, Server, ServerConfig};

use crate::client::{Client, server_with};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const FOREIGN_KEY: &str = "fedcba9876543210fedcba9876543210";

fn keys(text: &str) -> AccessKeys {
    AccessKeys::parse(text).expect("a key")
}

async fn closed(failed_joins_per_minute: u32) -> Server {
    server_with(ServerConfig {
        access: Some(keys(KEY)),
        failed_joins_per_minute,
        ..ServerConfig::loopback()
    })
    .await
}

fn grant(seconds: i64) -> Grant {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    Grant {
        exp: now.as_secs().saturating_add_signed(seconds),
        room_id: None,
        name: None,
        role: None,
    }
}

fn token(grant: &Grant) -> String {
    keys(KEY).issue(grant)
}

pub(crate) fn join(room: &str, uid: &str, token: Option<&str>) -> ClientMessage {
    ClientMessage::Join {
        room_id: room.into(),
        uid: uid.into(),
        name: None,
        resume: true,
        resume_token: None,
        token: token.map(str::to_owned),
    }
}

fn login(name: &str, uid: &str, token: Option<&str>) -> ClientMessage {
    ClientMessage::Login {
        name: name.into(),
        uid: uid.into(),
        lobby: None,
        resume: false,
        resume_token: None,
        token: token.map(str::to_owned),
    }
}

/// Tokens that are none here.
fn bad_tokens() -> Vec<Option<String>> {
    let room = Grant {
        room_id: Some("another room".into()),
        ..grant(60)
    };
    let display = Grant {
        role: Some(Role::Display),
        ..grant(60)
    };
    let good = token(&grant(60));
    vec![
        None,
        Some(String::new()),
        Some("nonsense".into()),
        Some(token(&grant(-2))),
        Some(keys(FOREIGN_KEY).issue(&grant(60))),
        Some(good[..good.len() - 1].to_owned()),
        Some(format!("{good}A")),
        Some(token(&room)),
        Some(token(&display)),
    ]
}

#[tokio::test]
async fn who_has_a_token_is_let_in() {
    let server = closed(30).await;
    let good = token(&grant(60));
    let mut a = Client::connect(&server).await;
    a.send(&join("r", "a", Some(&good))).await;
    assert_eq!(a.expect_joined().await.user_num, 1);
    // The connection is admitted: leaving and joining again needs no other.
    a.send(&crate::client::leave("r", "a")).await;
    assert!(matches!(a.next().await, ServerMessage::Leaved { .. }));
    a.send(&join("s", "a", None)).await;
    a.expect_joined().await;
    a.send(&login("Ann", "a", None)).await;
    let answer = a.next().await;
    assert!(
        matches!(answer, ServerMessage::Login(LoginAnswer::Accepted { .. })),
        "{answer:?}"
    );
}

#[tokio::test]
async fn nobody_else_learns_what_is_there() {
    let server = closed(10_000).await;
    let good = token(&grant(60));
    // A full room, a taken uid and a taken name.
    let mut inside = Vec::new();
    for uid in ["a", "b"] {
        let mut client = Client::connect(&server).await;
        client.send(&join("full", uid, Some(&good))).await;
        client.expect_joined().await;
        inside.push(client);
    }
    inside[0].next().await;
    inside[0].send(&login("Ann", "a", None)).await;
    inside[0].next().await;
    for bad in bad_tokens() {
        let bad = bad.as_deref();
        let mut answers = Vec::new();
        for (message, name) in [
            (join("full", "x", bad), "join"),
            (join("empty", "x", bad), "join"),
            (join("full", "a", bad), "join"),
            (login("Ann", "x", bad), "login"),
            (login("Zoe", "x", bad), "login"),
            (login("\u{7}", "a", bad), "login"),
        ] {
            let mut stranger = Client::connect(&server).await;
            stranger.send(&message).await;
            let said = stranger.next_text().await.replace(name, "CMD");
            assert!(said.contains("not-allowed"), "{bad:?}: {said}");
            answers.push(said);
            // Not bound to anything either.
            stranger.send(&ClientMessage::IceServers).await;
            stranger
                .expect_error(ErrorCode::NotAllowed, "ice-servers")
                .await;
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "the answers differ: {answers:?}");
    }
    assert_eq!(server.stats().members, 2);
}

#[tokio::test]
async fn a_token_for_a_room_admits_to_that_room() {
    let server = closed(30).await;
    let only = token(&Grant {
        room_id: Some("Amber Fox".into()),
        name: Some("Dr. Ann".into()),
        ..grant(60)
    });
    let mut host = Client::connect(&server).await;
    host.send(&join("amber-fox", "host", Some(&token(&grant(60)))))
        .await;
    host.expect_joined().await;
    let mut guest = Client::connect(&server).await;
    guest.send(&login("Ann", "a", Some(&only))).await;
    guest.expect_error(ErrorCode::NotAllowed, "login").await;
    guest.send(&join("other", "a", Some(&only))).await;
    guest.expect_error(ErrorCode::NotAllowed, "join").await;
    guest.send(&join("amber-fox", "a", Some(&only))).await;
    guest.expect_joined().await;
    // The name is the operator's word.
    match host.next().await {
        ServerMessage::NewPeer { name, .. } => assert_eq!(name.as_deref(), Some("Dr. Ann")),
        other => panic!("not new-peer: {other:?}"),
    }
    guest.next().await;
    guest.send(&crate::client::leave("amber-fox", "a")).await;
    guest.next().await;
    guest.send(&join("other", "a", None)).await;
    guest.expect_error(ErrorCode::NotAllowed, "join").await;
}

#[tokio::test]
async fn a_call_outlives_its_token_and_a_stranger_does_not_live_on_it() {
    let server = closed(30).await;
    let short = token(&grant(1));
    let mut a = Client::connect(&server).await;
    a.send(&join("r", "a", Some(&short))).await;
    let first = a.expect_joined().await;
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    drop(a);
    let back = |resume_token: &str| ClientMessage::Join {
        room_id: "r".into(),
        uid: "a".into(),
        name: None,
        resume: true,
        resume_token: Some(resume_token.into()),
        token: Some(short.clone()),
    };
    let mut stranger = Client::connect(&server).await;
    stranger
        .send(&back("00000000000000000000000000000000"))
        .await;
    stranger.expect_error(ErrorCode::NotAllowed, "join").await;
    let mut a = Client::connect(&server).await;
    a.send(&back(&first.token)).await;
    assert!(a.expect_joined().await.resumed);
    // What was kept, and nothing else.
    a.send(&login("Ann", "a", Some(&short))).await;
    a.expect_error(ErrorCode::NotAllowed, "login").await;
}

#[tokio::test]
async fn tries_are_budgeted_and_a_good_token_is_not_locked_out() {
    let server = closed(5).await;
    let mut stranger = Client::connect(&server).await;
    for _ in 0..5 {
        stranger.send(&join("r", "x", Some("nonsense"))).await;
        stranger.expect_error(ErrorCode::NotAllowed, "join").await;
    }
    for message in [join("r", "x", None), login("X", "x", None)] {
        stranger.send(&message).await;
        match stranger.next().await {
            ServerMessage::Error { code, .. } => assert_eq!(code, ErrorCode::RateLimited),
            other => panic!("not refused: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_open_server_ignores_tokens() {
    let server = crate::client::server().await;
    let mut a = Client::connect(&server).await;
    a.send(&login("Ann", "a", Some("nonsense"))).await;
    let answer = a.next().await;
    assert!(!matches!(
        answer,
        ServerMessage::Login(LoginAnswer::Refused(LoginRefusal::Unknown))
    ));
    a.send(&join("r", "a", Some("nonsense"))).await;
    a.expect_joined().await;
}

#[cfg(unix)]
mod program {
    use super::*;
    use duet_protocol::{AccessToken, Invite};
    use std::process::Command;

    #[tokio::test]
    async fn the_program_makes_a_token_and_the_invite_with_it() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let file = folder.path().join("key");
        std::fs::write(&file, format!("{KEY}\n")).expect("written");
        let file = file.to_str().expect("plain letters");
        let output = Command::new(env!("CARGO_BIN_EXE_duet-server"))
            .args([
                "token",
                "--access-key",
                file,
                "--room",
                "amber-fox",
                "--expires",
                "30m",
            ])
            .args(["--public-host", "calls.example.org", "--role", "guest"])
            .output()
            .expect("it runs");
        let text = String::from_utf8(output.stdout).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        let [token, https, duet] = lines.as_slice() else {
            panic!(
                "not three lines: {text} {}",
                String::from_utf8_lossy(&output.stderr)
            );
        };
        for link in [https, duet] {
            let invite = Invite::parse(link).expect("an invite");
            assert_eq!(
                invite.access.as_ref().map(AccessToken::expose),
                Some(*token)
            );
            assert_eq!(invite.room_id.as_str(), "amber-fox");
            assert_eq!(invite.server_url(), "wss://calls.example.org/ws");
        }
        let (_program, urls) = crate::program::start(&["--access-key", file, "--no-turn"], 1);
        let (socket, _) = tokio_tungstenite::connect_async(&urls[0])
            .await
            .expect("it listens");
        let mut client = Client { socket };
        client.send(&join("amber-fox", "a", None)).await;
        client.expect_error(ErrorCode::NotAllowed, "join").await;
        client.send(&join("amber-fox", "a", Some(token))).await;
        client.expect_joined().await;
    }

    #[test]
    fn what_cannot_be_a_token_is_said() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let (good, short) = (folder.path().join("good"), folder.path().join("short"));
        std::fs::write(&good, KEY).expect("written");
        std::fs::write(&short, "short").expect("written");
        let [good, short] = [&good, &short].map(|path| path.to_str().expect("plain letters"));
        for (flags, word) in [
            (&["token"][..], "--access-key"),
            (&["token", "--access-key", short], "openssl"),
            (&["token", "--access-key", "/nowhere"], "/nowhere"),
            (&["token", "--access-key", good, "--expires", "soon"], "24h"),
            (&["token", "--access-key", good, "--expires", "0s"], "24h"),
            (&["token", "--access-key", good, "--room", ""], "--room"),
            (
                &["--access-key", short, "--listen", "127.0.0.1:0"],
                "openssl",
            ),
        ] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
            let output = command.args(flags).output().expect("it runs");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                !output.status.success() && said.contains(word),
                "{flags:?}: {said}"
            );
        }
    }
}
