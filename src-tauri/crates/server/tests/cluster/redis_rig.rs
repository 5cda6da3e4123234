//! A Redis of one's own, and servers on it.

use std::process::Command;
use std::time::Duration;

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage};
use duet_server::{ClusterKeys, RedisConfig, Server, ServerConfig};
use duet_testkit::port::free_port;
use duet_testkit::process::{Process, Signal};
use duet_testkit::skip;
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;

use crate::client::{Client, eventually, server_with};
use crate::monitor::watched;

/// The key of all clusters in here.
pub(super) const CLUSTER_KEY: &str = "0c1d2e3f0c1d2e3f0c1d2e3f0c1d2e3f";

/// A running `redis-server` that keeps nothing.
pub(super) struct Redis {
    process: Option<Process>,
    port: u16,
    folder: tempfile::TempDir,
    settings: Vec<String>,
}

impl Redis {
    /// `None`, written down as skipped, where there is no `redis-server`.
    pub(super) async fn start(test: &str) -> Option<Self> {
        Self::start_with(test, &[]).await
    }

    /// The same with settings of its own.
    pub(super) async fn start_with(test: &str, settings: &[&str]) -> Option<Self> {
        if skip::without_programs(test, &["redis-server"]) {
            return None;
        }
        let mut redis = Self {
            process: None,
            port: free_port().expect("a free port"),
            folder: tempfile::tempdir().expect("a temporary folder"),
            settings: settings
                .iter()
                .map(|setting| (*setting).to_owned())
                .collect(),
        };
        redis.start_again().await;
        Some(redis)
    }

    /// Empty, on the same port.
    pub(super) async fn start_again(&mut self) {
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        command
            .args([
                "--port",
                &port,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ])
            .arg("--dir")
            .arg(self.folder.path())
            .args(&self.settings);
        self.process = Some(Process::spawn("redis-server", &mut command).expect("it starts"));
        for _ in 0..1000 {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port))
                .await
                .is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("redis-server does not listen");
    }

    pub(super) fn signal(&mut self, signal: Signal) {
        let process = self.process.as_mut().expect("it runs");
        process.signal(signal);
    }

    /// Kills it, and it forgets everything.
    pub(super) fn kill(&mut self) {
        self.signal(Signal::Kill);
        self.process = None;
    }

    pub(super) fn url(&self) -> String {
        url_of(self.port)
    }

    /// For a server on it.
    pub(super) fn config(&self) -> RedisConfig {
        config_of(&self.url())
    }

    /// The same for tests in which nothing breaks: a busy machine must not pass for an outage.
    pub(super) fn patient_config(&self) -> RedisConfig {
        let mut config = self.config();
        config.timing.patience = Duration::from_secs(20);
        config.timing.lease = Duration::from_secs(40);
        config
    }

    /// Servers with those times.
    pub(super) async fn patient_nodes(&self, count: usize, config: ServerConfig) -> Vec<Server> {
        let mut nodes = Vec::new();
        for _ in 0..count {
            let redis = Some(self.patient_config());
            let config = config.clone();
            nodes.push(connected(ServerConfig { redis, ..config }).await);
        }
        nodes
    }

    /// For looking and writing into it.
    pub(super) async fn connection(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.url()).expect("an address");
        // What is large takes its time on a busy machine.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(60)))
            .set_response_timeout(Some(Duration::from_secs(60)));
        let connection = client.get_multiplexed_async_connection_with_config(&config);
        connection.await.expect("it runs")
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Servers of one cluster, which can reach each other.
    pub(super) async fn nodes(&self, count: usize) -> Vec<Server> {
        self.nodes_with(count, ServerConfig::loopback()).await
    }

    pub(super) async fn nodes_with(&self, count: usize, config: ServerConfig) -> Vec<Server> {
        let mut nodes = Vec::new();
        for _ in 0..count {
            nodes.push(node_at(&self.url(), config.clone()).await);
        }
        nodes
    }
}

pub(super) fn url_of(port: u16) -> String {
    format!("redis://127.0.0.1:{port}")
}

pub(super) fn config_of(url: &str) -> RedisConfig {
    RedisConfig::new(url, ClusterKeys::new([CLUSTER_KEY]).expect("a key"))
}

/// A server on a Redis, connected.
pub(super) async fn node_at(url: &str, config: ServerConfig) -> Server {
    connected(ServerConfig {
        redis: Some(config_of(url)),
        ..config
    })
    .await
}

/// The same with times of its own.
pub(super) async fn node_with(redis: RedisConfig) -> Server {
    connected(ServerConfig {
        redis: Some(redis),
        ..roomy()
    })
    .await
}

async fn connected(config: ServerConfig) -> Server {
    let node = server_with(config).await;
    eventually("the node reaches Redis", || is_connected(&node)).await;
    node
}

/// Nodes whose figures can be read.
pub(super) async fn watched_nodes(redis: &Redis, count: usize) -> Vec<Server> {
    let mut nodes = Vec::new();
    for _ in 0..count {
        let node = watched(ServerConfig {
            redis: Some(redis.patient_config()),
            ..roomy()
        });
        let node = node.await;
        eventually("the node reaches Redis", || is_connected(&node)).await;
        nodes.push(node);
    }
    nodes
}

/// Two in the room "r" on two nodes, introductions read: "a" on the first, which decides, and "b".
pub(super) async fn couple(nodes: &[Server]) -> (Client, Client) {
    let mut a = Client::connect(&nodes[0]).await;
    a.join_resumable("r", "a", None).await;
    let mut b = Client::connect(&nodes[1]).await;
    b.join_resumable("r", "b", None).await;
    assert!(matches!(a.next().await, ServerMessage::NewPeer { .. }));
    assert!(matches!(b.next().await, ServerMessage::RespJoin { .. }));
    (a, b)
}

pub(super) fn is_connected(node: &Server) -> bool {
    node.cluster().is_some_and(|cluster| cluster.is_connected)
}

/// Without limits that only strangers should feel.
pub(super) fn roomy() -> ServerConfig {
    ServerConfig {
        max_connections_per_address: None,
        failed_joins_per_minute: u32::MAX,
        calls_per_minute: u32::MAX,
        messages_per_second: u32::MAX,
        message_burst: u32::MAX,
        ..ServerConfig::loopback()
    }
}

/// Joins again as long as the servers cannot say.
pub(super) async fn join_when_possible(client: &mut Client, join: &ClientMessage) -> ServerMessage {
    for _ in 0..200 {
        client.send(join).await;
        match client.next().await {
            ServerMessage::Error {
                code: ErrorCode::Unavailable,
                ..
            } => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            other => return other,
        }
    }
    panic!("never possible");
}

/// The next message that is one of these.
pub(super) async fn next_that(
    client: &mut Client,
    what: &str,
    is_it: impl Fn(&ServerMessage) -> bool,
) -> ServerMessage {
    for _ in 0..1000 {
        let message = client.next().await;
        if is_it(&message) {
            return message;
        }
    }
    panic!("never came: {what}");
}
