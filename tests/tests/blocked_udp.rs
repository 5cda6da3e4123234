//! A network that drops all UDP: `duet-server` tells of a coturn (`--turn-uri`, `--turn-secret`), and two
//! `duet-peer` behind the firewall call through it, over TCP or over TLS. All of them are programs.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use duet_testkit::coturn_rig::{COTURN, Certificate, CoturnRig};
use duet_testkit::firewall::{self, Firewall, OUTSIDE};
use duet_testkit::process::Process;
use duet_testkit::{skip, turn};
use duet_tests::{Peer, server_program};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(90);
const SECRET: &str = "known to coturn and to the server";

/// What stands outside: a coturn, and a server that tells of it.
struct Outside {
    coturn: CoturnRig,
    _server: Process,
    /// Where the server listens, as it says.
    url: String,
    /// Of the certificate of the coturn.
    fingerprint: String,
    _folder: TempDir,
}

impl Outside {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let files = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
        let fingerprint = write_certificate(&files[0], &files[1]);
        let tls = Certificate {
            certificate: &files[0],
            key: &files[1],
        };
        let coturn = CoturnRig::start_at(OUTSIDE, SECRET, true, Some(tls));
        let coturn = coturn.expect("coturn starts");
        let (server, url) = start_server(&coturn);
        Self {
            coturn,
            _server: server,
            url,
            fingerprint,
            _folder: folder,
        }
    }
}

fn start_server(coturn: &CoturnRig) -> (Process, String) {
    let (plain, secure) = (coturn.address(), coturn.tls_address());
    let uris = [
        format!("turn:{plain}?transport=udp"),
        format!("turn:{plain}?transport=tcp"),
        format!("turns:{secure}?transport=tcp"),
    ];
    let here = format!("{OUTSIDE}:0");
    let mut arguments = vec!["--listen", &here, "--no-metrics", "--turn-secret", SECRET];
    arguments.extend(uris.iter().flat_map(|uri| ["--turn-uri", uri]));
    server_program::start(&arguments).expect("it starts")
}

/// One that nobody vouches for; gives its fingerprint.
fn write_certificate(certificate: &Path, key: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(vec![OUTSIDE.to_string()]);
    let made = made.expect("a certificate");
    fs::write(certificate, made.cert.pem()).expect("written");
    fs::write(key, made.signing_key.serialize_pem()).expect("written");
    let digest = Sha256::digest(made.cert.der());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A call behind the firewall after `narrow` has shut more of it; both sides send through their
/// relays by this transport, and say so.
fn call_by(transport: &str, firewall: &Firewall, narrow: impl FnOnce(&CoturnRig)) {
    let _turn = turn::take().expect("a turn");
    let outside = Outside::start();
    narrow(&outside.coturn);
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let trust = &outside.fingerprint;
    let more = ["--trust", trust, "--camera-format", "320x180@15"];
    let more = [&more[..], &["--duration", "5"]].concat();
    let start = |folder: &TempDir| Peer::start_at(&outside.url, "blocked", folder.path(), &more);
    let first = start(&folders[0]).expect("duet-peer");
    first.until_waiting().expect("it waits");
    let second = start(&folders[1]).expect("duet-peer");
    for (peer, who) in [(first, "first"), (second, "second")] {
        let report = peer.report(LIMIT).expect("a report");
        println!(
            "{who}: connected over {transport} after {} ms",
            report["connected_ms"]
        );
        check(&report, transport);
    }
    assert!(
        firewall.dropped_udp().expect("a count") > 0,
        "UDP was tried"
    );
}

fn check(report: &Value, transport: &str) {
    let path = &report["path"];
    assert_eq!(path["local"], "relay", "{report:#}");
    assert_eq!(path["protocol"], transport, "{report:#}");
    let pictures = report["video_received"]["frames"].as_u64();
    assert!(pictures.is_some_and(|count| count >= 5), "{report:#}");
    let level = report["audio_received"]["level_dbfs"].as_f64();
    assert!(level.is_some_and(|level| level > -30.0), "{report:#}");
}

#[test]
fn two_programs_call_over_tcp_through_coturn() {
    let test = "two_programs_call_over_tcp_through_coturn";
    if skip::without_programs(test, &[COTURN]) {
        return;
    }
    firewall::run(test, |firewall| call_by("tcp", firewall, |_| {}));
}

#[test]
fn two_programs_call_over_tls_where_only_that_is_let_out() {
    let test = "two_programs_call_over_tls_where_only_that_is_let_out";
    if skip::without_programs(test, &[COTURN]) {
        return;
    }
    firewall::run(test, |firewall| {
        call_by("tls", firewall, |coturn| {
            let shut = firewall.drop_tcp(coturn.address().port());
            shut.expect("the firewall obeys");
        });
    });
}
