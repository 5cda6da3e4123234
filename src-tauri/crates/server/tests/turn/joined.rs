//! What `joined` says of the relay, and that it is true.

use duet_protocol::{IceServer, LoginAnswer, ServerMessage};
use duet_server::turn::{Credential, OutsideTurn, TurnConfig, TurnMode};
use duet_server::{Server, ServerConfig};

use super::dialogue::{Dialogue, unix_now_s};
use super::network::{Phone, turn_config, turn_server};
use crate::client::{Client, join, server_with};

async fn ice_servers(server: &Server, uid: &str) -> Vec<IceServer> {
    let mut client = Client::connect(server).await;
    client.send(&join("r", uid)).await;
    match client.next().await {
        ServerMessage::Joined { ice_servers, .. } => ice_servers,
        other => panic!("not joined: {other:?}"),
    }
}

/// For a relay among the servers that a client was told.
pub(crate) fn credential_of(server: &IceServer) -> Credential {
    Credential {
        username: server.username.clone().expect("a user name"),
        password: server.credential.clone().expect("a password"),
    }
}

#[tokio::test]
async fn the_credential_of_joined_opens_the_relay() {
    let server = turn_server(TurnConfig {
        secrets: Vec::new(),
        ..turn_config()
    })
    .await;
    let servers = ice_servers(&server, "mira").await;
    let at = server.turn_addrs()[0];
    assert_eq!(servers[0].urls, [format!("stun:{at}")]);
    let turn = ["udp", "tcp"].map(|transport| format!("turn:{at}?transport={transport}"));
    assert_eq!(servers[1].urls, turn);
    let credential = credential_of(&servers[1]);
    let (expiry, uid) = credential.username.split_once(':').expect("two parts");
    let left_s = expiry.parse::<u64>().expect("a time") - unix_now_s();
    assert!(
        (590..=600).contains(&left_s) && uid == "mira",
        "{left_s} {uid}"
    );
    let mut phone = Phone::at(at, Dialogue::new(credential)).await;
    phone.allocate().await.expect("a relay");
}

#[tokio::test]
async fn everybody_gets_their_own() {
    let server = turn_server(turn_config()).await;
    let mira = ice_servers(&server, "mira").await;
    let noah = ice_servers(&server, "noah").await;
    assert_ne!(mira[1].credential, noah[1].credential);
}

#[tokio::test]
async fn a_changed_secret_is_in_the_next_joined() {
    let server = turn_server(turn_config()).await;
    let before = credential_of(&ice_servers(&server, "mira").await[1]);
    let secrets = ["south".to_owned(), "north".to_owned()];
    server.set_turn_secrets(&secrets).expect("two secrets");
    let after = credential_of(&ice_servers(&server, "mira").await[1]);
    assert_ne!(before.password, after.password);
    for credential in [before.clone(), after.clone()] {
        let mut phone = Phone::at(server.turn_addrs()[0], Dialogue::new(credential)).await;
        phone.allocate().await.expect("a relay");
    }
    server.set_turn_secrets(&secrets[..1]).expect("one secret");
    let mut phone = Phone::at(server.turn_addrs()[0], Dialogue::new(before)).await;
    assert_eq!(phone.allocate().await, Err(401));
    assert!(server.set_turn_secrets(&[]).is_err());
}

#[tokio::test]
async fn an_outside_relay_gets_credentials_and_nothing_listens_here() {
    let outside = OutsideTurn {
        uris: vec!["turn:t.example.org:3478?transport=udp".into()],
        secret: "north".into(),
        credential_ttl: std::time::Duration::from_secs(60),
    };
    let server = server_with(ServerConfig {
        turn: TurnMode::Outside(outside),
        ..ServerConfig::loopback()
    })
    .await;
    assert!(server.turn_addrs().is_empty());
    let servers = ice_servers(&server, "mira").await;
    assert_eq!(servers.len(), 1);
    assert_eq!(servers[0].urls, ["turn:t.example.org:3478?transport=udp"]);
    let username = servers[0].username.as_deref().expect("a user name");
    assert!(username.ends_with(":mira"));
}

#[tokio::test]
async fn a_server_inside_another_program_has_no_relay() {
    let server = server_with(ServerConfig::loopback()).await;
    assert!(server.turn_addrs().is_empty());
    assert!(ice_servers(&server, "mira").await.is_empty());
}

#[tokio::test]
async fn a_taken_port_stops_only_those_who_asked_for_it() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let listen = vec![taken.local_addr().expect("bound")];
    let asked = ServerConfig {
        turn: TurnMode::BuiltIn(TurnConfig::new(listen.clone())),
        ..ServerConfig::loopback()
    };
    assert!(Server::bind(asked).await.is_err());
    let by_default = TurnConfig {
        is_required: false,
        ..TurnConfig::new(listen)
    };
    let server = server_with(ServerConfig {
        turn: TurnMode::BuiltIn(by_default),
        ..ServerConfig::loopback()
    })
    .await;
    assert!(ice_servers(&server, "mira").await.is_empty());
}

#[tokio::test]
async fn a_login_and_a_renewal_bring_a_credential_too() {
    let server = turn_server(turn_config()).await;
    let mut client = Client::connect(&server).await;
    let login = r#"{"cmd":"login","name":"Mira","uid":"mira"}"#;
    client.send_text(login).await;
    let at_login = match client.next().await {
        ServerMessage::Login(LoginAnswer::Accepted { ice_servers, .. }) => ice_servers,
        other => panic!("not logged in: {other:?}"),
    };
    client.send_text(r#"{"cmd":"ice-servers"}"#).await;
    let renewed = match client.next().await {
        ServerMessage::IceServers { ice_servers } => ice_servers,
        other => panic!("no servers: {other:?}"),
    };
    for servers in [at_login, renewed] {
        let mut phone = Phone::at(
            server.turn_addrs()[0],
            Dialogue::new(credential_of(&servers[1])),
        )
        .await;
        phone.allocate().await.expect("a relay");
    }
}
