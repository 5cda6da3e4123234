//! What other nodes, and our own beats, say on our channel.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use redis::Msg;
use tracing::{info, warn};

use super::{Bus, RECONNECT_PAUSE};
use crate::node::Envelope;

/// Between two warnings of the same.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);
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
            subscription.subscribe(&self.own_channel).await?;
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
        let datagram = message.get_payload_bytes();
        if datagram.len() > MAX_DATAGRAM_BYTES {
            return self.refuse(Refusal::TooLarge);
        }
        // Before anything else is made of it.
        let payload = self.keys.read().own_channel.open(datagram);
        let Some(payload) = payload else {
            self.warn_of_strangers();
            return self.refuse(Refusal::Unsealed);
        };
        if let Some(since_base_us) = payload.strip_prefix(b"beat ") {
            return self.take_beat(since_base_us);
        }
        match serde_json::from_slice::<Envelope>(payload) {
            Ok(envelope) => {
                self.note_version(envelope.version);
                self.hub.receive(envelope);
            }
            Err(error) => {
                tracing::debug!(%error, "a datagram that is none");
                self.refuse(Refusal::Unreadable);
            }
        }
    }

    fn take_beat(&self, since_base_us: &[u8]) {
        let text = std::str::from_utf8(since_base_us);
        let Some(us) = text.ok().and_then(|text| text.parse().ok()) else {
            return self.refuse(Refusal::Unreadable);
        };
        let sent_at = self.base.checked_add(Duration::from_micros(us));
        if let Some(sent_at) = sent_at.filter(|at| *at <= Instant::now()) {
            self.hub.echoed(sent_at);
        }
    }

    fn refuse(&self, why: Refusal) {
        self.hub.note_refused_datagram(why.label());
    }

    /// Somebody writes to our channel who has not our key: an operator's slip, or not.
    fn warn_of_strangers(&self) {
        let mut warned_at = self.warned_at.lock();
        if warned_at.is_none_or(|at| at.elapsed() >= WARNING_INTERVAL) {
            *warned_at = Some(Instant::now());
            warn!(
                "somebody on this Redis speaks to this server without its cluster key, and is not listened to; \
                 has every server the same one?"
            );
        }
    }

    fn note_version(&self, version: u32) {
        if version > Envelope::VERSION && !self.is_newer_told.swap(true, Ordering::Relaxed) {
            info!(
                version,
                "a newer server is on this Redis; what this one does not know of it is passed over"
            );
        }
    }
}

/// Why a datagram was not read.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    TooLarge,
    /// No server of this cluster said it, or not to this one.
    Unsealed,
    /// One did, and it is nothing that is known.
    Unreadable,
}

impl Refusal {
    /// For the figures.
    fn label(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::Unsealed => "unsealed",
            Self::Unreadable => "unreadable",
        }
    }
}
