//! Two who may use relays only, with nothing set but the server: its `joined` names the relay.

use std::net::SocketAddr;

use duet_engine::{IcePolicy, PathConfig};
use duet_server::turn::{TurnConfig, TurnMode};
use duet_server::{Server, ServerConfig};

use crate::common::{Person, in_a_call};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_through_the_relay_of_its_server() {
    let listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
    let config = ServerConfig {
        turn: TurnMode::BuiltIn(TurnConfig::new(listen)),
        ..ServerConfig::loopback()
    };
    let server = Server::bind(config).await.expect("free ports");
    let (mut ana, mut ben) = (Person::new(&server), Person::new(&server));
    for person in [&ana, &ben] {
        let path = PathConfig {
            ice_policy: IcePolicy::Relay,
            ..PathConfig::default()
        };
        person.endpoint.set_path(path).await.expect("runs");
    }
    in_a_call(&mut ana, &mut ben).await;
    for person in [&ana, &ben] {
        person.sees_more().await;
        person
            .measures("a relayed path", |figures| {
                let path = figures.path.as_ref();
                path.is_some_and(|path| path.local.as_deref() == Some("relay"))
            })
            .await;
    }
    let turn = server.stats().turn;
    assert!(
        turn.allocations >= 2 && turn.packets_from_clients > 100,
        "{turn:?}"
    );
}
