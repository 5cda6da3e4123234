//! What strangers write and how they call themselves, before a real window: WebKit runs none of it, and all of it
//! is shown as text.
#![cfg(target_os = "linux")]

use anyhow::{Context, Result, bail, ensure};
use duet_protocol::limits::MAX_TEXT_BYTES;
use duet_protocol::{
    CallMedia, ClientMessage, LoginAnswer, ServerMessage, Text, User, check_name, generate_uid,
};
use duet_signaling::{SignalingClient, SignalingConfig, SignalingEvent, SignalingHandle};
use duet_testkit::{process, turn};
use duet_tests::desk::{self, Desk, PATIENCE};
use duet_tests::{TestServer, hostile};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

/// Every tenth: each time another vector in another wrap, and fewer than a connection may send at once.
const STEP: usize = 10;
const TEXTS: usize = 60;
const CALLERS: usize = 5;
const HARMLESS: &str = "Mallory";

const IS_ONLINE: &str = "[data-testid=\"people\"][data-presence=\"online\"]";

/// Only the page's own world has this, and only there `window.__ran` would be set.
const WORLD: &str = "return typeof window.__TAURI_INTERNALS__";
/// What ran, elements that a text could have made, attributes that run, and where the page is.
const TRACES: &str = "const made = document.querySelectorAll('iframe, object, embed, base, img, audio, video, style, template, \
        form[action], math, marquee, details, select'); \
    const attributes = [...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames()); \
    return [window.__ran ?? null, made.length, document.scripts.length, \
        attributes.filter((name) => name.startsWith('on')).length, location.href]";
/// Leaves such traces.
const LEAVE_TRACES: &str =
    "document.body.insertAdjacentHTML('beforeend', '<p onclick=x><img></p>'); window.__ran = 1";
/// All elements of a page in their order.
const OUTLINE: &str = "return [...document.body.querySelectorAll('*')].map((one) => one.localName)";
const PEOPLE: &str = "return [...document.querySelectorAll('[data-testid=person] bdi')] \
    .map((one) => one.textContent).sort()";
const RECENTS: &str = "return [...document.querySelectorAll('[data-testid=recent] bdi')] \
    .map((one) => one.textContent)";
const CHAT_WITH: &str = "return document.querySelector('[data-testid=chat] h2').textContent";
const COUNT: &str = "return document.querySelectorAll('[data-testid=message]').length";
/// Each text as it is shown, and how many elements are in it beside links that show where they lead.
const MESSAGES: &str = "return [...document.querySelectorAll('[data-testid=message]')].map((one) => [one.textContent, \
    [...one.querySelectorAll('*')].filter((made) => made.localName !== 'a' \
        || made.textContent !== made.getAttribute('href') || !/^https?:[!-~]+$/i.test(made.textContent)).length])";
/// What a log of plain texts has none of.
const STRANGE: &str = "return document.querySelectorAll( \
    '[role=log] :not(p, bdi, span, a), [role=log] bdi *, [role=log] span *').length";

/// Somebody who speaks the protocol and is no Duet.
struct Stranger {
    name: String,
    handle: SignalingHandle,
    events: mpsc::Receiver<SignalingEvent>,
    /// Who was online before them.
    others: Vec<User>,
}

impl Stranger {
    async fn online(url: &str, name: &str) -> Result<Self> {
        let config = SignalingConfig {
            url: url.to_owned(),
            ..SignalingConfig::default()
        };
        let (handle, events) = SignalingClient::spawn(config);
        let mut stranger = Self {
            name: name.to_owned(),
            handle,
            events,
            others: Vec::new(),
        };
        stranger.handle.send(ClientMessage::Login {
            name: name.to_owned(),
            uid: generate_uid(),
            lobby: None,
            resume: false,
            resume_token: None,
            token: None,
        });
        let answer = stranger.hears("an answer to the login", |message| match message {
            ServerMessage::Login(answer) => Some(answer),
            _ => None,
        });
        match answer.await? {
            LoginAnswer::Accepted { users, .. } => stranger.others = users,
            LoginAnswer::Refused(why) => bail!("{name} is refused: {why:?}"),
        }
        Ok(stranger)
    }

    async fn hears<T>(
        &mut self,
        what: &str,
        find: impl Fn(ServerMessage) -> Option<T>,
    ) -> Result<T> {
        let heard = async {
            while let Some(event) = self.events.recv().await {
                if let SignalingEvent::Message(message) = event
                    && let Some(found) = find(message)
                {
                    return Some(found);
                }
            }
            None
        };
        let heard = tokio::time::timeout(PATIENCE, heard).await.ok().flatten();
        heard.with_context(|| format!("{} does not hear {what}", self.name))
    }

    /// The call that rings there.
    async fn calls(&mut self, uid: &str) -> Result<String> {
        self.handle.send(ClientMessage::Call {
            to: uid.to_owned(),
            media: CallMedia::Video,
        });
        self.hears("that it rings", |message| match message {
            ServerMessage::Ringing { call_id, .. } => Some(call_id),
            _ => None,
        })
        .await
    }

    async fn writes(&mut self, uid: &str, text: &str) -> Result<()> {
        let id = generate_uid();
        self.handle.send(ClientMessage::Message(Text {
            to: Some(uid.to_owned()),
            room_id: None,
            content: text.to_owned(),
            id: id.clone(),
        }));
        let told = self.hears("that it was delivered", |message| match message {
            ServerMessage::Delivered { id: of, .. } => (of == id).then_some(()),
            _ => None,
        });
        told.await.context(text.to_owned())
    }
}

/// The window shows it as it is: others lose what hides or turns writing.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ' '..='~' | '\n' | '\t'))
}

/// Some of those that the protocol lets through as names, and that would run something.
fn names(texts: &[String]) -> Vec<&str> {
    let mut fit: Vec<&str> = texts.iter().map(String::as_str).collect();
    fit.retain(|text| text.contains("__ran") && is_plain(text) && check_name(text) == Ok(*text));
    let step = (fit.len() / CALLERS).max(1);
    fit.into_iter().step_by(step).take(CALLERS).collect()
}

fn until_found(desk: &Desk, what: &str, script: &str, wanted: &Value) -> Result<()> {
    let mut found = Value::Null;
    let done = process::eventually(what, PATIENCE, || {
        found = desk.window.execute(script, &[]).unwrap_or_default();
        found == *wanted
    });
    done.with_context(|| format!("{found} instead of {wanted}"))
}

fn open_chat_with(desk: &Desk, name: &str) -> Result<()> {
    let rows = desk.window.find_all("[data-testid=\"person\"]")?;
    let mut at = None;
    for (index, row) in rows.iter().enumerate() {
        if row.attribute("data-name")?.as_deref() == Some(name) {
            at = Some(index);
        }
    }
    let at = at.context("they are not listed")?;
    let buttons = desk.window.find_all("[data-testid=\"person-chat\"]")?;
    buttons.get(at).context("a button")?.click()?;
    until_found(desk, "their chat", CHAT_WITH, &json!(name))
}

/// Each text is one message, and nothing but that.
fn check_messages(desk: &Desk, texts: &[&str]) -> Result<()> {
    until_found(desk, "every text", COUNT, &json!(texts.len()))?;
    let shown = desk.window.execute(MESSAGES, &[])?;
    let shown: Vec<(String, usize)> = serde_json::from_value(shown)?;
    for (text, (shown, elements)) in texts.iter().zip(&shown) {
        ensure!(*elements == 0, "{text:?} made {elements} elements");
        ensure!(
            !is_plain(text) || shown == text,
            "{text:?} is shown as {shown:?}"
        );
    }
    let strange = desk.window.execute(STRANGE, &[])?;
    ensure!(strange == 0, "{strange} elements in the chat");
    Ok(())
}

/// Each calls once. What their window is made of is the same for all, the first and harmless one included.
fn check_calls(
    desk: &Desk,
    runtime: &Runtime,
    uid: &str,
    strangers: &mut [Stranger],
) -> Result<()> {
    let main = desk.window.windows()?.remove(0);
    let mut harmless = None;
    for stranger in strangers {
        let call_id = runtime.block_on(stranger.calls(uid))?;
        desk.look_at_new_window(&main)?;
        let name = desk.shown("incoming-name")?.property("textContent")?;
        ensure!(name == stranger.name.as_str(), "{name} calls");
        let look = [TRACES, OUTLINE].map(|script| desk.window.execute(script, &[]));
        let [traces, outline] = look;
        let look = (traces?, outline?);
        let wanted = harmless.get_or_insert_with(|| look.clone());
        ensure!(look == *wanted, "{name}: {look:?} instead of {wanted:?}");
        stranger.handle.send(ClientMessage::Cancel { call_id });
        desk.back_to(&main)?;
    }
    Ok(())
}

#[test]
fn names_and_texts_are_text_in_the_window() -> Result<()> {
    if desk::unavailable("names_and_texts_are_text_in_the_window") {
        return Ok(());
    }
    let _turn = turn::take()?;
    let server = TestServer::start()?;
    let ada = Desk::sit_down(&server.url(), &["--camera", "none"])?;
    ada.shown("people")?;
    ada.fill("online-name", "Ada")?;
    ada.click("go-online")?;
    ada.window.wait_for(IS_ONLINE, PATIENCE)?;
    let world = ada.window.execute(WORLD, &[])?;
    ensure!(world == "object", "another world than the page's: {world}");
    let at_rest = ada.window.execute(TRACES, &[])?;
    ensure!(at_rest[0].is_null(), "{at_rest}");

    let list = hostile::texts(&ada.window)?;
    let runtime = Runtime::new()?;
    let mut strangers = Vec::new();
    for name in [HARMLESS].into_iter().chain(names(&list)) {
        strangers.push(runtime.block_on(Stranger::online(&server.url(), name))?);
    }
    ensure!(strangers.len() == CALLERS + 1, "too few names");
    let listed = &strangers[0].others;
    let uid = listed.iter().find(|user| user.name == "Ada");
    let uid = uid.context("Ada is listed")?.uid.clone();
    let called: Vec<String> = strangers.iter().map(|one| one.name.clone()).collect();
    let mut people = called.clone();
    people.sort();
    until_found(&ada, "every name", PEOPLE, &json!(people))?;

    let texts: Vec<&str> = list
        .iter()
        .step_by(STEP)
        .map(String::as_str)
        .filter(|text| !text.is_empty() && text.len() <= MAX_TEXT_BYTES)
        .collect();
    ensure!(texts.len() >= TEXTS, "only {} texts", texts.len());
    open_chat_with(&ada, &called[1])?;
    for text in &texts {
        runtime.block_on(strangers[1].writes(&uid, text))?;
    }
    check_messages(&ada, &texts)?;

    check_calls(&ada, &runtime, &uid, &mut strangers)?;
    let newest_first: Vec<&String> = called.iter().rev().collect();
    until_found(&ada, "the missed calls", RECENTS, &json!(newest_first))?;
    let traces = ada.window.execute(TRACES, &[])?;
    ensure!(traces == at_rest, "{traces} instead of {at_rest}");

    // The same look finds what does run.
    ada.window.execute(LEAVE_TRACES, &[])?;
    let traces = ada.window.execute(TRACES, &[])?;
    ensure!(
        traces[0] == 1 && traces[1] != at_rest[1] && traces[3] != at_rest[3],
        "{traces} after {at_rest}"
    );
    Ok(())
}
