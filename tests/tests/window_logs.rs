//! What the application itself logs: a call from the window, a text, a code for a display, a room that is full and a
//! server that is lost. Everything that it and its web processes print is read.
#![cfg(target_os = "linux")]

use std::net::SocketAddr;

use anyhow::Result;
use duet_server::ServerConfig;
use duet_server::turn::{TurnConfig, TurnMode};
use duet_testkit::turn;
use duet_tests::desk::{self, Desk, PATIENCE};
use duet_tests::leaks::{Secrets, leaks};
use duet_tests::wiretap::Wiretap;
use duet_tests::{Peer, TestServer, plug_in_camera};

const ROOM: &str = "wombat-room";
const FULL_ROOM: &str = "full-wombat-room";
const TEXT: &str = "very private words";
/// Small pictures for those without a window: they share the machine.
const SMALL: [&str; 4] = ["--camera-format", "320x180@15", "--duration", "120"];

fn server() -> Result<TestServer> {
    let relay = TurnConfig::new(vec![SocketAddr::from(([127, 0, 0, 1], 0))]);
    TestServer::start_with(ServerConfig {
        turn: TurnMode::BuiltIn(relay),
        ..ServerConfig::loopback()
    })
}

/// The person at the desk goes through it all.
fn a_day_at_the_desk(desk: &Desk, server: TestServer) -> Result<()> {
    let folders = [(); 3].map(|()| tempfile::tempdir());
    let [first, second, third] = folders;
    let (first, second, third) = (first?, second?, third?);
    let one = Peer::start(&server, FULL_ROOM, first.path(), &SMALL)?;
    one.until_waiting()?;
    let two = Peer::start(&server, FULL_ROOM, second.path(), &SMALL)?;
    two.until_states(&["connected"], PATIENCE)?;
    desk.enter_lobby(FULL_ROOM)?;
    desk.click("lobby-join")?;
    desk.shown("full-another")?;
    drop((one, two));
    desk.click("full-another")?;
    // A display's code, and no display after all.
    desk.click("show-here")?;
    desk.shown("cast-code")?;
    desk.click("display-home")?;
    let other = Peer::start(&server, ROOM, third.path(), &SMALL)?;
    other.until_waiting()?;
    desk.enter_lobby(ROOM)?;
    desk.click("lobby-join")?;
    desk.until_call_is("connected", PATIENCE)?;
    desk.click("toggle-chat")?;
    desk.fill("chat-field", TEXT)?;
    desk.click("chat-send")?;
    desk.shown("message")?;
    // Lost, and the other with it: the call tries to come back, and cannot.
    drop(server);
    drop(other);
    desk.until_call_is("reconnecting", PATIENCE)
}

fn assert_the_log_is_tight(level: Option<&str>) -> Result<()> {
    let server = server()?;
    let tap = Wiretap::start(&server.url())?;
    let _camera = plug_in_camera("Wombat's camera", 1000)?;
    let variables: Vec<_> = level.map(|level| ("DUET_LOG", level)).into_iter().collect();
    let desk = Desk::sit_down_with(&tap.url(), &["--name", "Zanzibar"], &variables)?;
    let day = a_day_at_the_desk(&desk, server);
    let lines = desk.window.log();
    day.map_err(|error| error.context(lines.join("\n")))?;
    let mut secrets = Secrets::of_messages(&tap.heard());
    for secret in [ROOM, FULL_ROOM, TEXT, "Zanzibar"] {
        secrets.add(secret);
    }
    assert!(secrets.count("candidate:") > 0, "nobody said candidates");
    println!(
        "{level:?}: {} lines, {} secrets",
        lines.len(),
        secrets.count("")
    );
    let has_told = lines.iter().any(|line| line.contains(" INFO duet_"));
    assert_eq!(has_told, level == Some("info"), "{lines:#?}");
    let found = leaks(&lines, &secrets);
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

#[test]
fn the_window_logs_nothing_that_tells_of_people_or_their_connections() -> Result<()> {
    if desk::unavailable("the_window_logs_nothing_that_tells_of_people_or_their_connections") {
        return Ok(());
    }
    let _turn = turn::take()?;
    // As it is by itself, and as people are asked to set it.
    for level in [None, Some("info")] {
        assert_the_log_is_tight(level)?;
    }
    Ok(())
}
