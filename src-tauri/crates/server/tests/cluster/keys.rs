//! The key of a cluster changes under it, or is not the same everywhere.

use std::process::Command;
use std::time::Duration;

use duet_protocol::ServerMessage;
use duet_server::{ClusterKeys, ServerConfig};
use duet_testkit::process::Process;
use futures_util::StreamExt;
use tokio_tungstenite::connect_async;

use super::forged::{OTHER_KEY, talk};
use super::redis_rig::{CLUSTER_KEY, Redis, couple, is_connected, join_when_possible, roomy};
use crate::client::{Client, eventually, join};
use crate::monitor::watched;

#[tokio::test]
async fn keys_change_under_a_cluster_and_nobody_notices() {
    let Some(redis) = Redis::start("cluster::forged::keys").await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let (mut a, mut b) = couple(&nodes).await;
    // All learn the new one, then all use it, then all forget the old one.
    let both = [CLUSTER_KEY, OTHER_KEY];
    let swapped = [OTHER_KEY, CLUSTER_KEY];
    for (n, keys) in [&both[..], &swapped[..], &swapped[..1]]
        .into_iter()
        .enumerate()
    {
        for node in &nodes {
            let keys = ClusterKeys::new(keys.iter().copied());
            node.set_cluster_keys(keys.expect("keys"));
            talk(&mut a, &mut b, n).await;
        }
    }
    let mut c = Client::connect(&nodes[0]).await;
    c.join("another", "c").await;
    let mut d = Client::connect(&nodes[1]).await;
    assert_eq!(d.join("another", "d").await.user_num, 2);
}

#[tokio::test]
async fn a_key_that_changes_in_its_file_is_read_again() {
    let Some(redis) = Redis::start("cluster::forged::file").await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cluster-key");
    std::fs::write(&file, CLUSTER_KEY).expect("written");
    let near = redis.nodes(1).await.remove(0);
    let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
    command.args(["--listen", "127.0.0.1:0", "--no-turn"]);
    command.args(["--redis", &redis.url(), "--cluster-key-file"]);
    let program = Process::spawn("duet-server", command.arg(&file)).expect("it starts");
    let patience = Duration::from_secs(20);
    let line = program.wait_for_line(patience, |line| line.starts_with("listening on "));
    let url = line.expect("it listens");
    let mut a = Client::connect(&near).await;
    a.join("r", "a").await;
    let (socket, _) = connect_async(url.trim_start_matches("listening on "))
        .await
        .expect("it listens");
    let mut b = Client { socket };
    let joined = join_when_possible(&mut b, &join("r", "b")).await;
    assert!(
        matches!(joined, ServerMessage::Joined { user_num: 2, .. }),
        "{joined:?}"
    );
    assert!(matches!(a.next().await, ServerMessage::NewPeer { .. }));
    assert!(matches!(b.next().await, ServerMessage::RespJoin { .. }));
    let read_again = async |keys: &str, words: &str, times: usize| {
        std::fs::write(&file, keys).expect("written");
        let id = program.pid().to_string();
        let sent = Command::new("kill").args(["-HUP", &id]).status();
        assert!(sent.expect("kill runs").success());
        let said = || {
            program
                .lines()
                .into_iter()
                .filter(|line| line.contains(words))
        };
        eventually(words, || said().count() == times).await;
    };
    read_again("short", "the old secrets and keys stay", 1).await;
    talk(&mut a, &mut b, 1).await;
    read_again(
        &format!("{CLUSTER_KEY}\n{OTHER_KEY}\n"),
        "were read again",
        1,
    )
    .await;
    near.set_cluster_keys(ClusterKeys::new([OTHER_KEY, CLUSTER_KEY]).expect("keys"));
    talk(&mut a, &mut b, 2).await;
    read_again(OTHER_KEY, "were read again", 2).await;
    near.set_cluster_keys(ClusterKeys::new([OTHER_KEY]).expect("a key"));
    talk(&mut a, &mut b, 3).await;
}

#[tokio::test]
async fn servers_with_different_keys_are_not_one_and_say_so() {
    let Some(redis) = Redis::start("cluster::forged::different").await else {
        return;
    };
    let mut config = redis.config();
    let near = redis.nodes(1).await;
    config.keys = ClusterKeys::new([OTHER_KEY]).expect("a key");
    let far = watched(ServerConfig {
        redis: Some(config),
        ..roomy()
    })
    .await;
    eventually("it reaches Redis", || is_connected(&far)).await;
    let mut a = Client::connect(&near[0]).await;
    a.join("r", "a").await;
    let mut b = Client::connect(&far).await;
    b.send(&join("r", "b")).await;
    // Nobody listens to what it says there, and it does not believe that nobody is there.
    let refused = async {
        while let Some(Ok(message)) = b.socket.next().await {
            if let Ok(text) = message.into_text()
                && text.contains("unavailable")
            {
                return;
            }
        }
        panic!("the connection ended");
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), refused).await;
    in_time.expect("it is told so");
    a.assert_quiet().await;
}
