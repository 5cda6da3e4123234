//! Faults around the real window: a server that nobody vouches for, a web process that dies.
#![cfg(target_os = "linux")]

use anyhow::Result;
use duet_testkit::{descendant, turn};
use duet_tests::desk::{self, Desk, PATIENCE};
use duet_tests::tls_front::TlsFront;
use duet_tests::{Peer, TestServer, plug_in_camera};

#[test]
fn an_unknown_certificate_is_shown_and_trusted_once() -> Result<()> {
    if desk::unavailable("an_unknown_certificate_is_shown_and_trusted_once") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let server = TestServer::start()?;
    let front = TlsFront::start(&server.url())?;
    let _camera = plug_in_camera("Camera", 1000)?;
    let desk = Desk::sit_down(&front.url(), &[])?;
    desk.enter_lobby("tls")?;
    desk.click("lobby-join")?;
    let shown = desk.shown("fingerprint")?.text()?;
    let digits = |text: &str| text.replace(|c: char| !c.is_ascii_hexdigit(), "");
    assert_eq!(
        digits(&shown).to_uppercase(),
        digits(front.fingerprint()),
        "the certificate's own fingerprint"
    );
    desk.click("trust-accept")?;
    desk.until_call_is("waitingForPeer", PATIENCE)?;
    desk.click("leave")?;
    // Trusted once is trusted for this server.
    desk.click("rejoin")?;
    desk.until_call_is("waitingForPeer", PATIENCE)?;
    Ok(())
}

#[test]
fn the_page_comes_back_into_the_call_when_its_process_dies() -> Result<()> {
    if desk::unavailable("the_page_comes_back_into_the_call_when_its_process_dies") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let server = TestServer::start()?;
    let _camera = plug_in_camera("Camera", 1000)?;
    let folder = tempfile::tempdir()?;
    let film = format!("file:{}", duet_tests::film(2000)?.display());
    let other = ["--camera", &film, "--duration", "90"];
    let other = Peer::start(&server, "crash", folder.path(), &other)?;
    other.until_waiting()?;
    let desk = Desk::sit_down(&server.url(), &["--join", "crash"])?;
    desk.until_call_is("connected", PATIENCE)?;
    desk.sees_film(2000)?;

    // Linux cuts names of processes after 15 letters.
    descendant::kill(desk.window.pid(), "WebKitWebProces")?;
    // WebDriver's hold on the page died with it: only the screen tells from here.
    desk.sees_film(2000)?;
    drop(desk);
    assert!(!other.said("reconnecting"), "the call itself went on");
    Ok(())
}
