//! A login is kept for whoever asked for it, with its name, and given back to whoever can prove it.

use std::time::Duration;

use duet_protocol::{ClientMessage, ErrorCode, LoginRefusal, ServerMessage};
use duet_server::{Server, ServerConfig, Timing};

use crate::client::{Client, eventually, server_with};
use crate::lobby::{
    LoggedIn, call, login, login_to, login_with_token, quiet_config, quiet_server, user,
};

async fn resumable(server: &Server, name: &str, uid: &str) -> (Client, LoggedIn) {
    let mut client = Client::connect(server).await;
    let logged_in = client.login_resumable(name, uid, None).await;
    (client, logged_in)
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
async fn a_name_is_kept_against_everybody_and_given_back() {
    let server = quiet_server().await;
    let (ann, first) = resumable(&server, "Ann", "a").await;
    break_off(&server, ann).await;
    let mut other = Client::connect(&server).await;
    other.send(&login("ANN", "b")).await;
    other.expect_login_refused(LoginRefusal::NameTaken).await;
    for token in [None, Some(""), Some("0123456789abcdef0123456789abcdef")] {
        other.send(&login_with_token("Ann", "a", token)).await;
        other.expect_error(ErrorCode::UidTaken, "login").await;
    }
    let mut ann = Client::connect(&server).await;
    let second = ann.login_resumable("Ann", "a", Some(&first.token)).await;
    assert!(second.resumed && second.token != first.token);
    assert_eq!(server.stats().logins, 1);
}

#[tokio::test]
async fn a_plain_login_is_over_with_its_connection() {
    let server = quiet_server().await;
    let ann = Client::logged_in(&server, "Ann", "a").await;
    break_off(&server, ann).await;
    assert_eq!(server.stats().logins, 0);
    Client::logged_in(&server, "Ann", "b").await;
}

#[tokio::test]
async fn nobody_is_kept_for_ever() {
    let config = ServerConfig {
        timing: Timing {
            resume_window: Duration::from_millis(300),
            ..quiet_config().timing
        },
        ..quiet_config()
    };
    let server = server_with(config).await;
    let (ann, first) = resumable(&server, "Ann", "a").await;
    break_off(&server, ann).await;
    assert_eq!(server.stats().logins, 1);
    eventually("the name is free", || server.stats().logins == 0).await;
    let mut ann = Client::connect(&server).await;
    let late = ann.login_resumable("Ann", "a", Some(&first.token)).await;
    assert!(!late.resumed);
}

#[tokio::test]
async fn a_used_token_dies_with_the_first_message_and_not_with_the_join_behind_it() {
    let server = quiet_server().await;
    let (ann, first) = resumable(&server, "Ann", "a").await;
    break_off(&server, ann).await;
    // It comes back and joins at once, and loses the answers.
    let mut ann = Client::connect(&server).await;
    ann.send(&login_with_token("Ann", "a", Some(&first.token)))
        .await;
    ann.send(&crate::client::join_with_token("r", "a", None))
        .await;
    ann.expect_logged_in().await;
    let joined = ann.expect_joined().await;
    break_off(&server, ann).await;
    let mut ann = Client::connect(&server).await;
    let third = ann.login_resumable("Ann", "a", Some(&first.token)).await;
    assert!(third.resumed);
    // The place was kept for the same client, and needs no second proof, but takes it.
    let again = ann.join_resumable("r", "a", Some(&joined.token)).await;
    assert!(again.resumed);
    ann.assert_quiet().await;
    break_off(&server, ann).await;
    let mut replay = Client::connect(&server).await;
    replay
        .send(&login_with_token("Ann", "a", Some(&first.token)))
        .await;
    replay.expect_error(ErrorCode::UidTaken, "login").await;
}

#[tokio::test]
async fn coming_back_before_the_break_was_noticed_replaces_the_old_connection() {
    let server = quiet_server().await;
    let (mut old, first) = resumable(&server, "Ann", "a").await;
    let mut bob = Client::logged_in(&server, "Bob", "b").await;
    bob.join("r", "b").await;
    old.join_resumable("r", "a", None).await;
    bob.next().await;
    old.next().await;
    let mut new = Client::connect(&server).await;
    let second = new.login_resumable("Ann", "a", Some(&first.token)).await;
    assert!(second.resumed);
    assert_eq!(second.users, [user("b", "Bob", true)]);
    assert_eq!(old.close_code().await, Some(4003));
    // The place in the room is kept, until it is taken back, with no other proof than the login.
    let away = ServerMessage::PeerAway {
        remote_uid: "a".into(),
    };
    assert_eq!(bob.next().await, away);
    new.send(&crate::client::join("r", "a")).await;
    assert!(new.expect_joined().await.resumed);
    let back = ServerMessage::PeerBack {
        remote_uid: "a".into(),
    };
    assert_eq!(bob.next().await, back);
    bob.assert_quiet().await;
}

#[tokio::test]
async fn coming_back_to_a_room_first_leaves_the_login_kept() {
    let server = quiet_server().await;
    let (mut ann, _first) = resumable(&server, "Ann", "a").await;
    let joined = ann.join_resumable("r", "a", None).await;
    break_off(&server, ann).await;
    let mut ann = Client::connect(&server).await;
    assert!(
        ann.join_resumable("r", "a", Some(&joined.token))
            .await
            .resumed
    );
    // The same client already: its login needs no token.
    assert!(ann.login_resumable("Ann", "a", None).await.resumed);
    assert_eq!(server.stats().logins, 1);
}

#[tokio::test]
async fn a_proven_login_under_another_name_or_elsewhere_is_a_new_one() {
    let server = quiet_server().await;
    let (ann, first) = resumable(&server, "Ann", "a").await;
    let mut bob = Client::logged_in(&server, "Bob", "b").await;
    break_off(&server, ann).await;
    let mut ann = Client::connect(&server).await;
    // A name that is taken changes nothing.
    ann.send(&login_with_token("Bob", "a", Some(&first.token)))
        .await;
    ann.expect_login_refused(LoginRefusal::NameTaken).await;
    let renamed = ann.login_resumable("Anna", "a", Some(&first.token)).await;
    assert!(!renamed.resumed);
    assert_eq!(server.stats().logins, 2);
    bob.send(&login_to("Bob", "b", None)).await;
    assert_eq!(
        bob.expect_logged_in().await.users,
        [user("a", "Anna", false)]
    );
    Client::logged_in(&server, "Ann", "c").await;
}

#[tokio::test]
async fn a_logout_ends_the_right_to_come_back() {
    let server = quiet_server().await;
    let (mut ann, first) = resumable(&server, "Ann", "a").await;
    ann.send(&ClientMessage::Logout).await;
    ann.assert_quiet().await;
    assert_eq!(server.stats().logins, 0);
    break_off(&server, ann).await;
    let mut ann = Client::connect(&server).await;
    let again = ann.login_resumable("Ann", "a", Some(&first.token)).await;
    assert!(!again.resumed);
}

#[tokio::test]
async fn who_is_away_cannot_be_called() {
    let server = quiet_server().await;
    let (ann, _) = resumable(&server, "Ann", "a").await;
    break_off(&server, ann).await;
    let mut bob = Client::connect(&server).await;
    bob.send(&login("Bob", "b")).await;
    assert_eq!(bob.expect_logged_in().await.users, [user("a", "Ann", true)]);
    bob.send(&call("a")).await;
    assert!(matches!(
        bob.next().await,
        ServerMessage::Unavailable { .. }
    ));
}

#[tokio::test]
async fn a_thousand_takeovers_fail() {
    // The exchange alone: the rate limit would make this last a minute over a socket.
    use duet_server::AddressKey;
    use duet_server::exchange::{CastConfig, DirectoryConfig, Exchange};
    use duet_server::rooms::{ConnectionId, Output, RoomsConfig};
    let rooms = RoomsConfig {
        resume_window: Duration::from_secs(120),
        ice_servers: Vec::new(),
        failed_joins_per_minute: 1_000_000,
        max_kept_places_per_address: None,
        max_kept_places: usize::MAX,
    };
    let mut exchange = Exchange::new(rooms, DirectoryConfig::default(), CastConfig::default());
    let (now, wall) = (std::time::Instant::now(), std::time::SystemTime::now());
    let home = AddressKey::from(std::net::Ipv4Addr::LOCALHOST);
    let (ann, thief) = (ConnectionId(1), ConnectionId(2));
    exchange.connected(ann, home);
    exchange.handle(now, wall, ann, login_with_token("Ann", "a", None));
    exchange.connected(thief, home);
    for attempt in 0..1000 {
        if attempt == 500 {
            // Half of them in the gap of a broken connection.
            exchange.broken(now, ann);
        }
        while exchange.poll_output().is_some() {}
        let guess = duet_protocol::generate_token();
        let try_it = match attempt % 4 {
            0 => login("Ann", "t"),
            1 => login_with_token("ann ", "a", Some(&guess)),
            2 => login("Ann", "a"),
            _ => crate::client::join_with_token("r", "a", Some(&guess)),
        };
        exchange.handle(now, wall, thief, try_it);
        let mut answers = 0;
        while let Some(output) = exchange.poll_output() {
            let Output::Send { to, message } = output else {
                panic!("somebody was closed");
            };
            let is_refusal = matches!(
                message,
                ServerMessage::Error { .. }
                    | ServerMessage::Login(duet_protocol::LoginAnswer::Refused(_))
            );
            assert!(to == thief && is_refusal, "{message:?}");
            answers += 1;
        }
        assert_eq!(answers, 1);
    }
    assert_eq!(exchange.counts().logins, 1);
}
