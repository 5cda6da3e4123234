//! Somebody who writes to the Redis of a cluster, with and without its key, and hears what its nodes say.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::StreamExt;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use ring::hmac;

use super::redis_rig::Redis;

/// What was published on a channel.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) channel: String,
    pub(super) datagram: Vec<u8>,
}

pub(super) struct Forger {
    pub(super) connection: MultiplexedConnection,
    heard: Arc<Mutex<Vec<Said>>>,
}

impl Forger {
    /// Hears everything from now on.
    pub(super) async fn new(redis: &Redis) -> Self {
        let client = redis::Client::open(redis.url()).expect("an address");
        let mut subscription = client.get_async_pubsub().await.expect("it runs");
        let subscribed = subscription.psubscribe("duet:to:*").await;
        subscribed.expect("subscribed");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hearing = Arc::clone(&heard);
        tokio::spawn(async move {
            let mut messages = subscription.into_on_message();
            while let Some(message) = messages.next().await {
                hearing.lock().push(Said {
                    channel: message.get_channel_name().to_owned(),
                    datagram: message.get_payload_bytes().to_vec(),
                });
            }
        });
        Self {
            connection: redis.connection().await,
            heard,
        }
    }

    /// What nodes said to each other, without their beats.
    pub(super) fn heard(&self) -> Vec<Said> {
        let is_beat = |said: &Said| said.datagram.windows(5).any(|bytes| bytes == b"beat ");
        let heard = self.heard.lock();
        heard
            .iter()
            .filter(|said| !is_beat(said))
            .cloned()
            .collect()
    }

    /// The names of all nodes, as they stand in Redis.
    pub(super) async fn nodes(&mut self) -> Vec<String> {
        let mut command = redis::cmd("KEYS");
        let keys = command.arg("duet:node:*");
        let keys: Vec<String> = keys
            .query_async(&mut self.connection)
            .await
            .expect("an answer");
        let names = keys.iter().filter_map(|key| key.strip_prefix("duet:node:"));
        names.map(str::to_owned).collect()
    }

    /// Publishes something to a node that listens.
    pub(super) async fn say(&mut self, channel: &str, datagram: &[u8]) {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(channel).arg(datagram);
        let heard: u32 = publish
            .query_async(&mut self.connection)
            .await
            .expect("sent");
        // The node, and we.
        assert!(heard >= 1, "nobody listens to {channel}");
    }

    /// Writes a key, for long enough.
    pub(super) async fn write(&mut self, key: &str, value: &str) {
        let mut set = redis::cmd("SET");
        let set = set.arg(key).arg(value).arg("PX").arg(600_000);
        let () = set
            .query_async(&mut self.connection)
            .await
            .expect("written");
    }

    pub(super) async fn read(&mut self, key: &str) -> Option<String> {
        let mut get = redis::cmd("GET");
        let value = get.arg(key).query_async(&mut self.connection).await;
        value.expect("an answer")
    }
}

/// What a node listens to.
pub(super) fn channel_of(node: &str) -> String {
    let (process, _) = node.split_once('.').expect("a process and an epoch");
    format!("duet:to:{process}")
}

/// As docs/cluster.md says it: `BASE64URL(HMAC) . PAYLOAD`, with a key of its own for each channel.
pub(super) fn sealed(key: &str, channel: &str, payload: &[u8]) -> Vec<u8> {
    let tag = tag(key, &format!("duet bus 1\n{channel}"), payload);
    [tag.as_bytes(), b".", payload].concat()
}

/// What stands in Redis under the name of a node.
pub(super) fn vouched(key: &str, name: &str) -> String {
    tag(key, &format!("duet name 1\n{name}"), name.as_bytes())
}

fn tag(key: &str, purpose: &str, message: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let own = hmac::sign(&key, purpose.as_bytes());
    let own = hmac::Key::new(hmac::HMAC_SHA256, own.as_ref());
    URL_SAFE_NO_PAD.encode(hmac::sign(&own, message))
}

/// The payload of a datagram.
pub(super) fn payload_of(datagram: &[u8]) -> &[u8] {
    let dot = datagram.iter().position(|byte| *byte == b'.');
    &datagram[dot.expect("a tag and a payload") + 1..]
}
