//! The figures of the relay, which counts for itself: these take its numbers over.

use std::sync::atomic::Ordering;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Labelled;
use crate::turn::TurnStats;

/// All zero while the relay is off.
#[derive(Debug, Default)]
pub(super) struct RelayFigures {
    relays: Gauge,
    opened: Counter,
    bytes: Labelled,
    packets: Labelled,
    challenges: Counter,
    refusals: Labelled,
    drops: Labelled,
}

impl RelayFigures {
    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Relays (TURN allocations) at the moment";
        registry.register("relays", help, self.relays.clone());
        for (name, help, counter) in [
            ("relays_opened", "Relays opened", &self.opened),
            (
                "relay_challenges",
                "Answers that asked for a credential (401) or a newer nonce (438); every relay begins with one",
                &self.challenges,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        for (name, help, family) in [
            (
                "relayed_bytes",
                "Payload passed on by relays, by where it came from",
                &self.bytes,
            ),
            (
                "relayed_packets",
                "Packets passed on by relays, by where they came from",
                &self.packets,
            ),
            (
                "relay_refusals",
                "Requests refused: for the peer (403), for a wrong or expired credential (401), for a quota (486, 508)",
                &self.refusals,
            ),
            (
                "relay_drops",
                "Packets not passed on: without permission or channel, or over the rate of their relay; \
                 and strangers not answered, as too many or to avoid amplification",
                &self.drops,
            ),
        ] {
            registry.register(name, help, family.clone());
        }
    }

    pub(super) fn take_over(&self, turn: &TurnStats) {
        let allocations = i64::try_from(turn.allocations).unwrap_or(i64::MAX);
        self.relays.set(allocations);
        store(&self.opened, turn.allocations_opened);
        store(&self.challenges, turn.challenges);
        for (family, label, values) in [
            (
                &self.bytes,
                "from",
                &[
                    ("clients", turn.bytes_from_clients),
                    ("peers", turn.bytes_from_peers),
                ][..],
            ),
            (
                &self.packets,
                "from",
                &[
                    ("clients", turn.packets_from_clients),
                    ("peers", turn.packets_from_peers),
                ],
            ),
            (
                &self.refusals,
                "of",
                &[
                    ("peer", turn.refused_peers),
                    ("credential", turn.refused_credentials),
                    ("quota", turn.refused_quota),
                ],
            ),
            (
                &self.drops,
                "reason",
                &[
                    ("permission", turn.dropped_unpermitted),
                    ("rate", turn.dropped_over_rate),
                    ("stranger", turn.unanswered),
                ],
            ),
        ] {
            for (name, value) in values {
                store(
                    &family.get_or_create(&[(label, (*name).to_owned())]),
                    *value,
                );
            }
        }
    }
}

fn store(counter: &Counter, value: u64) {
    counter.inner().store(value, Ordering::Relaxed);
}
