//! The example for several servers behind nginx, started as it is but for its ports.

use std::net::SocketAddr;

use duet_protocol::{ClientMessage, ServerMessage};
use duet_server::{Server, ServerConfig, TrustedProxies};
use duet_testkit::{port, skip};
use tokio_tungstenite::connect_async;

use super::redis_rig::{Redis, join_when_possible, next_that};
use crate::client::{Client, eventually, forward, join};
use crate::proxy::nginx;

fn example(nodes: &[Server], front: SocketAddr) -> String {
    let path = "../../../docs/deploy/cluster/nginx.conf";
    let mut example = std::fs::read_to_string(path).expect("the example");
    let address = |node: usize| nodes[node].local_addrs()[0].to_string();
    for (written, ours) in [
        ("first:7440", address(0)),
        ("second:7440", address(1)),
        ("listen 80", format!("listen {front}")),
    ] {
        assert!(example.contains(written), "the example has no {written}");
        example = example.replace(written, &ours);
    }
    example
}

#[tokio::test]
async fn two_meet_behind_nginx_and_one_server_is_enough() {
    let test = "cluster::nginx::two_meet";
    if skip::without_programs(test, &["nginx"]) {
        return;
    }
    let Some(redis) = Redis::start(test).await else {
        return;
    };
    let config = ServerConfig {
        trusted_proxies: TrustedProxies {
            networks: vec!["127.0.0.1/32".parse().expect("a network")],
            ..TrustedProxies::default()
        },
        ..ServerConfig::loopback()
    };
    let mut nodes = redis.nodes_with(2, config).await;
    let front = SocketAddr::from(([127, 0, 0, 1], port::free_port().expect("a port")));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let _nginx = nginx::start(&example(&nodes, front), front, folder.path()).await;
    let url = format!("ws://{front}/ws");
    let connect = async || {
        let (socket, _) = connect_async(&url).await.expect("nginx passes it on");
        Client { socket }
    };
    let mut a = connect().await;
    let joined = a.join_resumable("r", "a", None).await;
    let mut b = connect().await;
    b.join_resumable("r", "b", None).await;
    for node in &nodes {
        eventually("each has one", || node.stats().connections == 1).await;
    }
    assert!(matches!(b.next().await, ServerMessage::RespJoin { .. }));
    assert!(matches!(a.next().await, ServerMessage::NewPeer { .. }));
    let offer = forward("r", "a", "b", "{}");
    a.send(&ClientMessage::Offer(offer.clone())).await;
    assert_eq!(b.next().await, ServerMessage::Offer(offer));
    // The first one's server ends; nginx leads them to the other.
    nodes.remove(0).shutdown().await;
    drop(a);
    let mut a = connect().await;
    let again = crate::client::join_with_token("r", "a", Some(&joined.token));
    let answer = join_when_possible(&mut a, &again).await;
    assert!(
        matches!(answer, ServerMessage::Joined { resumed: true, .. }),
        "{answer:?}"
    );
    let back = |m: &ServerMessage| matches!(m, ServerMessage::PeerBack { .. });
    next_that(&mut b, "a is back", back).await;
    let mut third = connect().await;
    let answer = join_when_possible(&mut third, &join("r", "c")).await;
    assert!(matches!(answer, ServerMessage::Full { .. }), "{answer:?}");
}
