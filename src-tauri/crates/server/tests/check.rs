//! `duet-server check`: what is wrong is said with the next step, and the exit code says whether there is
//! anything.
#![cfg(target_os = "linux")]

use std::net::TcpListener;
use std::process::{Command, Output};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use serde_json::Value;
use tempfile::TempDir;

use crate::program::start;
use crate::tls::Identity;

fn check(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
    command.arg("check").arg("--json").args(flags);
    command
}

/// Whether all is well, and the findings as lines.
fn read(output: &Output) -> (bool, String) {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    });
    let is_ok = report["isOk"].as_bool().expect("a verdict");
    assert_eq!(
        output.status.success(),
        is_ok,
        "the exit code says the same"
    );
    let findings = report["findings"].as_array().expect("findings");
    for finding in findings {
        let is_good = finding["verdict"] == "ok";
        assert_eq!(
            finding["nextStep"].is_null(),
            is_good,
            "a next step: {finding}"
        );
    }
    let lines = findings.iter().map(|finding| {
        let field = |name: &str| finding[name].as_str().unwrap_or_default();
        format!(
            "{} {}: {}\n",
            field("verdict"),
            field("subject"),
            field("what")
        )
    });
    (is_ok, lines.collect())
}

pub(crate) fn run(flags: &[&str]) -> (bool, String) {
    read(&check(flags).output().expect("it runs"))
}

#[test]
fn a_server_that_would_work_is_found_to_and_its_relay_is_used() {
    for secret in [&[][..], &["--turn-secret", "north"]] {
        let (is_ok, said) = run(&[&["--listen", "127.0.0.1:0"], secret].concat());
        assert!(is_ok, "{said}");
        for transport in ["UDP", "TCP"] {
            let opened = format!("({transport}) opened relays at ports");
            assert!(said.contains(&opened), "{said}");
        }
        assert!(said.contains("packets passed between them"), "{said}");
        assert!(
            said.contains("ok clock") || said.contains("warning clock"),
            "{said}"
        );
        assert!(said.contains(" files: "), "{said}");
    }
}

#[test]
fn a_server_that_runs_is_recognised() {
    let relay = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let relay_address = relay.local_addr().expect("bound").to_string();
    drop(relay);
    let flags = ["--turn-listen", &relay_address, "--turn-secret", "north"];
    let (_program, urls) = start(&flags, 1);
    let address = urls[0].trim_start_matches("ws://").trim_end_matches("/ws");
    let (is_ok, said) = run(&[&["--listen", address], &flags[..]].concat());
    assert!(is_ok && said.contains("runs here and is healthy"), "{said}");
    assert!(said.contains("opened relays"), "{said}");
    let (is_ok, said) = run(&["--listen", address, "--turn-listen", &relay_address]);
    assert!(is_ok && said.contains("answers STUN"), "{said}");
    let wrong = [
        "--listen",
        address,
        "--turn-listen",
        &relay_address,
        "--turn-secret",
        "x",
    ];
    let (is_ok, said) = run(&wrong);
    assert!(!is_ok && said.contains("401"), "{said}");
}

#[test]
fn ports_that_others_have_are_said() {
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = other.local_addr().expect("bound").to_string();
    let (is_ok, said) = run(&["--listen", &taken, "--no-turn"]);
    assert!(
        !is_ok && said.contains("problem port for clients"),
        "{said}"
    );
    let (is_ok, said) = run(&["--listen", "192.0.2.1:7440", "--no-turn"]);
    assert!(!is_ok && said.contains("cannot be had"), "{said}");
}

#[test]
fn a_relay_elsewhere_that_does_not_answer_is_said() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let uri = format!("turn:{}", silent.local_addr().expect("bound"));
    let flags = [
        "--listen",
        "127.0.0.1:0",
        "--turn-secret",
        "s",
        "--turn-uri",
        &uri,
    ];
    let (is_ok, said) = run(&flags);
    assert!(!is_ok && said.contains("no answer comes back"), "{said}");
}

#[test]
fn settings_that_cannot_be_are_a_finding_too() {
    let (is_ok, said) = run(&["--access-key", "/nowhere/key"]);
    assert!(!is_ok && said.contains("/nowhere/key"), "{said}");
    let (is_ok, said) = run(&["--config", "/nowhere/duet.toml"]);
    assert!(!is_ok && said.contains("/nowhere/duet.toml"), "{said}");
}

/// As the example for nginx had it: the proxy passes WebSockets on, and nobody gets to the relay.
#[test]
fn a_relay_that_a_proxy_hides_is_said() {
    let proxied = ["--listen", "127.0.0.1:0", "--trust-proxy", "127.0.0.1"];
    let (is_ok, said) = run(&proxied);
    assert!(!is_ok && said.contains("on the loopback alone"), "{said}");
    let (_, said) = run(&[&proxied[..], &["--turn-listen", "0.0.0.0:0"]].concat());
    assert!(!said.contains("on the loopback alone"), "{said}");
}

#[test]
fn a_relay_of_other_settings_is_not_taken_for_a_broken_one() {
    let secret = "0123456789abcdef0123456789abcdef";
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let relay = socket.local_addr().expect("bound").to_string();
    drop(socket);
    let (_program, _) = start(&["--turn-listen", &relay, "--turn-secret", secret], 1);
    let (is_ok, said) = run(&["--listen", "127.0.0.1:0", "--turn-listen", &relay]);
    assert!(!is_ok && said.contains("cannot be had"), "{said}");
    assert!(
        !said.contains("401") && !said.contains("credential"),
        "{said}"
    );
}

#[test]
fn a_certificate_that_cannot_be_read_is_one_problem() {
    let flags = ["--listen", "127.0.0.1:0", "--tls-cert", "/nowhere/cert.pem"];
    let (is_ok, said) = run(&[&flags[..], &["--tls-key", "/nowhere/key.pem"]].concat());
    assert!(!is_ok && said.contains("problem certificate"), "{said}");
    assert!(
        !said.contains("problem relay") && !said.contains("warning relay"),
        "{said}"
    );
}

#[test]
fn a_short_secret_is_said() {
    let (_, said) = run(&["--listen", "127.0.0.1:0", "--turn-secret", "north"]);
    assert!(
        said.contains("warning relay: its secret is short"),
        "{said}"
    );
    let long = "0123456789abcdef0123456789abcdef";
    let (_, said) = run(&["--listen", "127.0.0.1:0", "--turn-secret", long]);
    assert!(!said.contains("is short"), "{said}");
}

/// A certificate of an authority that only this test knows.
fn issued(folder: &TempDir, name: &str, until: i32) -> [String; 3] {
    let (ca_key, key) = (
        KeyPair::generate().expect("a key"),
        KeyPair::generate().expect("a key"),
    );
    let mut ca = CertificateParams::new(Vec::new()).expect("no names");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = ca.self_signed(&ca_key).expect("a root");
    let issuer = Issuer::new(ca, ca_key);
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    params.not_after = date_time_ymd(until, 1, 1);
    let own = params.signed_by(&key, &issuer).expect("a certificate");
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("plain letters").to_owned()
    };
    [
        write("root.pem", root.pem()),
        write("cert.pem", own.pem()),
        write("key.pem", key.serialize_pem()),
    ]
}

#[test]
fn a_certificate_is_judged_as_clients_do() {
    let judge = |name: &str, until: i32, host: &str| {
        let folder = TempDir::new().expect("a folder");
        let [root, cert, key] = issued(&folder, name, until);
        let flags = [
            "--listen",
            "127.0.0.1:0",
            "--tls-cert",
            &cert,
            "--tls-key",
            &key,
        ];
        let mut command = check(&[&flags[..], &["--public-host", host]].concat());
        read(
            &command
                .env("SSL_CERT_FILE", &root)
                .output()
                .expect("it runs"),
        )
    };
    let (is_ok, said) = judge("localhost", 4000, "localhost");
    assert!(is_ok && said.contains("accept it for localhost"), "{said}");
    assert!(said.contains("(TLS) opened relays at ports"), "{said}");
    let (is_ok, said) = judge("other.example", 4000, "localhost");
    assert!(!is_ok && said.contains("not for localhost"), "{said}");
    let (is_ok, said) = judge("localhost", 2002, "localhost");
    assert!(!is_ok && said.contains("its time is over"), "{said}");
    let own = Identity::new();
    let path = |name: &str| own.path(name).to_str().expect("plain letters").to_owned();
    let (cert, key) = (path("cert.pem"), path("key.pem"));
    let flags = [
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        &cert,
        "--tls-key",
        &key,
    ];
    let (is_ok, said) = run(&[&flags[..], &["--public-host", "localhost"]].concat());
    assert!(is_ok && said.contains("vouches for it"), "{said}");
}

#[test]
fn people_get_lines() {
    let output = Command::new(env!("CARGO_BIN_EXE_duet-server"))
        .args(["check", "--listen", "127.0.0.1:0", "--no-turn"])
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("WARNING relay:") && text.contains("→ leave --no-turn away"),
        "{text}"
    );
    assert!(text.contains("it can start; mind the "), "{text}");
}
