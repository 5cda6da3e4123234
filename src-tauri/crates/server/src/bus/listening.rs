//! What other nodes, and our own beats, say on our channel.

use std::time::Duration;

use futures_util::StreamExt;
use redis::Msg;

use super::{Bus, RECONNECT_PAUSE};

/// More than the largest datagram of an honest node, with every letter of it escaped.
const MAX_DATAGRAM_BYTES: usize = 16 * 1024 * 1024;

impl Bus {
    /// Listens, again and again.
    pub(super) async fn keep_listening(&self) {
        loop {
            self.listen().await;
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
    }

    /// Until the connection fails, or not even our own beats come.
    async fn listen(&self) {
        let patience = self.timing.patience;
        let subscribing = async {
            let mut subscription = self.client.get_async_pubsub().await?;
            let channel = self.names.channel(self.hub.process());
            subscription.subscribe(channel).await?;
            redis::RedisResult::Ok(subscription)
        };
        let Ok(Ok(subscription)) = tokio::time::timeout(patience, subscribing).await else {
            return;
        };
        let mut messages = subscription.into_on_message();
        while let Ok(Some(message)) = tokio::time::timeout(patience, messages.next()).await {
            self.take(&message);
        }
    }

    fn take(&self, message: &Msg) {
        if message.get_payload_bytes().len() > MAX_DATAGRAM_BYTES {
            return tracing::debug!("a datagram that is too large");
        }
        let Ok(text) = message.get_payload::<String>() else {
            return;
        };
        if let Some(since_base_us) = text.strip_prefix("beat ") {
            if let Ok(since_base_us) = since_base_us.parse() {
                let sent_at = self.base.checked_add(Duration::from_micros(since_base_us));
                if let Some(sent_at) = sent_at.filter(|at| *at <= std::time::Instant::now()) {
                    self.hub.echoed(sent_at);
                }
            }
            return;
        }
        match serde_json::from_str(&text) {
            Ok(envelope) => self.hub.receive(envelope),
            Err(error) => tracing::debug!(%error, "a datagram that is none"),
        }
    }
}
