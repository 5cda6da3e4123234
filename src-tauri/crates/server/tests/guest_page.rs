//! The page for guests over HTTP: what is served, to whom, with which headers, and what it never repeats.

use std::collections::HashMap;
use std::time::Duration;

use duet_server::{Server, ServerConfig, Timing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{server, server_with};

const PATIENCE: Duration = Duration::from_secs(10);

struct Answer {
    status: u16,
    headers: HashMap<String, String>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// One request on an open connection; the answer has a length.
async fn ask(stream: &mut TcpStream, method: &str, path: &str, host: &str) -> Answer {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut bytes = Vec::new();
    let reading = read_answer(stream, method == "HEAD", &mut bytes);
    let answer = tokio::time::timeout(PATIENCE, reading).await;
    answer.expect("an answer in time")
}

async fn read_answer(stream: &mut TcpStream, is_head: bool, bytes: &mut Vec<u8>) -> Answer {
    loop {
        if let Some(answer) = parse(bytes, is_head) {
            return answer;
        }
        let mut chunk = [0_u8; 4096];
        let count = stream.read(&mut chunk).await.expect("the connection lives");
        assert!(count > 0, "closed: {:?}", String::from_utf8_lossy(bytes));
        bytes.extend(&chunk[..count]);
    }
}

fn parse(bytes: &[u8], is_head: bool) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).expect("ASCII");
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().expect("a status");
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers["content-length"].parse().expect("a length");
    let body = &bytes[end + 4..];
    let is_whole = is_head || body.len() >= length;
    is_whole.then(|| Answer {
        status,
        headers,
        body: String::from_utf8(body.to_vec()).expect("UTF-8"),
    })
}

async fn connect(server: &Server) -> TcpStream {
    let address = server.local_addrs()[0];
    TcpStream::connect(address).await.expect("it listens")
}

async fn get(server: &Server, path: &str) -> Answer {
    ask(&mut connect(server).await, "GET", path, "127.0.0.1").await
}

/// The addresses behind an attribute.
fn links<'a>(document: &'a str, attribute: &str) -> Vec<&'a str> {
    let opening = format!("{attribute}=\"");
    let parts = document.split(opening.as_str()).skip(1);
    parts.filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn the_page_is_the_same_for_every_room_and_repeats_nothing() {
    let server = server().await;
    let page = get(&server, "/r/amber-fox").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "no-store");
    for room in [
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "a%22onload=alert(1)",
        "%7Bpage%7D",
        "room?x=%3Cscript%3E",
        "%E6%88%BF%E9%97%B4",
    ] {
        let other = get(&server, &format!("/r/{room}")).await;
        assert_eq!((other.status, &other.body), (200, &page.body), "{room}");
        assert_eq!(
            other.headers.get("content-security-policy"),
            page.headers.get("content-security-policy")
        );
    }
}

#[tokio::test]
async fn a_room_that_cannot_be_is_not_found_and_has_a_page_that_says_so() {
    let server = server().await;
    let long = format!("/r/{}", "x".repeat(65));
    for path in [
        &long,
        "/r/",
        "/r/a/b",
        "/r/%00",
        "/r/%FF%FE",
        "/r/%E2%80%AEx",
        "/r/%20",
    ] {
        let answer = get(&server, path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains("data-page=\"no-room\""), "{path}");
        assert!(
            answer
                .header("content-security-policy")
                .contains("script-src 'self'")
        );
    }
    let home = get(&server, "/").await;
    assert!(home.status == 200 && home.body.contains("data-page=\"home\""));
}

#[tokio::test]
async fn the_policy_allows_the_page_itself_and_its_own_server() {
    let server = server().await;
    let page = get(&server, "/r/x").await;
    let policy = page.header("content-security-policy");
    for directive in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
        "connect-src 'self' ws://127.0.0.1 wss://127.0.0.1",
    ] {
        assert!(
            policy.split("; ").any(|part| part == directive),
            "{directive}: {policy}"
        );
    }
    assert!(
        !policy.contains("unsafe") && !policy.contains('*'),
        "{policy}"
    );
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(page.header(name), value, "{name}");
    }
    let permissions = page.header("permissions-policy");
    assert!(permissions.starts_with("camera=(self), microphone=(self)"));
    assert!(permissions.contains("display-capture=()") && permissions.contains("geolocation=()"));
}

#[tokio::test]
async fn a_host_header_writes_nothing_into_the_policy() {
    let server = server_with(ServerConfig {
        allowed_origins: vec!["https://calls.example.org".to_owned()],
        ..ServerConfig::loopback()
    })
    .await;
    for host in [
        "a;script-src *",
        "*",
        "a, b",
        "127.0.0.1 https://evil.example",
        "evil.example",
    ] {
        let page = ask(&mut connect(&server).await, "GET", "/r/x", host).await;
        assert_eq!(page.status, 403, "{host}");
        assert!(page.body.contains("data-page=\"not-admitted\""), "{host}");
        let policy = page.header("content-security-policy");
        assert!(
            !policy.contains("script-src *") && !policy.contains(" *"),
            "{policy}"
        );
    }
    let named = ask(
        &mut connect(&server).await,
        "GET",
        "/r/x",
        "calls.example.org",
    )
    .await;
    assert_eq!(named.status, 200);
    assert!(
        named
            .header("content-security-policy")
            .ends_with("connect-src 'self' ws://calls.example.org wss://calls.example.org")
    );
}

#[tokio::test]
async fn everything_the_page_names_is_there_for_ever_and_over_one_connection() {
    let server = server().await;
    let mut stream = connect(&server).await;
    let page = ask(&mut stream, "GET", "/r/x", "127.0.0.1").await;
    let files = [links(&page.body, "src"), links(&page.body, "href")].concat();
    assert!(files.len() > 20, "{files:?}");
    for file in files {
        let answer = ask(&mut stream, "GET", file, "127.0.0.1").await;
        assert_eq!(answer.status, 200, "{file}");
        assert_eq!(
            answer.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let kind = match file.rsplit_once('.').expect("an extension").1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert_eq!(answer.header("content-type"), kind, "{file}");
        assert!(!answer.body.contains("innerHTML"), "{file}");
    }
}

#[tokio::test]
async fn each_language_is_a_file_of_its_own() {
    let server = server().await;
    let page = get(&server, "/").await;
    let script = links(&page.body, "src")[0];
    let version = script.strip_suffix("guest/main.js").expect("the script");
    for (language, word) in [("en", "Ready to join?"), ("zh-CN", "准备加入？")] {
        let words = get(&server, &format!("{version}src/locales/{language}.js")).await;
        assert!(words.status == 200 && words.body.starts_with("export default {"));
        assert!(words.body.contains(word), "{language}");
    }
    for missing in [
        "src/locales/fr.js",
        "src/main.ts",
        "../ui/package.json",
        "guest/",
        "",
    ] {
        assert_eq!(
            get(&server, &format!("{version}{missing}")).await.status,
            404,
            "{missing}"
        );
    }
    let other = version.replace(|digit: char| digit.is_ascii_digit(), "f");
    assert_eq!(
        get(&server, &format!("{other}guest/main.js")).await.status,
        404
    );
}

#[tokio::test]
async fn other_methods_are_refused_and_head_has_no_body() {
    let server = server().await;
    for path in ["/", "/r/x", "/guest/x"] {
        let refused = ask(&mut connect(&server).await, "POST", path, "127.0.0.1").await;
        assert_eq!(
            (refused.status, refused.header("allow")),
            (405, "GET, HEAD"),
            "{path}"
        );
    }
    let mut stream = connect(&server).await;
    let head = ask(&mut stream, "HEAD", "/r/x", "127.0.0.1").await;
    assert!(head.status == 200 && head.body.is_empty());
    let next = ask(&mut stream, "GET", "/r/x", "127.0.0.1").await;
    assert_eq!(next.body.len().to_string(), head.header("content-length"));
}

#[tokio::test]
async fn without_the_page_there_is_nothing() {
    let server = server_with(ServerConfig {
        guest_page: false,
        ..ServerConfig::loopback()
    })
    .await;
    for path in ["/", "/r/x", "/guest/x"] {
        assert_eq!(get(&server, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn one_address_asks_1200_times_a_minute_and_no_more() {
    let server = server().await;
    let mut stream = connect(&server).await;
    let mut answered = 0;
    let refused = loop {
        let answer = ask(&mut stream, "HEAD", "/r/x", "127.0.0.1").await;
        match answer.status {
            200 => answered += 1,
            _ => break answer,
        }
        assert!(answered < 5000, "no end");
    };
    assert_eq!((refused.status, refused.header("retry-after")), (429, "60"));
    assert!(answered >= 1200, "{answered}");
    // The page's budget is its own: calls go on.
    crate::client::Client::connect(&server).await;
}

#[tokio::test]
async fn a_connection_that_fetches_pages_is_cut_at_its_own_time() {
    let timing = Timing {
        handshake_timeout: Duration::from_millis(300),
        page_timeout: Duration::from_millis(1200),
        ..Timing::default()
    };
    let server = server_with(ServerConfig {
        timing,
        ..ServerConfig::loopback()
    })
    .await;
    let mut stream = connect(&server).await;
    assert_eq!(
        ask(&mut stream, "GET", "/r/x", "127.0.0.1").await.status,
        200
    );
    // Longer than a handshake may take: the same connection still serves.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(
        ask(&mut stream, "GET", "/r/x", "127.0.0.1").await.status,
        200
    );
    let mut rest = Vec::new();
    let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    assert!(end.is_ok(), "still open");
}
