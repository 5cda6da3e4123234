//! A relay that ends in mid-call, with its server: the call comes back by another one, or by the same one when
//! that runs again. Times are printed, for people.

use std::net::SocketAddr;
use std::time::Instant;

use duet_peer::ConnectionState;
use duet_server::Server;
use duet_server::turn::TurnConfig;

use crate::common::{End, connected_with, negotiate, run_until, talk};
use crate::ice_restart::media_back;
use crate::relays::{own_relay, relay_config, relay_only, tcp, udp};

fn is_silent(end: &End) -> bool {
    end.state() == Some(ConnectionState::Disconnected)
}

/// Waits until both notice, restarts ICE, and waits for media; between the two `mend` does its work.
async fn comes_back(a: &mut End, b: &mut End, mend: impl FnOnce()) {
    let start = Instant::now();
    assert!(run_until(a, b, |a, b| is_silent(a) && is_silent(b)).await);
    println!("noticed after {:.1?}", start.elapsed());
    mend();
    negotiate(a, b, true).await;
    media_back(a, b).await;
    println!("all in all {:.1?}", start.elapsed());
    talk(a, b, 20).await;
}

async fn used(a: &mut End, b: &mut End, servers: &[Server; 2]) -> usize {
    let passed = |server: &Server| server.stats().turn.packets_from_clients;
    let before = servers.each_ref().map(passed);
    talk(a, b, 50).await;
    let after = servers.each_ref().map(passed);
    usize::from(after[1] - before[1] > after[0] - before[0])
}

#[tokio::test(flavor = "multi_thread")]
async fn by_another_relay() {
    let servers = [own_relay().await, own_relay().await];
    let urls = servers.each_ref().map(|server| udp(server.turn_addrs()[0]));
    let (mut a, mut b) = connected_with(relay_only(&urls, "ana"), relay_only(&urls, "ben")).await;
    let first = used(&mut a, &mut b, &servers).await;
    servers[first].close_relay();
    comes_back(&mut a, &mut b, || {}).await;
    assert_eq!(used(&mut a, &mut b, &servers).await, 1 - first);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_same_relay_when_it_runs_again() {
    let server = own_relay().await;
    let address: SocketAddr = server.turn_addrs()[0];
    let urls = [udp(address)];
    let (mut a, mut b) = connected_with(relay_only(&urls, "ana"), relay_only(&urls, "ben")).await;
    talk(&mut a, &mut b, 20).await;
    // Twice: what is asked anew once must be so again.
    for _ in 0..2 {
        server.close_relay();
        let again = TurnConfig {
            listen: vec![address],
            ..relay_config()
        };
        comes_back(&mut a, &mut b, || {
            server.open_relay(&again).expect("its port is free");
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_tcp_when_the_one_over_udp_is_gone() {
    let (over_udp, over_tcp) = (own_relay().await, own_relay().await);
    let urls = [
        udp(over_udp.turn_addrs()[0]),
        tcp(over_tcp.turn_stream_addrs()[0]),
    ];
    let (mut a, mut b) = connected_with(relay_only(&urls, "ana"), relay_only(&urls, "ben")).await;
    assert_eq!(over_tcp.stats().turn.allocations, 0);
    over_udp.close_relay();
    comes_back(&mut a, &mut b, || {}).await;
    assert!(over_tcp.stats().turn.packets_from_clients > 0);
}
