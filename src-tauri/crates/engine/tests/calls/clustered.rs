//! Two people on two servers that are one on a Redis: a call by name, and the end of one server in mid-call.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use duet_protocol::CallMedia;
use duet_server::{ClusterKeys, RedisConfig, Server, ServerConfig};
use duet_testkit::port::free_port;
use duet_testkit::process::Process;
use duet_testkit::skip;

use crate::common::{PATIENCE, Person};

const KEY: &str = "0c1d2e3f0c1d2e3f0c1d2e3f0c1d2e3f";

/// A Redis that keeps nothing on disk, and its address.
fn redis() -> Option<(Process, String)> {
    if skip::without_programs("endpoints on two servers", &["redis-server"]) {
        return None;
    }
    let port = free_port().expect("a free port");
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    command.args(["--port", &port.to_string()]);
    let process = Process::spawn("redis-server", &mut command).expect("it starts");
    Some((process, format!("redis://127.0.0.1:{port}")))
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "never: {what}");
}

/// A server of the cluster, here.
async fn node(address: SocketAddr, redis: &str) -> Server {
    let keys = ClusterKeys::new([KEY]).expect("a key");
    let config = ServerConfig {
        redis: Some(RedisConfig::new(redis, keys)),
        ..ServerConfig::new(vec![address])
    };
    let server = Server::bind(config).await.expect("the port is free");
    until("Redis is in reach", || {
        server.cluster().is_some_and(|cluster| cluster.is_connected)
    })
    .await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_by_name_between_two_servers_outlives_one_of_them() {
    let Some((_redis, url)) = redis() else {
        return;
    };
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let (one, two) = (node(anywhere, &url).await, node(anywhere, &url).await);
    let mut ana = Person::online(&one, "Ana").await;
    let mut ben = Person::online(&two, "Ben").await;
    ana.calls("Ben", CallMedia::Video).await;
    let ring = ben.is_rung().await;
    let accepted = ben.endpoint.accept_call(ring.call_id, true).await;
    accepted.expect("runs");
    for person in [&mut ana, &mut ben] {
        person.is_connected().await;
        person.sees_more().await;
    }
    let address = two.local_addrs()[0];
    two.shutdown().await;
    for person in [&ana, &ben] {
        person.sees_more().await;
    }
    let again = node(address, &url).await;
    until("Ben is back", || again.stats().connections > 0).await;
    for person in [&ana, &ben] {
        person.sees_more().await;
    }
    // The one who hangs up is heard by the other, over both servers, and both can be called again.
    ben.endpoint.leave().await.expect("runs");
    ana.ends().await;
    ana.finds("Ben").await;
    ben.finds("Ana").await;
}
