//! Logs say what goes on and name nobody.
#![cfg(unix)]

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use duet_protocol::{ClientMessage, Text};
use tokio_tungstenite::connect_async;

use crate::client::{Client, forward};
use crate::program::{Program, signal};

const SECRETS: [&str; 9] = [
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
async fn busy(url: &str) {
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
        busy(url.trim_start_matches("listening on ")).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        signal(&program, "-TERM");
        let mut stderr = program.0.stderr.take().expect("piped");
        let mut logs = String::new();
        stderr.read_to_string(&mut logs).expect("text");
        assert!(
            logs.contains("listening") && logs.contains("draining"),
            "{logs}"
        );
        for secret in SECRETS {
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
