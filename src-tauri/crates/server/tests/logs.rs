//! Logs say what goes on and name nobody.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

use duet_protocol::{ClientMessage, Text};
use tokio_tungstenite::connect_async;

use crate::cast::{cast_join, cast_open};
use crate::client::{Client, forward, leave};
use crate::program::{Program, signal};

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
