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

async fn relay_server() -> Server {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    server(TurnMode::BuiltIn(relay_at(any))).await
}

/// Both see each other again; `mend` is done when the break was noticed.
async fn comes_back(ana: &mut Person, ben: &mut Person, mend: impl FnOnce()) {
    let start = Instant::now();
    for person in [&mut *ana, &mut *ben] {
        let is_broken = |state: &CallState| matches!(state, CallState::Reconnecting { .. });
        person.until_state("break", is_broken).await;
    }
    println!("noticed after {:.1?}", start.elapsed());
    mend();
    for person in [&mut *ana, &mut *ben] {
        let is_back = |state: &CallState| matches!(state, CallState::Connected { .. });
        person.until_state("call again", is_back).await;
    }
    println!("connected again after {:.1?}", start.elapsed());
    for person in [&*ana, &*ben] {
        person.sees_more().await;
    }
    println!("pictures again after {:.1?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn by_another_relay() {
    let servers = [relay_server().await, relay_server().await];
    let uid = "of the settings";
    let ttl = Duration::from_secs(600);
    let credential = Secrets::new([SECRET]).credential(uid, Now::from_clocks().unix_s, ttl);
    let credential = credential.expect("a secret");
    let more = IceServer {
        urls: vec![format!("turn:{}?transport=udp", servers[1].turn_addrs()[0])],
        username: Some(credential.username),
        credential: Some(credential.password),
    };
    let (mut ana, mut ben) = relayed_pair(&servers[0], &[more]).await;
    let passed = || {
        servers
            .each_ref()
            .map(|server| server.stats().turn.packets_from_clients)
    };
    let before = passed();
    ana.sees_more().await;
    let after = passed();
    let used = usize::from(after[1] - before[1] > after[0] - before[0]);
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
