//! A guest without Duet: Chromium and Firefox with the page that the server serves, against `duet-peer` and against
//! each other.
#![cfg(target_os = "linux")]

use std::net::{IpAddr, SocketAddr, UdpSocket};

use duet_server::{AccessKeys, Grant, ServerConfig};
use duet_testkit::process::Signal;
use duet_testkit::{skip, turn};
use duet_tests::guest::{Guest, LIMIT, Program};
use duet_tests::{Peer, TestServer};
use serde_json::Value;

/// Without an end of its own, duet-peer ends with the guest.
const PEER: [&str; 8] = [
    "--codec",
    "vp8",
    "--wait",
    "60",
    "--name",
    "Ann",
    "--camera-format",
    "640x360@30",
];

#[derive(Clone, Copy, PartialEq)]
enum GuestJoins {
    /// And so makes the first offer.
    First,
    Second,
}

/// One call with `duet-peer`: the picture moves on both sides, sound arrives, and nothing was against the policy.
fn call_with_peer(program: Program, order: GuestJoins) {
    let _turn = turn::take().expect("a turn");
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start().expect("a server");
    let start = || Peer::start(&server, "guest-room", folder.path(), &PEER).expect("duet-peer");
    let early = (order == GuestJoins::Second).then(start);
    if let Some(peer) = &early {
        peer.until_waiting().expect("duet-peer waits");
    }
    let guest = Guest::open(program, &server.page("guest-room")).expect("a guest");
    guest.join("Mira").expect("joined");
    if order == GuestJoins::First {
        guest.until_state("waiting").expect("waiting");
    }
    let peer = early.unwrap_or_else(start);
    guest.until_state("connected").expect("connected");
    guest.until_picture_moves().expect("the peer's picture");
    let title = guest
        .page()
        .find("[data-testid=call-title]")
        .expect("a title");
    assert_eq!(title.text().expect("text"), "Ann");
    guest.leave().expect("left");
    guest.check_clean().expect("a clean page");
    let report = peer.report(LIMIT).expect("a report");
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    assert!(
        number(&report["video_received"]["frames"]) > 15.0,
        "{report:#}"
    );
    assert!(
        number(&report["audio_received"]["level_dbfs"]) > -90.0,
        "{report:#}"
    );
    assert_eq!(report["video_received"]["codec"], "vp8", "{report:#}");
}

#[test]
fn chromium_first() {
    if !Program::Chromium.is_missing("chromium_first") {
        call_with_peer(Program::Chromium, GuestJoins::First);
    }
}

#[test]
fn chromium_second() {
    if !Program::Chromium.is_missing("chromium_second") {
        call_with_peer(Program::Chromium, GuestJoins::Second);
    }
}

#[test]
fn firefox_first() {
    if !Program::Firefox.is_missing("firefox_first") {
        call_with_peer(Program::Firefox, GuestJoins::First);
    }
}

#[test]
fn firefox_second() {
    if !Program::Firefox.is_missing("firefox_second") {
        call_with_peer(Program::Firefox, GuestJoins::Second);
    }
}

#[test]
fn chromium_and_firefox_meet_write_and_part() {
    const NAME: &str = "chromium_and_firefox_meet_write_and_part";
    if Program::Chromium.is_missing(NAME) || Program::Firefox.is_missing(NAME) {
        return;
    }
    let _turn = turn::take().expect("a turn");
    let server = TestServer::start().expect("a server");
    let url = server.page("two%20guests");
    let first = Guest::open(Program::Chromium, &url).expect("Chromium");
    first.join("Mira").expect("joined");
    first.until_state("waiting").expect("waiting");
    let second = Guest::open(Program::Firefox, &url).expect("Firefox");
    let camera = "[data-testid=toggle-camera][data-on=true]";
    second.page().wait_for(camera, LIMIT).expect("a camera");
    // With the keyboard alone: the name has the focus, Enter joins.
    second.page().press("Jonas\u{e007}").expect("keys");
    for guest in [&first, &second] {
        guest.until_state("connected").expect("connected");
        guest.until_picture_moves().expect("the other's picture");
    }
    assert_eq!(first.text_of("call-title").expect("a title"), "Jonas");
    assert_eq!(second.text_of("call-title").expect("a title"), "Mira");

    first.write("<b>hello</b> & good morning").expect("written");
    first
        .until_text("delivered", "<b>hello</b> & good morning")
        .expect("delivered");
    second.until_shown("chat-unread").expect("a badge");
    second.write("hello").expect("written");
    second
        .until_text("received", "<b>hello</b> & good morning")
        .expect("received");
    first.until_text("received", "hello").expect("received");

    first.click("toggle-microphone").expect("muted");
    second.until_shown("peer-muted").expect("told");
    first.click("toggle-camera").expect("camera off");
    second.until_shown("remote-camera-off").expect("told");
    first.click("toggle-camera").expect("camera on");
    second.until_picture_moves().expect("the picture is back");

    let third = Guest::open(Program::Chromium, &url).expect("a third");
    third.join("Max").expect("tried");
    third.until_shown("screen-full").expect("full");
    second.leave().expect("left");
    first.until_shown("peer-left").expect("told");
    third.click("full-retry").expect("tried again");
    for guest in [&first, &third] {
        guest.until_state("connected").expect("connected");
        guest.until_picture_moves().expect("the other's picture");
    }
    for guest in [first, second, third] {
        guest.check_clean().expect("a clean page");
    }
}

#[test]
fn a_call_outlives_a_restart_of_the_server() {
    const NAME: &str = "a_call_outlives_a_restart_of_the_server";
    if Program::Chromium.is_missing(NAME) || Program::Firefox.is_missing(NAME) {
        return;
    }
    let _turn = turn::take().expect("a turn");
    let server = TestServer::start().expect("a server");
    let address = server.address().expect("an address");
    let url = server.page("restart");
    let programs = [Program::Chromium, Program::Firefox];
    let guests = programs.map(|program| Guest::open(program, &url).expect("a guest"));
    for guest in &guests {
        guest.join("Guest").expect("joined");
    }
    for guest in &guests {
        guest.until_state("connected").expect("connected");
    }
    drop(server);
    for guest in &guests {
        guest.until_shown("server-lost").expect("told");
        guest.until_picture_moves().expect("media goes on");
    }
    let again = ServerConfig::new(vec![address]);
    let _server = TestServer::start_with(again).expect("the same port");
    let [first, second] = &guests;
    for guest in &guests {
        let limit = LIMIT;
        guest
            .page()
            .wait_until_gone("[data-testid=server-lost]", limit)
            .expect("back");
        guest.until_state("connected").expect("still connected");
    }
    first.write("still here").expect("written");
    second
        .until_text("received", "still here")
        .expect("received");
    first.until_picture_moves().expect("media goes on");
    for guest in &guests {
        guest.check_clean().expect("a clean page");
    }
}

fn peer_that_hangs(program: Program) {
    let _turn = turn::take().expect("a turn");
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start().expect("a server");
    let mut peer = Peer::start(&server, "hang", folder.path(), &PEER).expect("duet-peer");
    peer.until_waiting().expect("it waits");
    let guest = Guest::open(program, &server.page("hang")).expect("a guest");
    guest.join("Mira").expect("joined");
    guest.until_picture_moves().expect("a picture");
    peer.signal(Signal::Stop);
    guest.until_state("reconnecting").expect("told");
    peer.signal(Signal::Continue);
    guest.until_state("connected").expect("back");
    guest.until_picture_moves().expect("the picture is back");
    peer.signal(Signal::Kill);
    guest.until_state("reconnecting").expect("told again");
    guest.leave().expect("one can leave");
    guest.check_clean().expect("a clean page");
}

#[test]
fn chromium_waits_for_a_peer_that_hangs() {
    if !Program::Chromium.is_missing("chromium_waits_for_a_peer_that_hangs") {
        peer_that_hangs(Program::Chromium);
    }
}

#[test]
fn firefox_waits_for_a_peer_that_hangs() {
    if !Program::Firefox.is_missing("firefox_waits_for_a_peer_that_hangs") {
        peer_that_hangs(Program::Firefox);
    }
}

/// The address of this machine on its network, if it has one. No packet is sent for it.
fn network_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("198.51.100.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

fn without_tls(test: &str, program: Program) {
    if program.is_missing(test) {
        return;
    }
    let Some(own) = network_address() else {
        return skip::record(test, "the machine has no network");
    };
    let _turn = turn::take().expect("a turn");
    let folder = tempfile::tempdir().expect("a folder");
    let everywhere = ServerConfig::new(vec![SocketAddr::from(([0, 0, 0, 0], 0))]);
    let server = TestServer::start_with(everywhere).expect("a server");
    let port = server.address().expect("an address").port();
    let url = format!("http://{own}:{port}/r/plain");
    let guest = Guest::open(program, &url).expect("a guest");
    guest.until_shown("insecure").expect("it says why");
    let text = guest.page().page_text().expect("text");
    assert!(
        text.contains("only to pages that came over https"),
        "{text}"
    );
    assert!(text.contains("can turn on TLS"), "{text}");
    guest.join_as_it_is("Mira").expect("joined to listen");
    guest.until_state("waiting").expect("waiting");
    let at = format!("ws://127.0.0.1:{port}/ws");
    let peer = Peer::start_at(&at, "plain", folder.path(), &PEER).expect("duet-peer");
    guest.until_state("connected").expect("connected");
    guest.until_picture_moves().expect("the peer's picture");
    guest.leave().expect("left");
    let report = peer.report(LIMIT).expect("a report");
    assert_eq!(
        report["video_received"]["frames"].as_f64().unwrap_or(0.0),
        0.0,
        "{report:#}"
    );
}

#[test]
fn chromium_without_tls_says_why_and_watches() {
    without_tls(
        "chromium_without_tls_says_why_and_watches",
        Program::Chromium,
    );
}

#[test]
fn firefox_without_tls_says_why_and_watches() {
    without_tls("firefox_without_tls_says_why_and_watches", Program::Firefox);
}

fn closed_server(program: Program) {
    let _turn = turn::take().expect("a turn");
    let keys = AccessKeys::parse(&"k".repeat(64)).expect("a key");
    let token = keys.issue(&Grant {
        exp: u64::from(u32::MAX),
        room_id: Some("closed".to_owned()),
        name: None,
        role: None,
    });
    let closed = ServerConfig {
        access: Some(keys),
        ..ServerConfig::loopback()
    };
    let server = TestServer::start_with(closed).expect("a server");
    let guest = Guest::open(program, &server.page("closed")).expect("a guest");
    guest.join("Mira").expect("tried");
    guest.until_shown("failure").expect("refused");
    let text = guest.page().page_text().expect("text");
    assert!(text.contains("an invite that carries a key"), "{text}");
    let invite = format!("{}#t={token}&s3cret", server.page("closed"));
    let invited = Guest::open(program, &invite).expect("a guest");
    invited.join("Mira").expect("joined");
    invited.until_state("waiting").expect("admitted");
    invited.check_clean().expect("a clean page");
}

#[test]
fn a_closed_server_takes_the_token_behind_the_hash_from_chromium() {
    const NAME: &str = "a_closed_server_takes_the_token_behind_the_hash_from_chromium";
    if !Program::Chromium.is_missing(NAME) {
        closed_server(Program::Chromium);
    }
}

#[test]
fn a_closed_server_takes_the_token_behind_the_hash_from_firefox() {
    const NAME: &str = "a_closed_server_takes_the_token_behind_the_hash_from_firefox";
    if !Program::Firefox.is_missing(NAME) {
        closed_server(Program::Firefox);
    }
}

fn server_without_its_name(program: Program) {
    let _turn = turn::take().expect("a turn");
    let server = TestServer::start().expect("a server");
    let port = server.address().expect("an address").port();
    let url = format!("http://calls.example:{port}/r/x");
    let guest = Guest::open_at_name(program, "calls.example", &url).expect("a guest");
    guest
        .until_shown("screen-not-admitted")
        .expect("it says so");
    let text = guest.page().page_text().expect("text");
    let origin = format!("--allow-origin http://calls.example:{port}");
    assert!(text.contains(&origin), "{text}");
}

#[test]
fn chromium_says_what_to_do_for_a_server_that_does_not_know_its_name() {
    const NAME: &str = "chromium_says_what_to_do_for_a_server_that_does_not_know_its_name";
    if !Program::Chromium.is_missing(NAME) {
        server_without_its_name(Program::Chromium);
    }
}

#[test]
fn firefox_says_what_to_do_for_a_server_that_does_not_know_its_name() {
    const NAME: &str = "firefox_says_what_to_do_for_a_server_that_does_not_know_its_name";
    if !Program::Firefox.is_missing(NAME) {
        server_without_its_name(Program::Firefox);
    }
}
