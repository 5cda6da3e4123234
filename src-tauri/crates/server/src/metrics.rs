//! What an operator can watch, in OpenMetrics.
//!
//! Counters are bumped where things happen; what the books know already is read when somebody asks. No
//! label names a person, a room or an address: labels are codes of the protocol.

mod gauges;
mod relay;

use std::time::{Duration, SystemTime};

use duet_protocol::{LoginAnswer, ServerMessage};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::node::ClusterStats;
use crate::shared::ServerStats;
use gauges::Gauges;

/// One label.
type Labelled = Family<[(&'static str, String); 1], Counter>;

/// The figures of one server since it started.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    /// WebSockets opened.
    pub(crate) opened: Counter,
    /// Sockets dropped before anything was read: too many, or too fast.
    pub(crate) dropped: Counter,
    /// Handshakes that failed or took too long.
    pub(crate) failed_handshakes: Counter,
    /// Text frames read, and their payload.
    pub(crate) received: Counter,
    pub(crate) received_bytes: Counter,
    /// Text frames written, and their payload.
    pub(crate) sent: Counter,
    pub(crate) sent_bytes: Counter,
    http_refusals: Labelled,
    refusals: Labelled,
    closes: Labelled,
    cluster_refusals: Labelled,
    forwarding: Histogram,
    gauges: Gauges,
}

impl Metrics {
    /// All zero.
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("duet"),
            opened: Counter::default(),
            dropped: Counter::default(),
            failed_handshakes: Counter::default(),
            received: Counter::default(),
            received_bytes: Counter::default(),
            sent: Counter::default(),
            sent_bytes: Counter::default(),
            http_refusals: Labelled::default(),
            refusals: Labelled::default(),
            closes: Labelled::default(),
            cluster_refusals: Labelled::default(),
            // 50 µs to 1.6 s.
            forwarding: Histogram::new(exponential_buckets(50e-6, 2.0, 16)),
            gauges: Gauges::default(),
        };
        metrics.register_counters();
        metrics.gauges.register(&mut metrics.registry);
        metrics
    }

    fn register_counters(&mut self) {
        let registry = &mut self.registry;
        let counters = [
            ("connections_opened", "WebSockets opened", &self.opened),
            (
                "connections_dropped",
                "Sockets dropped unread: too many, or too fast",
                &self.dropped,
            ),
            (
                "handshakes_failed",
                "Connections that ended before they were WebSockets",
                &self.failed_handshakes,
            ),
            ("messages_received", "Text frames read", &self.received),
            ("messages_sent", "Text frames written", &self.sent),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        let bytes = [
            (
                "received",
                "Payload of text frames read",
                &self.received_bytes,
            ),
            ("sent", "Payload of text frames written", &self.sent_bytes),
        ];
        for (name, help, counter) in bytes {
            registry.register_with_unit(name, help, Unit::Bytes, counter.clone());
        }
        let labelled = [
            (
                "http_refusals",
                "Requests refused, by HTTP status",
                &self.http_refusals,
            ),
            (
                "refusals",
                "Messages refused, by error code",
                &self.refusals,
            ),
            (
                "closes",
                "Connections ended by the server, by close code",
                &self.closes,
            ),
            (
                "cluster_refusals",
                "What was said over Redis and not read, by reason; unsealed: not with the cluster key",
                &self.cluster_refusals,
            ),
        ];
        for (name, help, family) in labelled {
            registry.register(name, help, family.clone());
        }
        registry.register_with_unit(
            "forwarding",
            "From reading a message to having written what it caused to the other's socket",
            Unit::Seconds,
            self.forwarding.clone(),
        );
    }

    /// Counts what a message refuses.
    pub(crate) fn note_message(&self, message: &ServerMessage) {
        let code = match message {
            ServerMessage::Error { code, .. } => serde_json::to_string(code),
            ServerMessage::Login(LoginAnswer::Refused(code)) => serde_json::to_string(code),
            ServerMessage::Full { .. } => Ok("full".to_owned()),
            _ => return,
        };
        let code = code.unwrap_or_default().trim_matches('"').to_owned();
        self.refusals.get_or_create(&[("code", code)]).inc();
    }

    /// A request was answered with an error.
    pub(crate) fn note_http_refusal(&self, status: u16) {
        self.http_refusals
            .get_or_create(&[("status", status.to_string())])
            .inc();
    }

    /// Something that was said over Redis was not read.
    pub(crate) fn note_refused_datagram(&self, reason: &str) {
        self.cluster_refusals
            .get_or_create(&[("reason", reason.to_owned())])
            .inc();
    }

    /// We ended a connection.
    pub(crate) fn note_close(&self, code: u16) {
        self.closes
            .get_or_create(&[("code", code.to_string())])
            .inc();
    }

    /// A message was written, so long after what caused it was read.
    pub(crate) fn note_sent(&self, bytes: usize, latency: Duration) {
        self.sent.inc();
        self.sent_bytes.inc_by(bytes as u64);
        self.forwarding.observe(latency.as_secs_f64());
    }

    /// A message was read.
    pub(crate) fn note_received(&self, bytes: usize) {
        self.received.inc();
        self.received_bytes.inc_by(bytes as u64);
    }

    /// Everything as text.
    pub(crate) fn render(
        &self,
        stats: &ServerStats,
        cluster: Option<&ClusterStats>,
        expires_at: Option<SystemTime>,
    ) -> String {
        self.gauges.update(stats, cluster, expires_at);
        let mut text = String::new();
        // Writing into a text cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
