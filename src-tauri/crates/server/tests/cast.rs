//! A display shows a code, a presenter types it, and both are in a room that nobody else finds.

use std::time::Duration;

use duet_protocol::{CastRole, ClientMessage, ErrorCode, LeaveReason, ServerMessage};
use duet_server::{Server, ServerConfig, Timing};

use crate::client::{
    Client, eventually, forward, join, join_with_token, leave, server, server_with,
};
use crate::lobby::login;

/// What a `cast-code` said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) code: String,
    pub(crate) room: String,
    pub(crate) token: String,
}

pub(crate) fn cast_open(uid: &str, token: Option<&str>) -> ClientMessage {
    ClientMessage::CastOpen {
        uid: uid.into(),
        name: Some("Wall".into()),
        resume: true,
        resume_token: token.map(str::to_owned),
        token: None,
    }
}

pub(crate) fn cast_join(code: &str, uid: &str) -> ClientMessage {
    ClientMessage::CastJoin {
        code: code.into(),
        uid: uid.into(),
        name: Some("Ann".into()),
        resume: true,
        token: None,
    }
}

impl Client {
    pub(crate) async fn expect_code(&mut self) -> Shown {
        match self.next().await {
            ServerMessage::CastCode {
                code,
                room_id,
                expires_in,
                resume_token,
            } => {
                assert_eq!(expires_in, 120);
                Shown {
                    code,
                    room: room_id,
                    token: resume_token.expect("a token in every cast-code"),
                }
            }
            other => panic!("not a code: {other:?}"),
        }
    }

    /// The next code, however long it is good.
    pub(crate) async fn next_cast_code(&mut self) -> String {
        match self.next().await {
            ServerMessage::CastCode { code, .. } => code,
            other => panic!("not a code: {other:?}"),
        }
    }

    /// The token of a `joined` that says this role.
    pub(crate) async fn expect_role(&mut self, expected: CastRole) -> String {
        match self.next().await {
            ServerMessage::Joined {
                role,
                user_num,
                resume_token,
                ..
            } => {
                assert_eq!((role, user_num), (Some(expected), 2));
                resume_token.expect("a token in every joined")
            }
            other => panic!("not joined: {other:?}"),
        }
    }
}

async fn display(server: &Server, uid: &str) -> (Client, Shown) {
    let mut client = Client::connect(server).await;
    client.send(&cast_open(uid, None)).await;
    let shown = client.expect_code().await;
    (client, shown)
}

/// Display "d" and presenter "p" in their room, everything read: their tokens, and the room.
async fn casting(server: &Server) -> ((Client, String), (Client, String), Shown) {
    let (mut display, shown) = display(server, "d").await;
    let mut presenter = Client::connect(server).await;
    presenter.send(&cast_join(&shown.code, "p")).await;
    let presenting = presenter.expect_role(CastRole::Presenter).await;
    let showing = display.expect_role(CastRole::Display).await;
    // The presenter is told what the one who offers is told.
    let new_peer = ServerMessage::NewPeer {
        remote_uid: "d".into(),
        name: Some("Wall".into()),
    };
    let resp_join = ServerMessage::RespJoin {
        remote_uid: "p".into(),
        name: Some("Ann".into()),
    };
    assert_eq!(presenter.next().await, new_peer);
    assert_eq!(display.next().await, resp_join);
    ((display, showing), (presenter, presenting), shown)
}

/// Breaks the connection, and waits until the server knows.
async fn break_off(server: &Server, client: Client) {
    let before = server.stats().connections;
    drop(client);
    eventually("the break is noticed", || {
        server.stats().connections < before
    })
    .await;
}

#[tokio::test]
async fn a_code_brings_the_two_together_and_is_used_up() {
    let server = server().await;
    let ((mut display, _), (mut presenter, _), shown) = casting(&server).await;
    let offer = forward(&shown.room, "p", "d", "{}");
    presenter.send(&ClientMessage::Offer(offer.clone())).await;
    assert_eq!(display.next().await, ServerMessage::Offer(offer));
    let mut late = Client::connect(&server).await;
    late.send(&cast_join(&shown.code, "q")).await;
    late.expect_error(ErrorCode::CastRefused, "cast-join").await;
    assert_eq!(server.stats().displays, 0);
}

#[tokio::test]
async fn a_code_is_found_however_it_is_typed() {
    let server = server().await;
    let (mut display, shown) = display(&server, "d").await;
    let typed = shown
        .code
        .to_lowercase()
        .replace('-', " ")
        .replace('0', "o")
        .replace('1', "l");
    let mut presenter = Client::connect(&server).await;
    presenter.send(&cast_join(&typed, "p")).await;
    presenter.expect_role(CastRole::Presenter).await;
    display.expect_role(CastRole::Display).await;
}

#[tokio::test]
async fn nobody_joins_the_room_of_a_cast_by_its_name() {
    let server = server().await;
    let (mut display, shown) = display(&server, "d").await;
    let mut stranger = Client::connect(&server).await;
    stranger.send(&join(&shown.room, "s")).await;
    stranger.expect_error(ErrorCode::NotAllowed, "join").await;
    display.send(&join(&shown.room, "d")).await;
    display.expect_error(ErrorCode::NotAllowed, "join").await;
    let ((_display, _), (mut presenter, _), shown) = {
        drop(display);
        eventually("the display is gone", || server.stats().displays == 0).await;
        casting(&server).await
    };
    stranger.send(&join(&shown.room, "s")).await;
    stranger.expect_error(ErrorCode::NotAllowed, "join").await;
    // Not even one who was in it and left.
    presenter.send(&leave(&shown.room, "p")).await;
    assert!(matches!(
        presenter.next().await,
        ServerMessage::Leaved { .. }
    ));
    presenter.send(&join(&shown.room, "p")).await;
    presenter.expect_error(ErrorCode::NotAllowed, "join").await;
}

#[tokio::test]
async fn both_come_back_to_their_places() {
    let server = server().await;
    let ((display, showing), (mut presenter, presenting), shown) = casting(&server).await;
    break_off(&server, display).await;
    let away = |uid: &str| ServerMessage::PeerAway {
        remote_uid: uid.into(),
    };
    let back = |uid: &str| ServerMessage::PeerBack {
        remote_uid: uid.into(),
    };
    assert_eq!(presenter.next().await, away("d"));
    let mut display = Client::connect(&server).await;
    display.send(&join_with_token(&shown.room, "d", None)).await;
    display.expect_error(ErrorCode::UidTaken, "join").await;
    display
        .send(&join_with_token(&shown.room, "d", Some(&showing)))
        .await;
    display.expect_role(CastRole::Display).await;
    assert!(matches!(
        display.next().await,
        ServerMessage::RespJoin { .. }
    ));
    assert_eq!(presenter.next().await, back("d"));
    break_off(&server, presenter).await;
    assert_eq!(display.next().await, away("p"));
    let mut presenter = Client::connect(&server).await;
    presenter
        .send(&join_with_token(&shown.room, "p", Some(&presenting)))
        .await;
    presenter.expect_role(CastRole::Presenter).await;
    assert!(matches!(
        presenter.next().await,
        ServerMessage::NewPeer { .. }
    ));
    assert_eq!(display.next().await, back("p"));
}

#[tokio::test]
async fn a_display_that_never_heard_of_its_presenter_comes_back_with_its_code() {
    let server = server().await;
    let (display, shown) = display(&server, "d").await;
    let mut presenter = Client::connect(&server).await;
    presenter.send(&cast_join(&shown.code, "p")).await;
    presenter.expect_role(CastRole::Presenter).await;
    break_off(&server, display).await;
    let mut display = Client::connect(&server).await;
    display.send(&cast_open("d", None)).await;
    display.expect_error(ErrorCode::UidTaken, "cast-open").await;
    display.send(&cast_open("d", Some(&shown.token))).await;
    display.expect_role(CastRole::Display).await;
    assert!(matches!(
        display.next().await,
        ServerMessage::RespJoin { .. }
    ));
}

#[tokio::test]
async fn a_display_that_comes_back_before_the_break_was_noticed_shows_another_code() {
    let server = server().await;
    let (mut old, first) = display(&server, "d").await;
    let mut new = Client::connect(&server).await;
    new.send(&cast_open("d", Some(&first.token))).await;
    let second = new.expect_code().await;
    assert_eq!(old.close_code().await, Some(4003));
    assert_ne!(second.code, first.code);
    let mut presenter = Client::connect(&server).await;
    presenter.send(&cast_join(&first.code, "p")).await;
    presenter
        .expect_error(ErrorCode::CastRefused, "cast-join")
        .await;
    presenter.send(&cast_join(&second.code, "p")).await;
    presenter.expect_role(CastRole::Presenter).await;
}

/// Codes that are renewed before a test gets tired of waiting.
fn brief_codes() -> ServerConfig {
    ServerConfig {
        timing: Timing {
            cast_code_lifetime: Duration::from_millis(300),
            ..Timing::default()
        },
        ..ServerConfig::loopback()
    }
}

/// A display that has shown this many codes, one after the other.
async fn display_with_codes(server: &Server, count: usize) -> (Client, Vec<String>) {
    let mut display = Client::connect(server).await;
    display.send(&cast_open("d", None)).await;
    let mut codes = Vec::new();
    for _ in 0..count {
        codes.push(display.next_cast_code().await);
    }
    (display, codes)
}

#[tokio::test]
async fn a_code_is_renewed_until_it_is_used() {
    let server = server_with(brief_codes()).await;
    let (_display, mut codes) = display_with_codes(&server, 3).await;
    let mut presenter = Client::connect(&server).await;
    presenter.send(&cast_join(&codes[0], "p")).await;
    presenter
        .expect_error(ErrorCode::CastRefused, "cast-join")
        .await;
    codes.dedup();
    assert_eq!(codes.len(), 3);
}

#[tokio::test]
async fn a_code_dies_with_its_display() {
    let server = server().await;
    let (mut leaving, left) = display(&server, "d").await;
    leaving.send(&leave(&left.room, "d")).await;
    let confirmed = ServerMessage::Leaved { room_id: left.room };
    assert_eq!(leaving.next().await, confirmed);
    let (broken, lost) = display(&server, "e").await;
    break_off(&server, broken).await;
    let (mut joining, other) = display(&server, "f").await;
    joining.join("r", "f").await;
    let mut presenter = Client::connect(&server).await;
    for code in [left.code, lost.code, other.code] {
        presenter.send(&cast_join(&code, "p")).await;
        presenter
            .expect_error(ErrorCode::CastRefused, "cast-join")
            .await;
    }
    assert_eq!(server.stats().displays, 0);
}

#[tokio::test]
async fn who_is_left_hears_of_it() {
    let server = server().await;
    let ((mut display, _), (mut presenter, _), shown) = casting(&server).await;
    presenter.send(&leave(&shown.room, "p")).await;
    let gone = ServerMessage::PeerLeave {
        remote_uid: "p".into(),
        reason: LeaveReason::Left,
    };
    assert_eq!(display.next().await, gone);
    display.send(&leave(&shown.room, "d")).await;
    assert!(matches!(display.next().await, ServerMessage::Leaved { .. }));
    // The same display again, with another code.
    display.send(&cast_open("d", None)).await;
    assert_ne!(display.expect_code().await.room, shown.room);
}

#[tokio::test]
async fn a_connection_casts_as_nobody_else_and_in_one_room() {
    let server = server().await;
    let (mut display, shown) = display(&server, "d").await;
    display.send(&cast_open("e", None)).await;
    display
        .expect_error(ErrorCode::UidMismatch, "cast-open")
        .await;
    // One's own code is no code.
    display.send(&cast_join(&shown.code, "d")).await;
    display
        .expect_error(ErrorCode::CastRefused, "cast-join")
        .await;
    let mut other = Client::connect(&server).await;
    other.send(&cast_open("d", Some("guessed"))).await;
    other.expect_error(ErrorCode::UidTaken, "cast-open").await;
    other.send(&cast_join(&shown.code, "d")).await;
    other.expect_error(ErrorCode::UidTaken, "cast-join").await;
    other.join("r", "o").await;
    for message in [cast_open("o", None), cast_join(&shown.code, "o")] {
        other.send(&message).await;
        other
            .expect_error(ErrorCode::AlreadyInRoom, message.command())
            .await;
    }
}

#[tokio::test]
async fn who_is_logged_in_may_cast_and_is_busy_then() {
    let server = server_with(crate::lobby::quiet_config()).await;
    let (mut display, shown) = display(&server, "d").await;
    let mut ann = Client::logged_in(&server, "Ann", "a").await;
    ann.send(&cast_join(&shown.code, "a")).await;
    ann.expect_role(CastRole::Presenter).await;
    display.expect_role(CastRole::Display).await;
    let mut bob = Client::connect(&server).await;
    bob.send(&login("Bob", "b")).await;
    let users = bob.expect_logged_in().await.users;
    assert!(users[0].busy);
}

#[tokio::test]
async fn five_wrong_codes_in_a_minute_are_enough() {
    let server = server().await;
    let (mut display, shown) = display(&server, "d").await;
    let mut guesser = Client::connect(&server).await;
    for code in ["0000-0000", "what is this", "", "00000001", "0000-0000"] {
        guesser.send(&cast_join(code, "g")).await;
        guesser
            .expect_error(ErrorCode::CastRefused, "cast-join")
            .await;
    }
    // The address is out of tries, whoever comes from it, and the right code is not looked at.
    let mut other = Client::connect(&server).await;
    other.send(&cast_join(&shown.code, "p")).await;
    other
        .expect_error(ErrorCode::RateLimited, "cast-join")
        .await;
    display.assert_quiet().await;
    // Rooms are not affected.
    other.join("r", "p").await;
}

/// Whoever tries codes learns from the answer that this one is not good now, and nothing else.
#[tokio::test]
async fn wrong_used_and_expired_codes_are_answered_alike() {
    let config = ServerConfig {
        cast_guesses_per_minute: 100,
        ..brief_codes()
    };
    let server = server_with(config).await;
    let (_display, codes) = display_with_codes(&server, 2).await;
    let mut presenter = Client::connect(&server).await;
    presenter.send(&cast_join(&codes[1], "p")).await;
    presenter.expect_role(CastRole::Presenter).await;
    let mut guesser = Client::connect(&server).await;
    let mut answers = Vec::new();
    let (expired, used) = (&*codes[0], &*codes[1]);
    for code in ["0000-0000", "no code at all", "", expired, used] {
        guesser.send(&cast_join(code, "g")).await;
        answers.push(guesser.next_text().await);
    }
    assert!(answers[0].contains("cast-refused"), "{}", answers[0]);
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn everybody_together_has_a_budget_too() {
    let config = ServerConfig {
        cast_guesses_per_minute: 100,
        cast_guesses_per_minute_overall: 3,
        ..ServerConfig::loopback()
    };
    let server = server_with(config).await;
    let mut guesser = Client::connect(&server).await;
    for _ in 0..3 {
        guesser.send(&cast_join("0000-0000", "g")).await;
        guesser
            .expect_error(ErrorCode::CastRefused, "cast-join")
            .await;
    }
    guesser.send(&cast_join("0000-0000", "g")).await;
    guesser
        .expect_error(ErrorCode::RateLimited, "cast-join")
        .await;
}
