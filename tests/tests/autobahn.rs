//! Autobahn's suite against our connection code, both ends of it: groups 1–7, 9 and 10 without a failure. The
//! other groups are about compression, which neither end offers.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use duet_testkit::process::Process;
use duet_testkit::{autobahn, port, skip, target_dir};
use serde_json::{Value, json};

const GROUPS: [&str; 9] = [
    "1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*",
];
/// The suite's own count of them.
const CASES: usize = 301;
/// Group 9 moves sixteen megabytes in pieces of 64 bytes.
const LIMIT: Duration = Duration::from_secs(900);
/// Until it listens.
const START: Duration = Duration::from_secs(60);
const REASON: &str = "Autobahn's suite needs Python 2.7, which this system has no package of";

/// The suite's program; none, and written down, where it is not to be had.
fn wstest(test: &str) -> Option<Command> {
    let folder = target_dir::kept("autobahn").expect("a folder");
    let command = autobahn::wstest(&folder);
    if command.is_none() {
        skip::record_exempt(test, REASON);
    }
    command
}

fn spec(folder: &Path, mut more: Value) -> std::path::PathBuf {
    more["outdir"] = json!(folder.join("reports"));
    more["cases"] = json!(GROUPS);
    more["exclude-cases"] = json!([]);
    more["exclude-agent-cases"] = json!({});
    let path = folder.join("spec.json");
    std::fs::write(&path, more.to_string()).expect("written");
    path
}

/// Every case and how it went, by the report.
fn judge(folder: &Path) {
    let report = std::fs::read_to_string(folder.join("reports/index.json")).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let cases = report["duet"].as_object().expect("cases");
    let mut counts = BTreeMap::new();
    let mut failures = Vec::new();
    for (case, result) in cases {
        for kind in ["behavior", "behaviorClose"] {
            let verdict = result[kind].as_str().unwrap_or("none").to_owned();
            if !matches!(verdict.as_str(), "OK" | "NON-STRICT" | "INFORMATIONAL") {
                failures.push(format!("{case} {kind}: {verdict}"));
            }
            *counts.entry(format!("{kind} {verdict}")).or_insert(0) += 1;
        }
    }
    println!("{} cases: {counts:?}", cases.len());
    assert_eq!(failures, Vec::<String>::new());
    assert_eq!(cases.len(), CASES, "cases are missing");
}

#[test]
fn the_connections_of_the_server_conform() {
    let Some(mut wstest) = wstest("Autobahn against the server") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .expect("a port");
    let url = format!("ws://{}/ws", listener.local_addr().expect("bound"));
    runtime.spawn(duet_server::echo::run(listener));
    let servers = json!([{"agent": "duet", "url": url, "options": {"version": 18}}]);
    let spec = spec(
        folder.path(),
        json!({"servers": servers, "options": {"failByDrop": false}}),
    );
    wstest
        .args(["-m", "fuzzingclient", "-s"])
        .arg(spec)
        .current_dir(&folder);
    let mut running = Process::spawn("wstest", &mut wstest).expect("it starts");
    let status = running.wait(LIMIT).expect("it ends");
    assert!(status.success(), "{:?}", running.lines());
    judge(folder.path());
}

#[test]
fn the_connections_of_the_client_conform() {
    let Some(mut wstest) = wstest("Autobahn against the client") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let url = format!("ws://127.0.0.1:{}", port::free_port().expect("a port"));
    let spec = spec(
        folder.path(),
        json!({"url": url, "options": {"failByDrop": false}}),
    );
    wstest
        .args(["-m", "fuzzingserver", "-u", "0", "-s"])
        .arg(spec)
        .current_dir(&folder);
    let suite = Process::spawn("wstest", &mut wstest).expect("it starts");
    runtime.block_on(async {
        let ask = async |path: &str| duet_signaling::echo::run(&format!("{url}{path}")).await;
        let started = async {
            loop {
                match ask("/getCaseCount").await {
                    Ok(texts) => return texts,
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        };
        let count = tokio::time::timeout(START, started).await;
        let count = count.unwrap_or_else(|_| panic!("it does not listen: {:?}", suite.lines()));
        let count: usize = count
            .first()
            .and_then(|text| text.parse().ok())
            .expect("a count");
        for case in 1..=count {
            let run = ask(&format!("/runCase?case={case}&agent=duet")).await;
            run.unwrap_or_else(|error| panic!("case {case}: {error}"));
        }
        ask("/updateReports?agent=duet").await.expect("a report");
    });
    judge(folder.path());
}
