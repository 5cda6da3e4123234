//! What strangers can put before a guest: the room in a link, the other's name, the other's texts. None of it runs, and all
//! of it is shown as what it is.
#![cfg(target_os = "linux")]

use duet_testkit::process::eventually;
use duet_testkit::{skip, turn};
use duet_tests::TestServer;
use duet_tests::guest::{Guest, LIMIT, Program};
use serde_json::{Value, json};

/// What a payload would do if it ran.
const CANARY: &str = "document.documentElement.dataset.pwned=1";

/// Every way to begin a script × every way out of the place it stands in. Names have at most 64 characters, so the canary is
/// written as short as it goes where it would not fit.
fn payloads() -> Vec<String> {
    let scripts = [
        format!("<script>{CANARY}</script>"),
        format!("<img src=x onerror={CANARY}>"),
        format!("<svg onload={CANARY}>"),
        format!("<iframe srcdoc='<script>parent.{CANARY}</script>'>"),
        format!("<a href=javascript:{CANARY}>x</a>"),
        format!("<style onload={CANARY}></style>"),
        format!("<details open ontoggle={CANARY}>"),
        format!("javascript:{CANARY}"),
        format!("data:text/html,<script>{CANARY}</script>"),
        format!("${{{CANARY}}}"),
        format!("{{{{constructor.constructor('{CANARY}')()}}}}"),
        "<script src=//evil.example></script>".to_owned(),
        "{name}{room}{seconds}$&$1$`".to_owned(),
        "__proto__".to_owned(),
        "constructor".to_owned(),
    ];
    let exits = [
        "",
        "\">",
        "'>",
        "</title>",
        "</script>",
        "-->",
        "]]>",
        "</textarea>",
    ];
    let pairs = exits
        .iter()
        .flat_map(|exit| scripts.iter().map(move |script| format!("{exit}{script}")));
    pairs.collect()
}

/// Those that the protocol lets through as a name or a room.
fn short(payloads: &[String]) -> Vec<String> {
    let canary = "document.documentElement.dataset.pwned=1";
    let shortened = payloads
        .iter()
        .map(|payload| payload.replace(canary, "import('/')"));
    shortened
        .filter(|payload| payload.chars().count() <= 64)
        .collect()
}

fn check_nothing_ran(guest: &Guest, what: &str) {
    let script = "const root = document.documentElement; \
        return [root.dataset.pwned ?? null, document.querySelectorAll('iframe, object, embed, form[action], base').length, \
        document.scripts.length, location.pathname.startsWith('/r/')]";
    let found = guest.page().execute(script, &[]).expect("the page answers");
    assert_eq!(found, json!([null, 0, 1, true]), "{what}");
}

/// Speaks the protocol from a page of the same server: meets the guest under each name and writes each text.
const SPEAK: &str = "const [url, names, texts, done] = arguments; \
    (async () => { \
        const wait = (socket, cmd) => new Promise((resolve) => { socket.addEventListener('message', (event) => { \
            if (JSON.parse(event.data).cmd === cmd) resolve(); }); }); \
        for (const [index, name] of names.entries()) { \
            const socket = new WebSocket(url); \
            await new Promise((resolve) => { socket.onopen = resolve; }); \
            const uid = 'speaker' + index; \
            const met = wait(socket, 'resp-join'); \
            socket.send(JSON.stringify({ cmd: 'join', roomId: 'hostile', uid, name })); \
            await met; \
            for (const content of texts.filter((_, at) => at % names.length === index)) { \
                const told = wait(socket, 'delivered'); \
                socket.send(JSON.stringify({ cmd: 'message', roomId: 'hostile', content, id: 'x' })); \
                await told; \
            } \
            socket.send(JSON.stringify({ cmd: 'media-state', roomId: 'hostile', uid, remoteUid: '<b>', audio: 'on', video: 'on' })); \
            const left = wait(socket, 'leaved'); \
            socket.send(JSON.stringify({ cmd: 'leave', roomId: 'hostile', uid })); \
            await left; \
            socket.close(); \
        } \
        done(true); \
    })().catch((error) => done(String(error)));";

#[test]
fn names_and_texts_are_text() {
    if skip::without_programs("names_and_texts_are_text", &["chromium", "chromedriver"]) {
        return;
    }
    let _turn = turn::take().expect("a turn");
    let server = TestServer::start().expect("a server");
    let guest = Guest::open(Program::Chromium, &server.page("hostile")).expect("a guest");
    guest.join("Mira").expect("joined");
    guest.until_state("waiting").expect("waiting");
    let texts = payloads();
    let names = short(&texts);
    assert!(
        texts.len() >= 100 && names.len() >= 60,
        "{} {}",
        texts.len(),
        names.len()
    );
    // In the background of the same browser, where timers are slow, a page is slow: it has one of its own.
    let home = format!("http://{}/", server.address().expect("an address"));
    let speaker = Guest::chromium(&home, &[]).expect("a speaker");
    let arguments = [json!(server.url()), json!(names), json!(texts)];
    let spoken = speaker
        .page()
        .execute_async(SPEAK, &arguments)
        .expect("spoken");
    assert_eq!(spoken, json!(true));
    let shown = "return [...document.querySelectorAll('[data-testid=chat-text]')].map((one) => one.textContent)";
    let mut seen = Value::Null;
    let all = eventually("every text is shown", LIMIT, || {
        seen = guest.page().execute(shown, &[]).unwrap_or_default();
        seen.as_array()
            .is_some_and(|seen| seen.len() == texts.len())
    });
    all.expect("shown");
    let mut seen: Vec<_> = seen
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut wanted: Vec<_> = texts.iter().map(String::as_str).collect();
    seen.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(seen, wanted);
    guest.until_shown("peer-left").expect("the last one left");
    let text = guest.text_of("peer-left").expect("text");
    assert!(
        text.contains(names.last().expect("a name").as_str()),
        "{text}"
    );
    check_nothing_ran(&guest, "names and texts");
    guest.check_clean().expect("a clean page");
}

#[test]
fn a_room_in_a_link_is_text() {
    if skip::without_programs("a_room_in_a_link_is_text", &["chromium", "chromedriver"]) {
        return;
    }
    let _turn = turn::take().expect("a turn");
    let server = TestServer::start().expect("a server");
    let guest = Guest::open(Program::Chromium, &server.page("x")).expect("a guest");
    for room in short(&payloads()) {
        guest.go_to(&server.page(&encoded(&room))).expect("loaded");
        guest.until_shown("lobby-room").expect("a lobby");
        assert_eq!(guest.text_of("lobby-room").expect("text"), room);
        check_nothing_ran(&guest, &room);
    }
    guest.check_clean().expect("a clean page");
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
