//! What the endpoints log names no address, no candidate, no description, no credential, no token, no code, no text and
//! nobody: in calls through the relay, by code and by name of a room, in calls that fail, and when the server is
//! lost. What may not be there is what was said: it is taken down between the endpoints and the server.
#![cfg(target_os = "linux")]

use std::io::{self, Write};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use duet_engine::call::CallState;
use duet_engine::{
    DeviceConfig, Endpoint, EndpointConfig, EndpointEvent, PathConfig, ServerConfig, Taps, VideoTap,
};
use duet_media::audio::{AudioSinkSpec, AudioSourceSpec};
use duet_media::codec::VideoCodec;
use duet_media::source::{VideoFormat, VideoSourceSpec};
use duet_testkit::display_rig::{self, DisplayRig};
use duet_testkit::process::Process;
use duet_testkit::{target_dir, turn};
use duet_tests::TestServer;
use duet_tests::leaks::{Secrets, leaks};
use duet_tests::server_program;
use duet_tests::tls_front::TlsFront;
use duet_tests::wiretap::Wiretap;
use serde_json::Value;
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(60);
const ROOM: &str = "wombat-room";
const TEXT: &str = "very private words";
const ACCESS: &str = "0123456789abcdef0123456789abcdef";
/// Small pictures: nothing here is about them.
const SMALL: [&str; 2] = ["--camera-format", "320x180@15"];
/// A code that no display shows.
const WRONG_CODE: &str = "WXYZ-2345";

/// The server as a program, with its relay: it can be killed.
fn start_server() -> Result<(Process, String)> {
    let here = ["--listen", "127.0.0.1:0", "--turn-listen", "127.0.0.1:0"];
    let more = ["--no-metrics", "--cast-guesses-per-minute", "100"];
    server_program::start(&[&here[..], &more].concat())
}

/// `duet-peer`s that log at the same level, and what they have said so far.
struct Peers {
    url: String,
    /// What `DUET_LOG` says, if anything.
    level: Option<&'static str>,
    environment: Vec<(String, String)>,
    said: Vec<String>,
}

impl Peers {
    fn new(url: String, level: Option<&'static str>) -> Self {
        Self {
            url,
            level,
            environment: Vec::new(),
            said: Vec::new(),
        }
    }

    fn start(&self, more: &[&str]) -> Result<Process> {
        let mut command = Command::new(target_dir::binary("duet-peer")?);
        command.args(["--server", &self.url]).args(more);
        command.env_remove("DUET_LOG");
        if let Some(level) = self.level {
            command.env("DUET_LOG", level);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Process::spawn("duet-peer", &mut command)
    }

    /// Somebody in a room, with small pictures.
    fn enter(&self, room: &str, more: &[&str]) -> Result<Process> {
        self.start(&[&["--room", room], &SMALL[..], more].concat())
    }

    /// Waits for its end, and takes down what it said.
    fn end(&mut self, mut peer: Process) -> Result<()> {
        peer.wait(PATIENCE)?;
        self.said.extend(peer.lines());
        Ok(())
    }

    /// Two through the relay, with a text; a third finds the room full.
    fn call_through_the_relay(&mut self) -> Result<()> {
        let relayed = ["--ice-policy", "relay", "--say", TEXT, "--duration", "4"];
        let ann = self.enter(ROOM, &[&relayed[..], &["--name", "Zanzibar"]].concat())?;
        until(&ann, "waiting-for-peer")?;
        let ben = self.enter(ROOM, &[&relayed[..], &["--name", "Quetzal"]].concat())?;
        for peer in [&ann, &ben] {
            until(peer, "connected")?;
        }
        let third = self.enter(ROOM, &["--wait", "20"])?;
        until(&third, "room-full")?;
        [ann, ben, third]
            .into_iter()
            .try_for_each(|peer| self.end(peer))
    }

    /// A display is found by its code, and not by another one.
    fn cast(&mut self) -> Result<()> {
        let wall = self.start(&["--cast-open", "--duration", "3"])?;
        let code = wall.wait_for_line(PATIENCE, |line| line.starts_with("code "))?;
        let code = code.trim_start_matches("code ");
        let screen = ["--camera", "screen:0", "--duration", "3", "--wait", "20"];
        let lost = self.start(&[&["--cast-join", WRONG_CODE], &screen[..]].concat())?;
        self.end(lost)?;
        let presenter = self.start(&[&["--cast-join", code], &screen[..]].concat())?;
        until(&presenter, "connected")?;
        [wall, presenter]
            .into_iter()
            .try_for_each(|peer| self.end(peer))
    }

    /// The server is killed in the middle of a call, and its relay with it; and whoever comes then finds none.
    fn lose(&mut self, mut server: Process) -> Result<()> {
        let room = "lost-wombat-room";
        let relayed = ["--ice-policy", "relay", "--duration", "12"];
        let ann = self.enter(room, &relayed)?;
        until(&ann, "waiting-for-peer")?;
        let ben = self.enter(room, &relayed)?;
        for peer in [&ann, &ben] {
            until(peer, "connected")?;
        }
        server.kill();
        let late = self.enter(room, &["--wait", "3"])?;
        [ann, ben, late]
            .into_iter()
            .try_for_each(|peer| self.end(peer))
    }
}

fn until(peer: &Process, state: &str) -> Result<()> {
    let wanted = format!("duet-peer: {state}");
    peer.wait_for_line(PATIENCE, |line| line == wanted)?;
    Ok(())
}

/// Everything that `duet-peer` does, and what was said over the wire meanwhile.
fn a_day_of_peers(level: Option<&'static str>) -> Result<(Vec<String>, Secrets)> {
    let (server, url) = start_server()?;
    let tap = Wiretap::start(&url)?;
    let display = DisplayRig::start(640, 360)?;
    let mut peers = Peers::new(tap.url(), level);
    peers.environment = display.env();
    peers.call_through_the_relay()?;
    peers.cast()?;
    peers.lose(server)?;
    let secrets = secrets_of(&tap);
    // The code is what a display prints for people, on standard output.
    let is_log = |line: &String| !line.starts_with("code ");
    Ok((peers.said.into_iter().filter(is_log).collect(), secrets))
}

fn secrets_of(tap: &Wiretap) -> Secrets {
    let mut secrets = Secrets::of_messages(&tap.heard());
    for secret in [ROOM, TEXT, WRONG_CODE, "Zanzibar", "Quetzal", ACCESS] {
        secrets.add(secret);
    }
    secrets
}

/// A test that looks for nothing finds nothing.
fn assert_much_was_said(secrets: &Secrets) {
    for part in [
        "candidate:",
        "a=fingerprint",
        "a=ice-pwd",
        "typ relay",
        "turn:127",
    ] {
        assert!(secrets.count(part) > 0, "nobody said {part}");
    }
    assert!(secrets.count("") > 100, "{secrets:?}");
}

fn assert_tight(lines: &[String], secrets: &Secrets) {
    let found = leaks(lines, secrets);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn has_level(lines: &[String], level: &str) -> bool {
    lines
        .iter()
        .any(|line| line.contains(&format!(" {level} duet_")))
}

#[test]
fn peers_log_nothing_that_tells_of_people_or_their_connections() {
    let test = "peers_log_nothing_that_tells_of_people_or_their_connections";
    if display_rig::unavailable(test) {
        return;
    }
    let _turn = turn::take().expect("a turn");
    // As it is by itself, and as people are asked to set it.
    for level in [None, Some("info")] {
        let (lines, secrets) = a_day_of_peers(level).expect("a day");
        assert_much_was_said(&secrets);
        println!(
            "{level:?}: {} lines, {} secrets",
            lines.len(),
            secrets.count("")
        );
        assert_eq!(has_level(&lines, "INFO"), level.is_some(), "{lines:#?}");
        for ending in ["connected", "room-full", "reconnecting", "call-failed"] {
            let wanted = format!("duet-peer: {ending}");
            assert!(lines.contains(&wanted), "{ending}: {lines:#?}");
        }
        assert_tight(&lines, &secrets);
    }
}

/// The search itself: who looks for a fault and asks for it gets addresses and candidates, and they are found.
#[test]
fn at_debug_the_same_search_finds_addresses() -> Result<()> {
    let _turn = turn::take()?;
    let (_server, url) = start_server()?;
    let tap = Wiretap::start(&url)?;
    let mut peers = Peers::new(tap.url(), Some("debug"));
    peers.call_through_the_relay()?;
    let found = leaks(&peers.said, &secrets_of(&tap)).join("\n");
    // Behind these words the libraries tell the ICE password of the other.
    for part in ["the address 127.0.0.1", "remotePwd: ", "\"turn:127.0.0.1:"] {
        ensure!(found.contains(part), "not found: {part}");
    }
    Ok(())
}

/// The session description in a message of the server, changed.
fn with_keys_in_it(text: &str) -> Option<String> {
    let mut message: Value = serde_json::from_str(text).ok()?;
    if message["cmd"] != "offer" {
        return None;
    }
    let mut inside: Value = serde_json::from_str(message["msg"].as_str()?).ok()?;
    // Keys in a description are refused (RFC 4568), so this fails where it is applied.
    let key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d2hhdC1uby1sb2ctbWF5LWhvbGQ\r\n";
    inside["sdp"] = format!("{}{key}", inside["sdp"].as_str()?).into();
    message["msg"] = inside.to_string().into();
    Some(message.to_string())
}

/// The servers of ICE in a message of the server, and in their place one that only TLS leads to.
fn with_relay(text: &str, relay: &str) -> Option<String> {
    let mut message: Value = serde_json::from_str(text).ok()?;
    let servers = message.get_mut("iceServers")?;
    *servers = serde_json::json!([{
        "urls": [format!("turns:{relay}?transport=tcp")],
        "username": "wombat-user",
        "credential": "wombat-credential",
    }]);
    Some(message.to_string())
}

#[test]
fn warnings_of_failed_calls_tell_no_more() {
    let _turn = turn::take().expect("a turn");
    let (_server, url) = start_server().expect("a server");
    // Its certificate is good, and for another name: what TLS says of that has both names.
    let relay = TlsFront::start_as("elsewhere.example.org", &url).expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let trusted = folder.path().join("trusted.pem");
    std::fs::write(&trusted, relay.certificate_pem()).expect("written");
    let address = relay.address().to_string();
    let tap = Wiretap::tampering(&url, move |text| {
        let changed = with_keys_in_it(&text).or_else(|| with_relay(&text, &address));
        changed.unwrap_or(text)
    });
    let tap = tap.expect("a port");
    let mut peers = Peers::new(tap.url(), None);
    let trusted = trusted.to_string_lossy().into_owned();
    peers.environment = vec![("SSL_CERT_FILE".to_owned(), trusted)];
    let ann = peers.enter(ROOM, &["--wait", "12"]).expect("it starts");
    until(&ann, "waiting-for-peer").expect("it waits");
    let ben = peers.enter(ROOM, &["--wait", "10"]).expect("it starts");
    peers.end(ann).expect("it ends");
    peers.end(ben).expect("it ends");
    let mut secrets = secrets_of(&tap);
    secrets.add("elsewhere.example.org");
    for words in ["negotiation failed", "its certificate is not trusted"] {
        let is_told = |line: &String| line.contains(" WARN duet_") && line.contains(words);
        assert!(peers.said.iter().any(is_told), "{words}: {:#?}", peers.said);
    }
    assert_tight(&peers.said, &secrets);
}

/// What this process logs.
static TAKEN_DOWN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct TakeDown;

impl Write for TakeDown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let log = TAKEN_DOWN.lock();
        log.map_err(|_| io::ErrorKind::Other)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn taken_down() -> Vec<String> {
    let log = TAKEN_DOWN.lock().expect("nobody panicked here");
    let log = String::from_utf8_lossy(&log);
    log.lines().map(str::to_owned).collect()
}

fn endpoint(url: &str, pictures: VideoTap) -> (Endpoint, mpsc::Receiver<EndpointEvent>) {
    Endpoint::start(EndpointConfig {
        name: Some("Zanzibar".to_owned()),
        server: ServerConfig {
            url: url.to_owned(),
            trusted_fingerprints: Vec::new(),
            access: None,
        },
        path: PathConfig::default(),
        devices: DeviceConfig {
            camera: VideoSourceSpec::Test,
            camera_format: VideoFormat {
                width: 320,
                height: 180,
                frames_per_second: 15,
            },
            microphone: AudioSourceSpec::Test(440),
            speaker: AudioSinkSpec::None,
        },
        video_codecs: VideoCodec::supported().to_vec(),
        microphone_on: true,
        camera_on: true,
        taps: Taps {
            remote_video: pictures,
            ..Taps::default()
        },
    })
}

async fn until_event(
    events: &mut mpsc::Receiver<EndpointEvent>,
    is_it: impl Fn(&EndpointEvent) -> bool,
) -> Result<()> {
    let waiting = async {
        while let Some(event) = events.recv().await {
            if is_it(&event) {
                return Ok(());
            }
        }
        Err(anyhow::anyhow!("the endpoint has ended"))
    };
    tokio::time::timeout(PATIENCE, waiting).await?
}

/// A call in which one's pictures always panic, until they are given up; then the server is lost.
async fn broken_call(url: &str, server: TestServer) -> Result<()> {
    let (ann, mut ann_hears) = endpoint(url, VideoTap::new(|_| panic!("on purpose")));
    let (ben, mut ben_hears) = endpoint(url, VideoTap::new(|_| {}));
    ann.join(ROOM).await?;
    let waits = |event: &EndpointEvent| {
        matches!(
            event,
            EndpointEvent::State(CallState::WaitingForPeer { .. })
        )
    };
    until_event(&mut ann_hears, waits).await?;
    ben.join(ROOM).await?;
    let lost = duet_protocol::VideoState::Lost;
    let is_given_up = |event: &EndpointEvent| matches!(event, EndpointEvent::RemoteMedia { video, .. } if *video == lost);
    until_event(&mut ann_hears, is_given_up).await?;
    tokio::task::spawn_blocking(move || drop(server)).await?;
    let is_cut = |event: &EndpointEvent| matches!(event, EndpointEvent::Signaling(_));
    until_event(&mut ben_hears, is_cut).await?;
    ann.close().await?;
    ben.close().await?;
    Ok(())
}

#[test]
fn errors_of_the_engine_tell_no_more() {
    let filter = duet_engine::log_filter(Some("info"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_ansi(false)
        .with_writer(|| TakeDown);
    subscriber.init();
    let _turn = turn::take().expect("a turn");
    let server = TestServer::start().expect("a server");
    let tap = Wiretap::start(&server.url()).expect("a port");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let call = runtime.block_on(broken_call(&tap.url(), server));
    call.context("a call").expect("it breaks and is over");
    let (lines, secrets) = (taken_down(), secrets_of(&tap));
    for level in ["INFO", "WARN", "ERROR"] {
        assert!(has_level(&lines, level), "no {level}: {lines:#?}");
    }
    assert!(secrets.count("candidate:") > 0, "nobody said candidates");
    assert_tight(&lines, &secrets);
}
