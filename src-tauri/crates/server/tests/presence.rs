//! `presence`: who came, went, is busy or free; together, and only inside the lobby.

use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, Presence, ServerMessage};
use duet_server::Server;

use crate::client::{Client, leave, server};
use crate::lobby::{call, decline, login_to, login_with_token, person, user};

/// Longer than changes are collected.
const A_WHILE: Duration = Duration::from_millis(600);

/// Ann ("a") and Bob ("b"), who have heard of each other.
async fn two(server: &Server) -> (Client, Client) {
    let mut ann = Client::logged_in(server, "Ann", "a").await;
    // So that Ann's coming is not told to Bob, who finds her in his list.
    tokio::time::sleep(A_WHILE).await;
    let bob = Client::logged_in(server, "Bob", "b").await;
    let online = ann.expect_presence().await.online;
    assert_eq!(online, [user("b", "Bob", false)]);
    (ann, bob)
}

fn busy(uid: &str, name: &str) -> Presence {
    Presence {
        busy: vec![user(uid, name, true)],
        ..Presence::default()
    }
}

fn free(uid: &str, name: &str) -> Presence {
    Presence {
        free: vec![user(uid, name, false)],
        ..Presence::default()
    }
}

#[tokio::test]
async fn coming_and_going_are_told_to_the_others() {
    let server = server().await;
    let (mut ann, bob) = two(&server).await;
    drop(bob);
    let offline = Presence {
        offline: vec![user("b", "Bob", false)],
        ..Presence::default()
    };
    assert_eq!(ann.expect_presence().await, offline);
    let mut carl = Client::logged_in(&server, "Carl", "c").await;
    let online = ann.expect_presence().await.online;
    assert_eq!(online, [user("c", "Carl", false)]);
    carl.send(&ClientMessage::Logout).await;
    let gone = ann.expect_presence().await.offline;
    assert_eq!(gone, [user("c", "Carl", false)]);
    // Who is logged out is told nothing.
    Client::logged_in(&server, "Dora", "d").await;
    tokio::time::sleep(A_WHILE).await;
    carl.assert_quiet().await;
}

#[tokio::test]
async fn changes_are_told_together_after_a_quarter_of_a_second() {
    let server = server().await;
    let (mut ann, _bob) = two(&server).await;
    let started = Instant::now();
    let mut crowd = Vec::new();
    for n in 0..10 {
        crowd.push(Client::logged_in(&server, &format!("n{n}"), &format!("u{n}")).await);
    }
    let mut told = 0;
    let mut messages = 0;
    while told < 10 {
        told += ann.expect_presence().await.online.len();
        messages += 1;
    }
    let quarters = started.elapsed().as_millis() / 250 + 1;
    assert!(messages <= quarters, "{messages} in {quarters} quarters");
    tokio::time::sleep(A_WHILE).await;
    ann.assert_quiet().await;
}

#[tokio::test]
async fn a_call_makes_both_busy_and_then_free() {
    let server = server().await;
    let (mut ann, mut bob) = two(&server).await;
    let mut carl = Client::logged_in(&server, "Carl", "c").await;
    for client in [&mut ann, &mut bob] {
        let online = client.expect_presence().await.online;
        assert_eq!(online, [user("c", "Carl", false)]);
    }
    ann.send(&call("b")).await;
    let (call_id, _) = bob.expect_ring(&person("a", "Ann")).await;
    let both = carl.expect_presence().await.busy;
    assert_eq!(both, [user("a", "Ann", true), user("b", "Bob", true)]);
    bob.send(&decline(&call_id)).await;
    let both = carl.expect_presence().await.free;
    assert_eq!(both, [user("a", "Ann", false), user("b", "Bob", false)]);
}

#[tokio::test]
async fn any_room_makes_busy() {
    let server = server().await;
    let (mut ann, mut bob) = two(&server).await;
    bob.join("a-plain-room", "b").await;
    assert_eq!(ann.expect_presence().await, busy("b", "Bob"));
    ann.send(&call("b")).await;
    assert!(matches!(ann.next().await, ServerMessage::Busy { .. }));
    bob.send(&leave("a-plain-room", "b")).await;
    assert_eq!(ann.expect_presence().await, free("b", "Bob"));
}

#[tokio::test]
async fn who_is_away_is_busy_until_they_are_back() {
    let server = server().await;
    let mut ann = Client::logged_in(&server, "Ann", "a").await;
    let mut bob = Client::connect(&server).await;
    let first = bob.login_resumable("Bob", "b", None).await;
    ann.expect_presence().await;
    drop(bob);
    assert_eq!(ann.expect_presence().await, busy("b", "Bob"));
    let mut bob = Client::connect(&server).await;
    bob.send(&login_with_token("Bob", "b", Some(&first.token)))
        .await;
    assert!(bob.expect_logged_in().await.resumed);
    assert_eq!(ann.expect_presence().await, free("b", "Bob"));
}

#[tokio::test]
async fn nothing_of_a_lobby_is_seen_outside_it() {
    let server = server().await;
    let mut spy = Client::connect(&server).await;
    spy.send(&login_to("Spy", "s", Some("elsewhere"))).await;
    assert!(spy.expect_logged_in().await.users.is_empty());
    let (mut ann, mut bob) = two(&server).await;
    ann.send(&call("b")).await;
    let (call_id, _) = ann.expect_ringing().await;
    bob.expect_ring(&person("a", "Ann")).await;
    tokio::time::sleep(A_WHILE).await;
    spy.assert_quiet().await;
    // To somebody elsewhere, those who are there and those who are nowhere are alike.
    let mut answers = Vec::new();
    for to in ["a", "nobody"] {
        spy.send(&call(to)).await;
        answers.push(spy.next_text().await);
        spy.send_text(&format!(
            r#"{{"cmd":"message","to":"{to}","content":"hi","id":"1"}}"#
        ))
        .await;
        answers.push(spy.next_text().await);
    }
    assert_eq!(answers[..2], answers[2..]);
    let mut strange = Vec::new();
    for id in [call_id.as_str(), "no-call"] {
        for word in ["accept", "decline", "cancel"] {
            spy.send_text(&format!(r#"{{"cmd":"{word}","callId":"{id}"}}"#))
                .await;
            strange.push(spy.next_text().await.replace(id, "?"));
        }
    }
    assert_eq!(strange[..3], strange[3..]);
}
