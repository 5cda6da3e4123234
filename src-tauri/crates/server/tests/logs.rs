//! Logs say what goes on and name nobody.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage, Text};
use duet_server::turn::Credential;
use duet_testkit::process::Process;
use tokio_tungstenite::connect_async;

use crate::cast::{cast_join, cast_open};
use crate::client::{Client, forward, leave};
use crate::program::{Program, signal};
use crate::turn::dialogue::Dialogue;
use crate::turn::network::Phone;

const PATIENCE: Duration = Duration::from_secs(20);

/// A collector that hangs must not hang the server.
#[tokio::test]
async fn logs_that_nobody_reads_stop_nobody() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
    command
        .args(["--listen", "127.0.0.1:0"])
        .args([
            "--messages-per-second",
            "100000",
            "--message-burst",
            "100000",
        ])
        .env("DUET_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut program = Program(command.spawn().expect("it starts"));
    let mut stdout = BufReader::new(program.0.stdout.take().expect("piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("the first line");
    let url = line.trim().trim_start_matches("listening on ");
    let mut client = Client {
        socket: connect_async(url).await.expect("it listens").0,
    };
    // Far more lines than the pipe (64 KiB) and the queue hold.
    for _ in 0..3_000 {
        client.join("r", "a").await;
        client.send(&leave("r", "a")).await;
        client.next().await;
    }
    client.join("r", "a").await;
    signal(&program, "-TERM");
    assert_eq!(client.close_code().await, Some(4010));
    // So that it really was full: 64 KiB and more came when somebody read at last.
    let mut logs = Vec::new();
    let mut stderr = program.0.stderr.take().expect("piped");
    stderr.read_to_end(&mut logs).expect("bytes");
    assert!(logs.len() > 64 * 1024, "{} bytes", logs.len());
}

const SECRETS: [&str; 12] = [
    "WXYZ-2345",
    "uid-wall",
    "uid-pat",
    "Zanzibar",
    "Quetzal",
    "wombat-room",
    "uid-ann",
    "uid-bob",
    "candidate-line",
    "very private",
    "no-such-lobby",
    "127.0.0.1",
];

/// A call with everything that people could be known by.
/// Returns what it learned and must not be in the logs either.
async fn busy(url: &str) -> String {
    let open = async || Client {
        socket: connect_async(url).await.expect("it listens").0,
    };
    let (mut ann, mut bob) = (open().await, open().await);
    for (client, name, uid) in [
        (&mut ann, "Zanzibar", "uid-ann"),
        (&mut bob, "Quetzal", "uid-bob"),
    ] {
        let login = ClientMessage::Login {
            name: name.into(),
            uid: uid.into(),
            lobby: Some("no-such-lobby".into()),
            resume: false,
            resume_token: None,
            token: None,
        };
        client.send(&login).await;
        client.next().await;
        client.join("wombat-room", uid).await;
    }
    let offer = forward(
        "wombat-room",
        "uid-ann",
        "uid-bob",
        "candidate-line 127.0.0.1",
    );
    ann.send(&ClientMessage::Offer(offer)).await;
    let text = Text {
        to: None,
        room_id: Some("wombat-room".into()),
        content: "very private".into(),
        id: "1".into(),
    };
    ann.send(&ClientMessage::Message(text)).await;
    // A display and its code, which is taken, and one that nobody shows.
    let (mut wall, mut presenter) = (open().await, open().await);
    wall.send(&cast_open("uid-wall", None)).await;
    let code = wall.expect_code().await.code;
    presenter.send(&cast_join("WXYZ-2345", "uid-pat")).await;
    presenter.next().await;
    presenter.send(&cast_join(&code, "uid-pat")).await;
    presenter.next().await;
    // Mistakes of all kinds.
    ann.send(&crate::client::join("wombat-room", "uid-bob"))
        .await;
    ann.send_text("{\"cmd\":\"wombat-room\"}").await;
    for _ in 0..10 {
        ann.send_text("{\"cmd\":\"join\",\"roomId\":7,\"uid\":\"uid-ann\"}")
            .await;
    }
    assert_eq!(ann.close_code().await, Some(4001));
    let _ = connect_async(url.replace("/ws", "/wombat-room")).await;
    let mut third = open().await;
    third.send_text("\u{0}very private").await;
    third.socket.close(None).await.expect("closed");
    code
}

const KEY: &str = "0123456789abcdef0123456789abcdef";
const FOREIGN_KEY: &str = "fedcba9876543210fedcba9876543210";

/// A file that is gone with the test, and its path.
fn key_file(key: &str) -> (tempfile::NamedTempFile, String) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), key).expect("written");
    let path = file.path().to_str().expect("plain letters").to_owned();
    (file, path)
}

/// A token that admits, by the program that makes them.
fn token(key: &str) -> String {
    let (_file, path) = key_file(key);
    let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
    let output = command.args(["token", "--access-key", &path]).output();
    let printed = String::from_utf8(output.expect("it runs").stdout).expect("text");
    printed.trim().to_owned()
}

/// Everything that a client of a closed server with a relay gets to know, used and misused.
async fn closed_and_relayed(url: &str, relay: SocketAddr) -> Vec<String> {
    let open = async || Client {
        socket: connect_async(url).await.expect("it listens").0,
    };
    let (good, foreign) = (token(KEY), token(FOREIGN_KEY));
    let mut stranger = open().await;
    stranger
        .send(&crate::access::join("r", "s", Some(&foreign)))
        .await;
    stranger.expect_error(ErrorCode::NotAllowed, "join").await;
    let mut guest = open().await;
    guest
        .send(&crate::access::join("r", "g", Some(&good)))
        .await;
    let ServerMessage::Joined {
        ice_servers,
        resume_token,
        ..
    } = guest.next().await
    else {
        panic!("not let in");
    };
    let told = ice_servers.into_iter().find_map(|server| {
        let (username, password) = (server.username?, server.credential?);
        Some(Credential { username, password })
    });
    let told = told.expect("a relay with a credential");
    let wrong = Credential {
        password: "a wrong word".to_owned(),
        ..told.clone()
    };
    for (credential, is_good) in [(told.clone(), true), (wrong, false)] {
        let mut phone = Phone::at(relay, Dialogue::new(credential)).await;
        assert_eq!(phone.allocate().await.is_ok(), is_good);
    }
    let resume_token = resume_token.expect("a token");
    vec![good, foreign, told.username, told.password, resume_token]
}

#[tokio::test]
async fn a_closed_server_with_a_relay_logs_no_secret() {
    let (_file, path) = key_file(KEY);
    let secret = "a-secret-of-the-relay-of-32-bytes";
    let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
    command
        .args(["--listen", "127.0.0.1:0", "--turn-listen", "127.0.0.1:0"])
        .args([
            "--access-key",
            &path,
            "--turn-secret",
            secret,
            "--no-metrics",
        ])
        .env("DUET_LOG", "info");
    let program = Process::spawn("duet-server", &mut command).expect("it starts");
    let said = |prefix: &str| {
        let line = program.wait_for_line(PATIENCE, |line| line.starts_with(prefix));
        line.expect("it says so")
            .trim_start_matches(prefix)
            .to_owned()
    };
    let (url, relay) = (said("listening on "), said("relaying on turn:"));
    let relay = relay.parse().expect("an address");
    let mut learned = closed_and_relayed(&url, relay).await;
    learned.extend([KEY, FOREIGN_KEY, secret].map(str::to_owned));
    // Read again, and once more with a key that is none.
    let hang_up = |words: &str| {
        let sent = Command::new("kill")
            .args(["-HUP", &program.pid().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
        let told = program.wait_for_line(PATIENCE, |line| line.contains(words));
        told.expect("it says so");
    };
    hang_up("were read again");
    std::fs::write(&path, "short").expect("written");
    hang_up("keys stay");
    let logs = program.lines().join("\n");
    for secret in &learned {
        assert!(!logs.contains(secret), "{secret} in {logs}");
    }
}

#[tokio::test]
async fn a_redis_out_of_reach_is_logged_without_its_password() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
    command
        .args(["--listen", "127.0.0.1:0", "--no-turn", "--no-metrics"])
        .args([
            "--redis",
            "redis://duet:hunter2@127.0.0.1:1",
            "--cluster-key",
            KEY,
        ]);
    let program = Process::spawn("duet-server", &mut command).expect("it starts");
    let told = program.wait_for_line(PATIENCE, |line| line.contains("Redis"));
    told.expect("it says that Redis is gone");
    let logs = program.lines().join("\n");
    for secret in ["hunter2", KEY, "127.0.0.1:1/"] {
        assert!(!logs.contains(secret), "{secret} in {logs}");
    }
}

#[tokio::test]
async fn a_busy_run_logs_no_address_no_name_no_room_and_no_text() {
    for format in ["text", "json"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
        command
            .args(["--listen", "127.0.0.1:0", "--log-format", format])
            .env("DUET_LOG", "info")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut program = Program(command.spawn().expect("it starts"));
        let mut stdout = program.0.stdout.take().expect("piped");
        let mut head = [0u8; 40];
        stdout.read_exact(&mut head).expect("the first line");
        let head = String::from_utf8_lossy(&head).into_owned();
        let url = head.lines().next().unwrap_or_default();
        let code = busy(url.trim_start_matches("listening on ")).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        signal(&program, "-TERM");
        let mut stderr = program.0.stderr.take().expect("piped");
        let mut logs = String::new();
        stderr.read_to_string(&mut logs).expect("text");
        assert!(
            logs.contains("listening") && logs.contains("draining"),
            "{logs}"
        );
        for secret in SECRETS.iter().copied().chain([&*code]) {
            assert!(!logs.contains(secret), "{secret} in {logs}");
        }
        if format == "json" {
            for line in logs.lines() {
                let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
                assert!(
                    line["timestamp"].is_string() && line["level"].is_string(),
                    "{line}"
                );
            }
        }
    }
}
