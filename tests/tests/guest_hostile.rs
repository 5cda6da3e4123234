//! What strangers can put before a guest: the room in a link, the other's name, the other's texts. None of it runs, and all
//! of it is shown as what it is.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;

use duet_protocol::check_name;
use duet_server::ServerConfig;
use duet_testkit::process::eventually;
use duet_testkit::turn;
use duet_tests::guest::{Guest, LIMIT, Program};
use duet_tests::{TestServer, hostile};
use serde_json::{Value, json};

/// Names in one load of the page: a browser keeps the connections of those who left for a while.
const AT_ONCE: usize = 40;

/// Those that the protocol lets through as a name or a room.
fn names(texts: &[String]) -> Vec<&str> {
    let names: BTreeSet<_> = texts
        .iter()
        .filter_map(|text| check_name(text).ok())
        .collect();
    assert!(names.len() >= 400, "{}", names.len());
    names.into_iter().collect()
}

/// What ran, elements that a text could have made, and attributes that run.
fn traces(browser: &Guest) -> Value {
    let script = "const made = document.querySelectorAll('iframe, object, embed, form[action], base, img, audio, style, template'); \
        const attributes = [...document.querySelectorAll('*')].flatMap((one) => [...one.attributes].map(({ name }) => name)); \
        return [window.__ran ?? null, made.length, document.scripts.length, attributes.filter((name) => name.startsWith('on')).length]";
    let found = browser.page().execute(script, &[]);
    found.expect("the page answers")
}

fn check_nothing_ran(guest: &Guest, what: &str) {
    assert_eq!(traces(guest), json!([null, 0, 1, 0]), "{what}");
    let path = guest.page().execute("return location.pathname", &[]);
    let path = path.expect("the page answers");
    assert!(path.as_str().is_some_and(|path| path.starts_with("/r/")));
}

/// The same look finds what does run.
fn check_would_be_seen(browser: &Guest) {
    let page = "data:text/html,<p onclick=x><script>window.__ran=1</script>";
    browser.page().go_to(page).expect("loaded");
    assert_eq!(traces(browser), json!([1, 0, 1, 1]));
}

/// Speaks the protocol from a page of the same server: meets the guest under each name and writes its texts.
const SPEAK: &str = "const [url, roomId, people, done] = arguments; \
    (async () => { \
        const wait = (socket, cmd) => new Promise((resolve) => { socket.addEventListener('message', (event) => { \
            if (JSON.parse(event.data).cmd === cmd) resolve(); }); }); \
        for (const [index, [name, texts]] of people.entries()) { \
            const socket = new WebSocket(url); \
            await new Promise((resolve) => { socket.onopen = resolve; }); \
            const uid = 'speaker' + index; \
            const met = wait(socket, 'resp-join'); \
            socket.send(JSON.stringify({ cmd: 'join', roomId, uid, name })); \
            await met; \
            for (const content of texts) { \
                const told = wait(socket, 'delivered'); \
                socket.send(JSON.stringify({ cmd: 'message', roomId, content, id: 'x' })); \
                await told; \
            } \
            socket.send(JSON.stringify({ cmd: 'media-state', roomId, uid, remoteUid: '<b>', audio: 'on', video: 'on' })); \
            const left = wait(socket, 'leaved'); \
            socket.send(JSON.stringify({ cmd: 'leave', roomId, uid })); \
            await left; \
            socket.close(); \
        } \
        done(true); \
    })().catch((error) => done(String(error)));";

/// Who wrote what, as the page shows it.
const SHOWN: &str = "return [...document.querySelectorAll('[data-testid=chat-text]')] \
    .map((one) => [one.previousElementSibling.textContent.replace(/ · [0-9:]+$/, ''), one.textContent])";

/// Each of these writes its texts to a guest who has loaded the page anew.
fn meets(guest: &Guest, speaker: &Guest, url: &str, room: &str, people: &[(&str, Vec<&str>)]) {
    guest.join("Mira").expect("joined");
    guest.until_state("waiting").expect("waiting");
    let arguments = [json!(url), json!(room), json!(people)];
    let spoken = speaker.page().execute_async(SPEAK, &arguments);
    assert_eq!(spoken.expect("spoken"), json!(true));
    let said = people
        .iter()
        .flat_map(|(name, texts)| texts.iter().map(move |text| json!([name, text])));
    let said: Vec<Value> = said.collect();
    let mut shown = Value::Null;
    let all = eventually("every text is shown", LIMIT, || {
        shown = guest.page().execute(SHOWN, &[]).unwrap_or_default();
        shown.as_array().is_some_and(|all| all.len() == said.len())
    });
    all.unwrap_or_else(|error| panic!("{error}: {shown}"));
    assert_eq!(shown, json!(said));
    guest.until_shown("peer-left").expect("the last one left");
    let text = guest.text_of("peer-left").expect("text");
    let (last, _) = people.last().expect("somebody");
    assert!(text.contains(last), "{text}");
    check_nothing_ran(guest, room);
    guest.check_clean().expect("a clean page");
}

fn names_and_texts(program: Program) {
    let _turn = turn::take().expect("a turn");
    // Forty in a row are more than one person makes a guest say.
    let config = ServerConfig {
        messages_per_second: 1000,
        message_burst: 10_000,
        ..ServerConfig::loopback()
    };
    let server = TestServer::start_with(config).expect("a server");
    // In the background of the same browser, where timers are slow, a page is slow: it has one of its own.
    let home = format!("http://{}/", server.address().expect("an address"));
    let speaker = Guest::chromium(&home, &[]).expect("a speaker");
    let texts = hostile::texts(speaker.page()).expect("the list");
    let names = names(&texts);
    let of_name = |index: usize| texts.iter().skip(index).step_by(names.len());
    let people: Vec<(&str, Vec<&str>)> = names
        .iter()
        .enumerate()
        .map(|(index, name)| (*name, of_name(index).map(String::as_str).collect()))
        .collect();
    let guest = Guest::open(program, &home).expect("a guest");
    for (round, people) in people.chunks(AT_ONCE).enumerate() {
        let room = format!("hostile-{round}");
        guest.go_to(&server.page(&room)).expect("loaded");
        meets(&guest, &speaker, &server.url(), &room, people);
    }
    check_would_be_seen(&guest);
}

/// Every fifth: neighbours in the order of their letters differ little.
fn rooms(program: Program) {
    let _turn = turn::take().expect("a turn");
    let server = TestServer::start().expect("a server");
    let guest = Guest::open(program, &server.page("x")).expect("a guest");
    let texts = hostile::texts(guest.page()).expect("the list");
    for room in names(&texts).into_iter().step_by(5) {
        guest.go_to(&server.page(&encoded(room))).expect("loaded");
        guest.until_shown("lobby-room").expect("a lobby");
        assert_eq!(guest.text_of("lobby-room").expect("text"), room);
        check_nothing_ran(&guest, room);
    }
    guest.check_clean().expect("a clean page");
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn names_and_texts_are_text_in_chromium() {
    const NAME: &str = "names_and_texts_are_text_in_chromium";
    if !Program::Chromium.is_missing(NAME) {
        names_and_texts(Program::Chromium);
    }
}

#[test]
fn names_and_texts_are_text_in_firefox() {
    const NAME: &str = "names_and_texts_are_text_in_firefox";
    if !Program::Firefox.is_missing(NAME) && !Program::Chromium.is_missing(NAME) {
        names_and_texts(Program::Firefox);
    }
}

#[test]
fn a_room_in_a_link_is_text_in_chromium() {
    const NAME: &str = "a_room_in_a_link_is_text_in_chromium";
    if !Program::Chromium.is_missing(NAME) {
        rooms(Program::Chromium);
    }
}

#[test]
fn a_room_in_a_link_is_text_in_firefox() {
    const NAME: &str = "a_room_in_a_link_is_text_in_firefox";
    if !Program::Firefox.is_missing(NAME) {
        rooms(Program::Firefox);
    }
}
