//! A relay that comes and goes while the server runs: what an application does that lets its network in.

use std::net::SocketAddr;

use duet_server::turn::{PeerPolicy, TurnConfig};
use duet_server::{Server, ServerConfig};

use super::network::{Phone, turn_config};

#[tokio::test]
async fn a_relay_can_be_opened_and_closed() {
    let server = Server::bind(ServerConfig::loopback())
        .await
        .expect("free ports");
    assert!(server.turn_addrs().is_empty());
    for _ in 0..2 {
        server.open_relay(&turn_config()).expect("a free port");
        let mut phone = Phone::new(&server, "mira").await;
        phone.allocate().await.expect("a relay");
        assert_eq!(server.stats().turn.allocations, 1);
        server.close_relay();
        assert!(server.turn_addrs().is_empty());
        assert_eq!(server.stats().turn.allocations, 0);
    }
}

#[tokio::test]
async fn settings_that_cannot_be_change_nothing() {
    let server = Server::bind(ServerConfig::loopback())
        .await
        .expect("free ports");
    server.open_relay(&turn_config()).expect("a free port");
    let before = server.turn_addrs();
    let elsewhere = SocketAddr::from(([192, 0, 2, 1], 0));
    let unusable = TurnConfig {
        peers: PeerPolicy::default(),
        ..TurnConfig::new(vec![elsewhere])
    };
    assert!(server.open_relay(&unusable).is_err());
    assert_eq!(server.turn_addrs(), before);
}
