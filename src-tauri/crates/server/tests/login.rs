//! `login`: one name, one holder; who is listed for whom.

use duet_protocol::limits::LOBBY_PLACES;
use duet_protocol::{
    ClientMessage, ErrorCode, IceServer, LoginAnswer, LoginRefusal, ServerMessage,
};
use duet_server::ServerConfig;

use crate::client::{Client, eventually, join, server_with};
use crate::lobby::{login, login_to, quiet_config, quiet_server, user};

#[tokio::test]
async fn the_answer_lists_the_others_and_carries_ice_servers() {
    let stun = IceServer {
        urls: vec!["stun:s.example.org".into()],
        username: None,
        credential: None,
    };
    let config = ServerConfig {
        ice_servers: vec![stun.clone()],
        ..quiet_config()
    };
    let server = server_with(config).await;
    let _bob = Client::logged_in(&server, "Bob", "b").await;
    let mut ann = Client::connect(&server).await;
    ann.send(&login(" Ann ", "a")).await;
    match ann.next().await {
        ServerMessage::Login(LoginAnswer::Accepted {
            uid,
            users,
            ice_servers,
            resumed,
            ..
        }) => {
            assert_eq!((uid.as_str(), resumed), ("a", false));
            assert_eq!(users, [user("b", "Bob", false)]);
            assert_eq!(ice_servers, vec![stun.clone()]);
        }
        other => panic!("not logged in: {other:?}"),
    }
    ann.send(&ClientMessage::IceServers).await;
    let renewed = ServerMessage::IceServers {
        ice_servers: vec![stun],
    };
    assert_eq!(ann.next().await, renewed);
    let mut nobody = Client::connect(&server).await;
    nobody.send(&ClientMessage::IceServers).await;
    nobody
        .expect_error(ErrorCode::NotAllowed, "ice-servers")
        .await;
}

#[tokio::test]
async fn a_taken_name_is_refused_however_it_is_spelled() {
    let server = quiet_server().await;
    let mut ann = Client::logged_in(&server, "Ann Lee", "a").await;
    let mut second = Client::connect(&server).await;
    for name in ["Ann Lee", " ann  LEE ", "ann-lee", "Ann\u{200b} Lee"] {
        second.send(&login(name, "b")).await;
        second.expect_login_refused(LoginRefusal::NameTaken).await;
    }
    ann.assert_quiet().await;
    // A refusal binds nothing: another name, and even another uid, may be tried.
    second.send(&login("Ann Leo", "c")).await;
    assert_eq!(second.expect_logged_in().await.users.len(), 1);
}

#[tokio::test]
async fn the_same_name_is_free_in_another_lobby() {
    let server = quiet_server().await;
    let _ann = Client::logged_in(&server, "Ann", "a").await;
    let mut other = Client::connect(&server).await;
    other.send(&login_to("Ann", "b", Some("office"))).await;
    assert!(other.expect_logged_in().await.users.is_empty());
    // Lobbies are compared like rooms.
    let mut third = Client::connect(&server).await;
    third.send(&login_to("Ann", "c", Some(" OFFICE "))).await;
    third.expect_login_refused(LoginRefusal::NameTaken).await;
}

#[tokio::test]
async fn a_name_that_cannot_be_is_refused_and_is_no_fault() {
    let server = quiet_server().await;
    let mut ann = Client::connect(&server).await;
    let long = "x".repeat(65);
    for name in ["", " ", "a\u{7}", "\u{202e}ann", "\u{200b}\u{2800}", &long]
        .iter()
        .cycle()
        .take(24)
    {
        ann.send(&login(name, "a")).await;
        ann.expect_login_refused(LoginRefusal::NameInvalid).await;
    }
    ann.send(&login("Ann", "a")).await;
    ann.expect_logged_in().await;
}

#[tokio::test]
async fn a_lobby_holds_two_hundred() {
    let config = ServerConfig {
        max_connections_per_address: None,
        ..quiet_config()
    };
    let server = server_with(config).await;
    let mut people = Vec::new();
    for n in 0..LOBBY_PLACES {
        people.push(Client::logged_in(&server, &format!("n{n}"), &format!("u{n}")).await);
    }
    let mut late = Client::connect(&server).await;
    late.send(&login("late", "late")).await;
    late.expect_login_refused(LoginRefusal::LobbyFull).await;
    people.pop();
    eventually("one is gone", || server.stats().logins == LOBBY_PLACES - 1).await;
    late.send(&login("late", "late")).await;
    assert_eq!(late.expect_logged_in().await.users.len(), LOBBY_PLACES - 1);
}

#[tokio::test]
async fn the_same_login_again_is_confirmed_and_another_needs_a_logout() {
    let server = quiet_server().await;
    let mut ann = Client::logged_in(&server, "Ann", "a").await;
    ann.send(&login("ann", "a")).await;
    assert!(!ann.expect_logged_in().await.resumed);
    assert_eq!(server.stats().logins, 1);
    for other in [login("Anna", "a"), login_to("Ann", "a", Some("office"))] {
        ann.send(&other).await;
        ann.expect_error(ErrorCode::AlreadyInRoom, "login").await;
    }
    ann.send(&ClientMessage::Logout).await;
    ann.send(&login("Anna", "a")).await;
    ann.expect_logged_in().await;
    // The old name is free.
    Client::logged_in(&server, "Ann", "b").await;
}

#[tokio::test]
async fn one_connection_logs_in_and_joins_with_one_uid() {
    let server = quiet_server().await;
    let mut ann = Client::logged_in(&server, "Ann", "a").await;
    ann.send(&join("r", "z")).await;
    ann.expect_error(ErrorCode::UidMismatch, "join").await;
    assert_eq!(ann.join("r", "a").await.user_num, 1);
    let mut bob = Client::connect(&server).await;
    bob.join("s", "b").await;
    bob.send(&login("Bob", "z")).await;
    bob.expect_error(ErrorCode::UidMismatch, "login").await;
    bob.send(&login("Bob", "b")).await;
    bob.expect_logged_in().await;
    // The uid of either is taken for everybody else, for both.
    let mut thief = Client::connect(&server).await;
    thief.send(&login("Thief", "a")).await;
    thief.expect_error(ErrorCode::UidTaken, "login").await;
    thief.send(&join("t", "b")).await;
    thief.expect_error(ErrorCode::UidTaken, "join").await;
}

#[tokio::test]
async fn the_name_in_a_room_is_the_name_of_the_login() {
    let server = quiet_server().await;
    let mut bob = Client::connect(&server).await;
    bob.join("r", "b").await;
    let mut ann = Client::logged_in(&server, "Ann", "a").await;
    ann.send(&ClientMessage::Join {
        room_id: "r".into(),
        uid: "a".into(),
        name: Some("Bob's boss".into()),
        resume: false,
        resume_token: None,
        token: None,
    })
    .await;
    ann.expect_joined().await;
    let introduced = ServerMessage::NewPeer {
        remote_uid: "a".into(),
        name: Some("Ann".into()),
    };
    assert_eq!(bob.next().await, introduced);
}

#[tokio::test]
async fn logins_that_fail_are_budgeted_with_the_joins() {
    let config = ServerConfig {
        failed_joins_per_minute: 3,
        ..quiet_config()
    };
    let server = server_with(config).await;
    let mut ann = Client::logged_in(&server, "Ann", "a").await;
    let mut thief = Client::connect(&server).await;
    thief.send(&login("Ann", "b")).await;
    thief.expect_login_refused(LoginRefusal::NameTaken).await;
    thief.send(&login("Bob", "a")).await;
    thief.expect_error(ErrorCode::UidTaken, "login").await;
    thief.send(&join("r", "a")).await;
    thief.expect_error(ErrorCode::UidTaken, "join").await;
    thief.send(&login("Bob", "b")).await;
    thief.expect_error(ErrorCode::RateLimited, "login").await;
    // Who is in is confirmed all the same.
    ann.send(&login("Ann", "a")).await;
    ann.expect_logged_in().await;
}
