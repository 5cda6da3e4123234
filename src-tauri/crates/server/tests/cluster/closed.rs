//! Closed servers, and relays: what a node hands to its people is its own, wherever their room is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use duet_protocol::{ClientMessage, ErrorCode, IceServer, LoginAnswer, ServerMessage};
use duet_server::turn::{OutsideTurn, Secrets, TurnMode};
use duet_server::{AccessKeys, Grant, Role, Server, ServerConfig};

use super::redis_rig::{Redis, node_at};
use crate::cast::{cast_join, cast_open};
use crate::client::{Client, join, leave};
use crate::lobby::login;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn keys() -> AccessKeys {
    AccessKeys::parse(KEY).expect("a key")
}

fn grant() -> Grant {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Grant {
        exp: now.expect("after 1970").as_secs() + 60,
        room_id: None,
        name: None,
        role: None,
    }
}

async fn closed(redis: &Redis, count: usize) -> Vec<Server> {
    let config = ServerConfig {
        access: Some(keys()),
        ..ServerConfig::loopback()
    };
    redis.nodes_with(count, config).await
}

/// The same message with a token.
fn with(grant: Option<&Grant>, mut message: ClientMessage) -> ClientMessage {
    if let ClientMessage::Join { token, .. }
    | ClientMessage::Login { token, .. }
    | ClientMessage::CastOpen { token, .. }
    | ClientMessage::CastJoin { token, .. } = &mut message
    {
        *token = grant.map(|grant| keys().issue(grant));
    }
    message
}

#[tokio::test]
async fn a_token_admits_at_every_node_and_is_said_once() {
    let Some(redis) = Redis::start("cluster::closed::admits").await else {
        return;
    };
    let nodes = closed(&redis, 3).await;
    let named = Grant {
        name: Some("Ann".into()),
        ..grant()
    };
    // Three owners: of the room, of the lobby, of the codes.
    let mut host = Client::connect(&nodes[1]).await;
    host.send(&with(Some(&grant()), join("r", "h"))).await;
    host.expect_joined().await;
    let mut other = Client::connect(&nodes[2]).await;
    other.send(&with(Some(&grant()), login("Bob", "b"))).await;
    other.expect_logged_in().await;
    let mut keeper = Client::connect(&nodes[2]).await;
    keeper
        .send(&with(Some(&grant()), cast_open("k", None)))
        .await;
    let shown = keeper.expect_code().await;
    let mut ann = Client::connect(&nodes[0]).await;
    ann.send(&with(Some(&named), join("r", "a"))).await;
    ann.expect_joined().await;
    let is_ann = |m: &ServerMessage| matches!(m, ServerMessage::NewPeer { name: Some(name), .. } if name == "Ann");
    super::redis_rig::next_that(&mut host, "Ann by her token's name", is_ann).await;
    ann.send(&leave("r", "a")).await;
    let is_leaved = |m: &ServerMessage| matches!(m, ServerMessage::Leaved { .. });
    super::redis_rig::next_that(&mut ann, "left", is_leaved).await;
    // The connection is admitted: another node needs no other token, and knows the name.
    ann.send(&login("Somebody", "a")).await;
    let answer = ann.next().await;
    assert!(
        matches!(answer, ServerMessage::Login(LoginAnswer::Accepted { .. })),
        "{answer:?}"
    );
    let is_ann = |m: &ServerMessage| matches!(m, ServerMessage::Presence(changes) if changes.online.iter().any(|user| user.name == "Ann"));
    super::redis_rig::next_that(&mut other, "Ann in the lobby", is_ann).await;
    ann.send(&cast_join(&shown.code, "a")).await;
    let is_in = |m: &ServerMessage| matches!(m, ServerMessage::Joined { .. });
    super::redis_rig::next_that(&mut ann, "her place at the display", is_in).await;
}

#[tokio::test]
async fn without_a_good_token_no_node_says_what_another_holds() {
    let Some(redis) = Redis::start("cluster::closed::refuses").await else {
        return;
    };
    let nodes = closed(&redis, 2).await;
    let mut inside = Vec::new();
    for uid in ["a", "b"] {
        let mut client = Client::connect(&nodes[1]).await;
        client.send(&with(Some(&grant()), join("full", uid))).await;
        client.expect_joined().await;
        inside.push(client);
    }
    let mut keeper = Client::connect(&nodes[1]).await;
    keeper
        .send(&with(Some(&grant()), cast_open("k", None)))
        .await;
    let shown = keeper.expect_code().await;
    let expired = Grant {
        exp: grant().exp - 120,
        ..grant()
    };
    let display = Grant {
        role: Some(Role::Display),
        ..grant()
    };
    for bad in [None, Some(&expired), Some(&display)] {
        for message in [
            join("full", "c"),
            login("Ann", "c"),
            cast_join(&shown.code, "c"),
        ] {
            let mut client = Client::connect(&nodes[0]).await;
            client.send(&with(bad, message.clone())).await;
            client
                .expect_error(ErrorCode::NotAllowed, message.command())
                .await;
        }
    }
    let elsewhere = Grant {
        room_id: Some("another".into()),
        ..grant()
    };
    let mut client = Client::connect(&nodes[0]).await;
    client
        .send(&with(Some(&elsewhere), join("full", "c")))
        .await;
    client.expect_error(ErrorCode::NotAllowed, "join").await;
}

const TTL: Duration = Duration::from_secs(600);

async fn node_with_relay(redis: &Redis, secret: &str) -> Server {
    let outside = OutsideTurn {
        uris: vec![format!("turn:{secret}.example.org:3478?transport=udp")],
        secret: secret.into(),
        credential_ttl: TTL,
    };
    let config = ServerConfig {
        turn: TurnMode::Outside(outside),
        ..ServerConfig::loopback()
    };
    node_at(&redis.url(), config).await
}

/// The relay of this secret, with a credential of this uid.
fn assert_relay(servers: &[IceServer], secret: &str, uid: &str) {
    assert_eq!(servers.len(), 1, "{servers:?}");
    let host = format!("turn:{secret}.example.org:3478?transport=udp");
    assert_eq!(servers[0].urls, [host]);
    let username = servers[0].username.as_deref().expect("a user name");
    let (expiry, named) = username.split_once(':').expect("two parts");
    assert_eq!(named, uid);
    let made_at = expiry.parse::<u64>().expect("a time") - TTL.as_secs();
    let expected = Secrets::new([secret]).credential(uid, made_at, TTL);
    let expected = expected.expect("a credential").password;
    assert_eq!(servers[0].credential.as_deref(), Some(expected.as_str()));
}

#[tokio::test]
async fn everybody_gets_the_relay_of_their_own_node() {
    let Some(redis) = Redis::start("cluster::closed::relays").await else {
        return;
    };
    let north = node_with_relay(&redis, "north").await;
    let south = node_with_relay(&redis, "south").await;
    let mut host = Client::connect(&north).await;
    host.join("r", "h").await;
    let _bob = Client::logged_in(&north, "Bob", "b").await;
    let mut ann = Client::connect(&south).await;
    ann.send(&join("r", "a")).await;
    match ann.next().await {
        ServerMessage::Joined { ice_servers, .. } => assert_relay(&ice_servers, "south", "a"),
        other => panic!("not joined: {other:?}"),
    }
    ann.send(&login("Ann", "a")).await;
    let is_login = |m: &ServerMessage| matches!(m, ServerMessage::Login(_));
    match super::redis_rig::next_that(&mut ann, "the login", is_login).await {
        ServerMessage::Login(LoginAnswer::Accepted { ice_servers, .. }) => {
            assert_relay(&ice_servers, "south", "a");
        }
        other => panic!("not logged in: {other:?}"),
    }
    ann.send(&ClientMessage::IceServers).await;
    let is_renewal = |m: &ServerMessage| matches!(m, ServerMessage::IceServers { .. });
    match super::redis_rig::next_that(&mut ann, "renewed", is_renewal).await {
        ServerMessage::IceServers { ice_servers } => assert_relay(&ice_servers, "south", "a"),
        other => panic!("not renewed: {other:?}"),
    }
}
