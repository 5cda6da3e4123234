//! The relay of a call ends with its server, and the call goes on: by another relay, and by the same one when it
//! runs again. How long that takes is printed, for people.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use duet_engine::call::CallState;
use duet_protocol::IceServer;
use duet_server::Server;
use duet_server::turn::{Now, Secrets, TurnConfig, TurnMode};

use crate::common::Person;
use crate::relayed::{relayed_pair, server};

const SECRET: &str = "known to both relays";

fn relay_at(address: SocketAddr) -> TurnConfig {
    TurnConfig {
        secrets: vec![SECRET.to_owned()],
        ..TurnConfig::new(vec![address])
    }
}

pub(crate) async fn relay_server() -> Server {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    server(TurnMode::BuiltIn(relay_at(any))).await
}

/// A relay with the secret of these tests, as clients are told of it.
pub(crate) fn ice_server(relay: SocketAddr) -> IceServer {
    let ttl = Duration::from_secs(600);
    let credential = Secrets::new([SECRET]);
    let credential = credential.credential("of the settings", Now::from_clocks().unix_s, ttl);
    let credential = credential.expect("a secret");
    IceServer {
        urls: vec![format!("turn:{relay}?transport=udp")],
        username: Some(credential.username),
        credential: Some(credential.password),
    }
}

/// Which of the two passes on what Ana sends and sees.
pub(crate) async fn used(relays: &[Server; 2], ana: &Person) -> usize {
    let passed = || {
        relays
            .each_ref()
            .map(|relay| relay.stats().turn.packets_from_clients)
    };
    let before = passed();
    ana.sees_more().await;
    let after = passed();
    usize::from(after[1] - before[1] > after[0] - before[0])
}

pub(crate) fn is_broken(state: &CallState) -> bool {
    matches!(state, CallState::Reconnecting { .. })
}

pub(crate) fn is_back(state: &CallState) -> bool {
    matches!(state, CallState::Connected { .. })
}

/// Both see each other again; `mend` is done when one of them noticed the break. The other may be back before
/// they notice anything, on the path that the first asked for.
pub(crate) async fn comes_back(ana: &mut Person, ben: &mut Person, mend: impl FnOnce()) {
    let start = Instant::now();
    let is_ana = tokio::select! {
        () = ana.until_state("break", is_broken) => true,
        () = ben.until_state("break", is_broken) => false,
    };
    println!("noticed after {:.1?}", start.elapsed());
    mend();
    let first = if is_ana { &mut *ana } else { &mut *ben };
    first.until_state("call again", is_back).await;
    println!("connected again after {:.1?}", start.elapsed());
    for person in [&*ana, &*ben] {
        person.sees_more().await;
    }
    println!("pictures again after {:.1?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn by_another_relay() {
    let servers = [relay_server().await, relay_server().await];
    let more = ice_server(servers[1].turn_addrs()[0]);
    let (mut ana, mut ben) = relayed_pair(&servers[0], &[more]).await;
    let used = used(&servers, &ana).await;
    servers[used].close_relay();
    comes_back(&mut ana, &mut ben, || {}).await;
    assert_ne!(servers[1 - used].stats().turn.packets_from_clients, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_same_relay_when_it_runs_again() {
    let server = relay_server().await;
    let address = server.turn_addrs()[0];
    let (mut ana, mut ben) = relayed_pair(&server, &[]).await;
    server.close_relay();
    comes_back(&mut ana, &mut ben, || {
        server
            .open_relay(&relay_at(address))
            .expect("its port is free");
    })
    .await;
}
