//! What operators see: figures in OpenMetrics, health, and readiness while the server drains.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use duet_protocol::{ClientMessage, ErrorCode};
use duet_server::{MonitorConfig, Server, ServerConfig, Timing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Client, couple, forward, server_with};
use crate::lobby::{cancel, ringing};

pub(crate) async fn watched(config: ServerConfig) -> Server {
    let monitor = MonitorConfig {
        listen: vec![([127, 0, 0, 1], 0).into()],
        is_required: true,
    };
    server_with(ServerConfig { monitor, ..config }).await
}

/// The whole answer to a GET.
pub(crate) async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    let reading = stream.read_to_string(&mut answer);
    let read = tokio::time::timeout(Duration::from_secs(10), reading).await;
    read.expect("an answer in time").expect("text");
    answer
}

/// One figure.
pub(crate) fn figure(text: &str, name: &str) -> f64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let line = line.unwrap_or_else(|| panic!("no {name} in:\n{text}"));
    line.parse().expect("a number")
}

#[tokio::test]
async fn figures_tell_what_happens_and_to_nobody_whom() {
    let server = watched(ServerConfig::loopback()).await;
    let address = server.monitor_addrs()[0];
    let (mut a, mut b) = couple(&server).await;
    a.send(&ClientMessage::Offer(forward(
        "r",
        "a",
        "b",
        "secret words",
    )))
    .await;
    b.next().await;
    a.send(&ClientMessage::Offer(forward("r", "a", "nobody", "{}")))
        .await;
    a.expect_error(ErrorCode::NoSuchPeer, "offer").await;
    let mut third = Client::connect(&server).await;
    third.send(&crate::client::join("r", "third")).await;
    third.next().await;
    third
        .send_frame(
            b"x",
            tokio_tungstenite::tungstenite::protocol::frame::coding::Data::Binary,
            true,
        )
        .await;
    assert_eq!(third.close_code().await, Some(1003));
    drop(third);
    assert!(
        get(server.local_addrs()[0], "/nothing")
            .await
            .contains("404")
    );
    crate::client::eventually("the third is gone", || server.stats().connections == 2).await;
    let text = get(address, "/metrics").await;
    assert!(text.contains("application/openmetrics-text"), "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    for (name, value) in [
        ("duet_connections", 2.0),
        ("duet_connections_opened_total", 3.0),
        ("duet_rooms", 1.0),
        ("duet_members", 2.0),
        ("duet_logins", 0.0),
        ("duet_messages_received_total", 5.0),
        ("duet_refusals_total{code=\"no-such-peer\"}", 1.0),
        ("duet_refusals_total{code=\"full\"}", 1.0),
        ("duet_closes_total{code=\"1003\"}", 1.0),
        ("duet_http_refusals_total{status=\"404\"}", 1.0),
    ] {
        assert_eq!(figure(&text, name), value, "{name}");
    }
    // Three answers and introductions to the first two, an offer, an error, and `full`.
    assert_eq!(figure(&text, "duet_forwarding_seconds_count"), 7.0);
    assert_eq!(figure(&text, "duet_messages_sent_total"), 7.0);
    assert!(figure(&text, "duet_sent_bytes_total") > 100.0);
    assert!(figure(&text, "duet_forwarding_seconds_sum") > 0.0);
    for private in ["127.0.0.1", "secret", "third", "\"r\"", "\"a\""] {
        assert!(!text.contains(private), "{private} in:\n{text}");
    }
}

/// What may stand behind the name of a family in the name of a sample.
fn suffixes(kind: &str) -> &'static [&'static str] {
    match kind {
        "counter" => &["_total"],
        "gauge" => &[""],
        "histogram" => &["_sum", "_count", "_bucket"],
        other => panic!("no family of ours is a {other}"),
    }
}

/// Every sample stands behind the HELP and TYPE of its family, every family stands there once, and `# EOF` ends it.
fn assert_open_metrics(body: &str) {
    assert!(body.ends_with("\n# EOF\n"), "{body}");
    let (mut families, mut helped, mut typed) = (HashSet::new(), "", ("", ""));
    for line in body.trim_end_matches("# EOF\n").lines() {
        if let Some(told) = line.strip_prefix("# HELP ") {
            let (family, help) = told.split_once(' ').expect("a help");
            assert!(families.insert(family) && !help.is_empty(), "{line}");
            helped = family;
        } else if let Some(told) = line.strip_prefix("# TYPE ") {
            typed = told.split_once(' ').expect("a type");
            assert_eq!(typed.0, helped, "{line}");
        } else if let Some(told) = line.strip_prefix("# UNIT ") {
            let unit = told.split_once(' ').expect("a unit");
            assert!(unit.0 == typed.0 && unit.0.ends_with(unit.1), "{line}");
        } else {
            let (sample, value) = line.rsplit_once(' ').expect("a value");
            let name = sample.split('{').next().unwrap_or_default();
            let suffix = name.strip_prefix(typed.0).expect("its family");
            assert!(suffixes(typed.1).contains(&suffix), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
    assert!(families.contains("duet_connections"), "{body}");
}

#[tokio::test]
async fn every_figure_has_its_family_and_times_are_told_in_rising_buckets() {
    let server = watched(ServerConfig::loopback()).await;
    let (mut a, mut b) = couple(&server).await;
    for n in 0..20 {
        let offer = forward("r", "a", "b", &n.to_string());
        a.send(&ClientMessage::Offer(offer)).await;
        b.next().await;
    }
    // Something with a label.
    a.send(&ClientMessage::Offer(forward("r", "a", "nobody", "{}")))
        .await;
    a.expect_error(ErrorCode::NoSuchPeer, "offer").await;
    let text = get(server.monitor_addrs()[0], "/metrics").await;
    let (_, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    assert_open_metrics(body);
    let buckets = body.lines().filter_map(|line| {
        let bucket = line.strip_prefix("duet_forwarding_seconds_bucket{le=\"")?;
        let (bound, count) = bucket.split_once("\"} ")?;
        Some((
            bound.parse::<f64>().expect("a time"),
            count.parse::<f64>().expect("a number"),
        ))
    });
    let buckets: Vec<(f64, f64)> = buckets.collect();
    let is_rising = buckets.is_sorted_by(|one, next| one.0 < next.0 && one.1 <= next.1);
    assert!(is_rising, "{buckets:?}");
    let &[(shortest, _), .., (longest, _), (endless, all)] = buckets.as_slice() else {
        panic!("too few: {buckets:?}");
    };
    // What nobody notices can be told from what everybody does.
    assert!(shortest < 0.001 && longest > 1.0, "{buckets:?}");
    assert_eq!(endless, f64::INFINITY);
    assert_eq!(all, figure(&text, "duet_forwarding_seconds_count"));
    // Twenty offers, an error, and what made them a couple.
    assert_eq!(all, 25.0);
}

#[tokio::test]
async fn a_call_counts_while_it_rings() {
    let server = watched(ServerConfig::loopback()).await;
    let address = server.monitor_addrs()[0];
    let (mut ann, _bob, call_id, _) = ringing(&server).await;
    let text = get(address, "/metrics").await;
    assert_eq!(figure(&text, "duet_calls"), 1.0);
    assert_eq!(figure(&text, "duet_logins"), 2.0);
    ann.send(&cancel(&call_id)).await;
    crate::client::eventually("it ends", || server.stats().calls == 0).await;
    let text = get(address, "/metrics").await;
    assert_eq!(figure(&text, "duet_calls"), 0.0);
}

#[tokio::test]
async fn the_doors_for_clients_tell_health_and_no_figures() {
    let server = watched(ServerConfig::loopback()).await;
    for address in [server.local_addrs()[0], server.monitor_addrs()[0]] {
        assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200"));
        assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
        assert!(get(address, "/ready").await.starts_with("HTTP/1.1 404"));
    }
    let answer = get(server.local_addrs()[0], "/metrics").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

#[tokio::test]
async fn a_balancer_hears_of_the_end_before_it_comes() {
    let server = watched(ServerConfig {
        timing: Timing {
            drain_delay: Duration::from_secs(2),
            ..Timing::default()
        },
        ..ServerConfig::loopback()
    })
    .await;
    let (address, door) = (server.monitor_addrs()[0], server.local_addrs()[0]);
    let mut client = Client::connect(&server).await;
    let ending = tokio::spawn(server.shutdown());
    let unready = async {
        while get(address, "/readyz").await.starts_with("HTTP/1.1 200") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), unready)
        .await
        .expect("it says so");
    // Meanwhile everything goes on as before.
    assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200"));
    assert!(get(door, "/readyz").await.starts_with("HTTP/1.1 503"));
    client.assert_quiet().await;
    assert_eq!(client.close_code().await, Some(4010));
    drop(client);
    ending.await.expect("no panic");
    assert!(TcpStream::connect(address).await.is_err());
}
