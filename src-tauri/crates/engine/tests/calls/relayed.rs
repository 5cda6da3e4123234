//! Two who may use relays only, with nothing set but the server: its `joined` names the relay.

use std::net::SocketAddr;
use std::time::Duration;

use duet_engine::{IcePolicy, PathConfig};
use duet_protocol::IceServer;
use duet_server::turn::{OutsideTurn, TurnConfig, TurnMode};
use duet_server::{Server, ServerConfig};
use duet_testkit::coturn_rig::{COTURN, CoturnRig};
use duet_testkit::skip;

use crate::common::{Person, in_a_call};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_through_the_relay_of_its_server() {
    let listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
    let server = server(TurnMode::BuiltIn(TurnConfig::new(listen))).await;
    relayed_call(&server).await;
    let turn = server.stats().turn;
    assert!(
        turn.allocations >= 2 && turn.packets_from_clients > 100,
        "{turn:?}"
    );
}

/// `--turn-uri` and `--turn-secret`: all that coturn and the server share is the secret.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_through_a_coturn_that_shares_the_secret_of_the_server() {
    if skip::without_programs("a call through coturn", &[COTURN]) {
        return;
    }
    let secret = "known to coturn and to the server";
    let coturn = CoturnRig::start(secret, true, None).expect("coturn runs");
    let outside = OutsideTurn {
        uris: vec![format!("turn:{}?transport=udp", coturn.address())],
        secret: secret.to_owned(),
        credential_ttl: Duration::from_secs(600),
    };
    let server = server(TurnMode::Outside(outside)).await;
    relayed_call(&server).await;
    let allocated = coturn
        .lines()
        .iter()
        .filter(|line| line.contains("ALLOCATE processed, success"))
        .count();
    assert!(allocated >= 2, "{allocated} relays at coturn");
}

pub(crate) async fn server(turn: TurnMode) -> Server {
    let config = ServerConfig {
        turn,
        ..ServerConfig::loopback()
    };
    Server::bind(config).await.expect("free ports")
}

/// Both see each other, and neither goes but through a relay.
async fn relayed_call(server: &Server) {
    let (_ana, _ben) = relayed_pair(server, &[]).await;
}

/// The same, with more relays than those of the server.
pub(crate) async fn relayed_pair(server: &Server, more: &[IceServer]) -> (Person, Person) {
    let (mut ana, mut ben) = (Person::new(server), Person::new(server));
    for person in [&ana, &ben] {
        let path = PathConfig {
            ice_policy: IcePolicy::Relay,
            ice_servers: more.to_vec(),
        };
        person.endpoint.set_path(path).await.expect("runs");
    }
    in_a_call(&mut ana, &mut ben).await;
    for person in [&ana, &ben] {
        person.sees_more().await;
        person.goes_by_relay().await;
    }
    (ana, ben)
}
