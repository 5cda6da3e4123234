//! Relays for the tests, on this machine.

use std::net::SocketAddr;
use std::time::Duration;

use duet_peer::{IcePolicy, PeerConfig};
use duet_protocol::IceServer;
use duet_server::turn::{Now, PeerPolicy, Secrets, TurnConfig, TurnMode};
use duet_server::{Server, ServerConfig};

use crate::common::loopback;

pub(crate) const SECRET: &str = "known to the relays of tests";

/// Our own, which may reach this machine: there is no other one in a test.
pub(crate) async fn own_relay() -> Server {
    let turn = TurnConfig {
        secrets: vec![SECRET.to_owned()],
        peers: PeerPolicy {
            allow_private: false,
            allow_same_host: true,
        },
        ..TurnConfig::new(vec![SocketAddr::from(([127, 0, 0, 1], 0))])
    };
    let config = ServerConfig {
        turn: TurnMode::BuiltIn(turn),
        ..ServerConfig::loopback()
    };
    Server::bind(config).await.expect("free ports")
}

/// With a credential of its own for each person.
pub(crate) fn ice_server(urls: Vec<String>, person: &str) -> IceServer {
    let credential = Secrets::new([SECRET]).credential(
        person,
        Now::from_clocks().unix_s,
        Duration::from_secs(60),
    );
    let credential = credential.expect("there is a secret");
    IceServer {
        urls,
        username: Some(credential.username),
        credential: Some(credential.password),
    }
}

/// Somebody who may use these relays only.
pub(crate) fn relay_only(urls: &[String], person: &str) -> PeerConfig {
    PeerConfig {
        ice_policy: IcePolicy::Relay,
        ice_servers: vec![ice_server(urls.to_vec(), person)],
        ..loopback()
    }
}
