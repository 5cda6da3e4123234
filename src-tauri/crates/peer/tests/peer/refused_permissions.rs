//! A relay that refuses permissions and channels because somebody has had their share (508): the call takes the
//! path that is left, and nobody goes on asking.

use std::time::{Duration, Instant};

use duet_peer::PeerConfig;
use duet_server::turn::{Quotas, TurnConfig, TurnMode, TurnStats};
use duet_server::{Server, ServerConfig};

use crate::common::{
    End, PATIENCE, both_connected, connected_with, loopback, negotiate, run_until, talk,
};
use crate::relays::{ice_server, relay_config, relay_only, udp};

/// Addresses that a person lets in, of peers outside of the server (docs/relay.md).
const PERMISSIONS: usize = 16;
/// Those for which there is no room.
const TOO_MANY: usize = 8;
/// The library's tries of one request (RFC 8489, section 6.2.1).
const TRIES: u64 = 7;
/// Connectivity checks of one path: the library's first and seven more. Each may ask for a permission.
const CHECKS: u64 = 8;

/// A peer with this many networks, none of which leads to anybody: as a peer with many interfaces and a
/// hostile one look.
async fn add_dead_candidates(end: &End, count: usize) {
    for index in 0..count {
        let (host, priority) = (index + 2, 2_130_706_431 - index);
        let line = format!("candidate:{index} 1 udp {priority} 127.0.0.{host} 9 typ host");
        let candidate = serde_json::json!({ "candidate": line, "sdpMid": "0", "sdpMLineIndex": 0 });
        let added = end.peer.add_candidate(Some(candidate.to_string())).await;
        added.expect("a candidate");
    }
}

/// Its own address is closed, as on any machine that relays; the rest of the loopback plays the internet.
async fn relay_of_the_internet() -> Server {
    relay(TurnConfig {
        denied: vec!["127.0.0.1/32".parse().expect("a network")],
        ..relay_config()
    })
    .await
}

async fn relay(turn: TurnConfig) -> Server {
    let config = ServerConfig {
        turn: TurnMode::BuiltIn(turn),
        ..ServerConfig::loopback()
    };
    Server::bind(config).await.expect("free ports")
}

fn turn(server: &Server) -> TurnStats {
    server.stats().turn
}

/// Two who are about to connect: Ana by relays only, with no room for Ben's own address any more.
async fn without_room(server: &Server) -> (End, End) {
    let urls = [udp(server.turn_addrs()[0])];
    let ben = PeerConfig {
        bind_addresses: vec!["127.0.0.200:0".into()],
        ice_servers: vec![ice_server(urls.to_vec(), "ben")],
        ..loopback()
    };
    let (a, b) = (
        End::new(relay_only(&urls, "ana")).await,
        End::new(ben).await,
    );
    negotiate(&a, &b, false).await;
    add_dead_candidates(&a, PERMISSIONS + TOO_MANY).await;
    let start = Instant::now();
    while turn(server).refused_quota < TOO_MANY as u64 {
        assert!(start.elapsed() < PATIENCE, "{:?}", turn(server));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (a, b)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_call_takes_the_path_that_is_left() {
    let server = relay_of_the_internet().await;
    let (mut a, mut b) = without_room(&server).await;
    let connected = run_until(&mut a, &mut b, both_connected).await;
    assert!(connected, "{:?} {:?}", a.states, b.states);
    let path = a.peer.stats().await.path.expect("a path");
    // Not by Ben's own address, which comes first where there is room: between two relays of one server
    // there always is.
    let ends = (&*path.local_candidate, &*path.remote_candidate);
    assert_eq!(ends, ("relay", "relay"));
    // Each path is given up after its checks: the dead ones, and Ben's own address.
    let most = (TOO_MANY as u64 + 1) * CHECKS;
    nothing_more_is_refused(&mut a, &mut b, &server, most).await;
}

/// Each packet could go by a channel, and none is given: they all arrive, and few of them ask.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_without_channels_is_not_asked_with_each_packet() {
    let config = relay_config();
    let quotas = Quotas {
        channels: 0,
        ..config.quotas.clone()
    };
    let server = relay(TurnConfig { quotas, ..config }).await;
    let urls = [udp(server.turn_addrs()[0])];
    let (mut a, mut b) = connected_with(relay_only(&urls, "ana"), relay_only(&urls, "ben")).await;
    assert_ne!(turn(&server).refused_quota, 0);
    nothing_more_is_refused(&mut a, &mut b, &server, 2 * TRIES).await;
}

/// Sooner or later, while they talk; and until then at most this often.
async fn nothing_more_is_refused(a: &mut End, b: &mut End, server: &Server, most: u64) {
    let start = Instant::now();
    let mut before = turn(server).refused_quota;
    loop {
        talk(a, b, 50).await;
        let after = turn(server).refused_quota;
        if after == before {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "refused without end: {after}");
        before = after;
    }
    assert!(before <= most, "{before} refusals, at most {most}");
    println!("refused {before} times, of at most {most}");
}
