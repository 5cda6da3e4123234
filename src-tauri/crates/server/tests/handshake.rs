//! The HTTP side: what is upgraded, what is answered, what is cut.

use std::time::Duration;

use duet_server::{Server, ServerConfig, Timing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{server, server_with};

async fn open(server: &Server) -> TcpStream {
    let address = server.local_addrs()[0];
    TcpStream::connect(address)
        .await
        .expect("the server listens")
}

/// Sends a request and reads until the server closes; the first line of the answer.
async fn status_of(server: &Server, request: &str) -> String {
    let mut stream = open(server).await;
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let read = tokio::time::timeout(Duration::from_secs(10), reading).await;
    let _ = read.expect("the server closes");
    let text = String::from_utf8_lossy(&answer);
    text.lines().next().unwrap_or_default().to_owned()
}

fn upgrade_request(path: &str, extra: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\n{extra}\r\n"
    )
}

#[tokio::test]
async fn health_is_told_and_everything_else_is_not_there() {
    let server = server().await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(
        status_of(&server, &get("/healthz")).await,
        "HTTP/1.1 200 OK"
    );
    for path in ["/ws/", "/wss", "/r", "/guest", "/healthz/", "/../ws"] {
        assert_eq!(
            status_of(&server, &get(path)).await,
            "HTTP/1.1 404 Not Found",
            "{path}"
        );
    }
    assert_eq!(
        status_of(&server, &get("/ws")).await,
        "HTTP/1.1 426 Upgrade Required"
    );
    let post = "POST /ws HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        status_of(&server, post).await,
        "HTTP/1.1 405 Method Not Allowed"
    );
}

#[tokio::test]
async fn a_broken_upgrade_is_refused() {
    let server = server().await;
    let without_key = upgrade_request("/ws", "");
    assert_eq!(
        status_of(&server, &without_key).await,
        "HTTP/1.1 400 Bad Request"
    );
    let old = upgrade_request("/ws", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
        .replace("Version: 13", "Version: 8");
    assert_eq!(
        status_of(&server, &old).await,
        "HTTP/1.1 426 Upgrade Required"
    );
    let elsewhere = upgrade_request("/other", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    assert_eq!(
        status_of(&server, &elsewhere).await,
        "HTTP/1.1 404 Not Found"
    );
}

#[tokio::test]
async fn headers_beyond_8_kib_are_refused() {
    let server = server().await;
    let filler = |bytes: usize| format!("X-Filler: {}\r\n", "x".repeat(bytes));
    let large = format!(
        "GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n",
        filler(7 * 1024)
    );
    assert_eq!(status_of(&server, &large).await, "HTTP/1.1 200 OK");
    let larger = format!(
        "GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n",
        filler(8 * 1024)
    );
    let status = status_of(&server, &larger).await;
    assert!(status.contains("431"), "{status}");
}

#[tokio::test]
async fn a_handshake_in_slow_motion_is_cut() {
    let timing = Timing {
        handshake_timeout: Duration::from_millis(500),
        ..Timing::default()
    };
    let server = server_with(ServerConfig {
        timing,
        ..ServerConfig::loopback()
    })
    .await;
    let mut silent = open(&server).await;
    let mut slow = open(&server).await;
    let dripping = async {
        for byte in upgrade_request("/ws", "").bytes().cycle() {
            if slow.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let patience = Duration::from_secs(10);
    tokio::time::timeout(patience, dripping)
        .await
        .expect("the drip is cut");
    let mut nothing = [0u8; 1];
    let end = tokio::time::timeout(patience, silent.read(&mut nothing)).await;
    assert!(matches!(end, Ok(Ok(0) | Err(_))), "{end:?}");
}

#[tokio::test]
async fn a_message_sent_together_with_the_request_is_not_lost() {
    let server = server().await;
    let mut stream = open(&server).await;
    let mut bytes =
        upgrade_request("/ws", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n").into_bytes();
    // {"cmd":"keepalive"} with a mask of zeros.
    let text = br#"{"cmd":"keepalive"}"#;
    bytes.extend([0x81, 0x80 | text.len() as u8, 0, 0, 0, 0]);
    bytes.extend(text);
    stream.write_all(&bytes).await.expect("sent");
    let mut seen = Vec::new();
    let reading = async {
        while !seen.ends_with(text) {
            let mut chunk = [0u8; 256];
            let count = stream.read(&mut chunk).await.expect("the connection lives");
            assert!(
                count > 0,
                "closed after {:?}",
                String::from_utf8_lossy(&seen)
            );
            seen.extend(&chunk[..count]);
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reading)
        .await
        .expect("answered");
}
