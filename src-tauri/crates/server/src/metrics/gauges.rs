//! Figures that are read from the books when somebody asks.

use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::relay::RelayFigures;
use crate::node::ClusterStats;
use crate::shared::ServerStats;

/// Read from the books when somebody asks.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    connections: Gauge,
    rooms: Gauge,
    members: Gauge,
    logins: Gauge,
    calls: Gauge,
    cluster_connected: Gauge,
    cluster_owned: Gauge,
    cluster_proxied: Gauge,
    cluster_links: Gauge,
    cluster_stale: Counter,
    cluster_unknown: Counter,
    certificate_expiry: Gauge,
    relay: RelayFigures,
}

impl Gauges {
    /// So that they are told.
    pub(super) fn register(&self, registry: &mut Registry) {
        for (name, help, gauge) in [
            ("connections", "Open WebSockets", &self.connections),
            ("rooms", "Rooms with a place taken or kept", &self.rooms),
            (
                "cluster_connected",
                "1 while Redis, and so the other servers, can be reached",
                &self.cluster_connected,
            ),
            (
                "cluster_owned",
                "Rooms and lobbies that this server decides about for all",
                &self.cluster_owned,
            ),
            (
                "cluster_proxied",
                "Clients of other servers that take part here",
                &self.cluster_proxied,
            ),
            (
                "cluster_links",
                "Links of clients here to other servers",
                &self.cluster_links,
            ),
            ("members", "Places taken or kept", &self.members),
            (
                "logins",
                "People logged in, kept ones included",
                &self.logins,
            ),
            (
                "calls",
                "Calls that ring or were just accepted",
                &self.calls,
            ),
            (
                "certificate_expiry_timestamp_seconds",
                "When the certificate ends, since 1970; 0 without TLS",
                &self.certificate_expiry,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
        for (name, help, gauge) in [
            (
                "cluster_stale",
                "What was said over Redis by or to a server that is over",
                &self.cluster_stale,
            ),
            (
                "cluster_unknown",
                "Messages over Redis that only newer servers know",
                &self.cluster_unknown,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
        self.relay.register(registry);
    }

    /// As the books are now.
    pub(super) fn update(
        &self,
        stats: &ServerStats,
        cluster: Option<&ClusterStats>,
        expires_at: Option<SystemTime>,
    ) {
        let set = |gauge: &Gauge, value: usize| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        set(&self.connections, stats.connections);
        set(&self.rooms, stats.rooms);
        set(&self.members, stats.members);
        set(&self.logins, stats.logins);
        set(&self.calls, stats.calls);
        let cluster = cluster.copied().unwrap_or_default();
        set(&self.cluster_connected, usize::from(cluster.is_connected));
        set(&self.cluster_owned, cluster.owned);
        set(&self.cluster_proxied, cluster.proxied);
        set(&self.cluster_links, cluster.links);
        take_over(&self.cluster_stale, cluster.stale);
        take_over(&self.cluster_unknown, cluster.unknown);
        let expiry = expires_at.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let expiry = expiry.map_or(0, |time| time.as_secs());
        self.certificate_expiry.set(expiry.cast_signed());
        self.relay.take_over(&stats.turn);
    }
}

fn take_over(counter: &Counter, value: u64) {
    counter.inner().store(value, Ordering::Relaxed);
}
