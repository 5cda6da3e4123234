//! Guests at a server with TLS, under a name that is no loopback name: what a public server is to them.
#![cfg(target_os = "linux")]

use duet_testkit::turn;
use duet_tests::guest::Program;
use duet_tests::secure_server::SecureServer;
use serde_json::json;

#[test]
fn chromium_and_firefox_meet_over_tls() {
    const NAME: &str = "chromium_and_firefox_meet_over_tls";
    if Program::Chromium.is_missing(NAME) || Program::Firefox.is_missing(NAME) {
        return;
    }
    let _turn = turn::take().expect("a turn");
    let server = SecureServer::start().expect("duet-server");
    let guests = [Program::Chromium, Program::Firefox]
        .map(|program| server.open(program, "tls").expect("a guest"));
    for (guest, name) in guests.iter().zip(["Mira", "Jonas"]) {
        let script = "return [location.protocol, location.host, isSecureContext]";
        let place = guest.page().execute(script, &[]).expect("a place");
        assert_eq!(place, json!(["https:", server.host(), true]));
        // The application joins there by `wss`, as it does everywhere outside a local network.
        let link = guest.page().find("[data-testid=open-in-duet]");
        let link = link.expect("a link").attribute("href").expect("its goal");
        assert_eq!(link, Some(format!("duet://{}/tls", server.host())));
        guest.join(name).expect("joined with the camera on");
    }
    for guest in &guests {
        guest.until_state("connected").expect("connected");
        guest.until_picture_moves().expect("the other's picture");
    }
    let [chromium, firefox] = guests;
    assert_eq!(chromium.text_of("call-title").expect("a title"), "Jonas");
    assert_eq!(firefox.text_of("call-title").expect("a title"), "Mira");
    chromium.write("over wss").expect("written");
    let came = firefox.until_text("received", "over wss");
    came.expect("received");
    for guest in [chromium, firefox] {
        guest.leave().expect("left");
        guest.check_clean().expect("a clean page");
    }
}
