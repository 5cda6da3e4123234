//! A server that was cut off from Redis goes on under another name, and nobody waits for the one before.

use std::time::Duration;

use duet_server::RedisConfig;

use super::forger::Forger;
use super::redis_rig::{Redis, is_connected, node_with};
use super::valve::Valve;
use crate::client::eventually;

#[tokio::test]
async fn the_last_beat_of_a_life_that_is_over_makes_nobody_believe_in_it() {
    let test = "cluster::lives::last_beat";
    let Some(redis) = Redis::start(test).await else {
        return;
    };
    let valve = Valve::open(redis.port()).await;
    let config = RedisConfig {
        url: valve.url(),
        ..redis.config()
    };
    let lease = config.timing.lease;
    let node = node_with(config).await;
    let mut forger = Forger::new(&redis).await;
    let [before] = forger.nodes().await.try_into().expect("one server");
    valve.close();
    eventually("Redis is missed", || !is_connected(&node)).await;
    tokio::time::sleep(lease).await;
    valve.reopen();
    eventually("Redis is back", || is_connected(&node)).await;
    let names = forger.nodes().await;
    assert!(!names.contains(&before), "{names:?}");

    // What waited in a socket of Redis: for longer than the test waits.
    let key = format!("duet:node:{before}");
    forger.write(&key, "it lives").await;
    let mut looks = 0;
    while forger.read(&key).await.is_some() {
        looks += 1;
        assert!(looks < 200, "it is believed to live");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
