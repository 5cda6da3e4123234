//! Figures of a cluster.

use std::time::Instant;

use super::Node;

/// How a cluster is doing, for metrics and health checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClusterStats {
    /// Other nodes can be reached through Redis.
    pub is_connected: bool,
    /// Rooms and lobbies that this node decides about.
    pub owned: usize,
    /// Clients of other nodes that take part here.
    pub proxied: usize,
    /// Our clients' links to other nodes.
    pub links: usize,
    /// Nodes that were spoken to lately.
    pub peers: usize,
    /// Datagrams since the start that were of, or for, a life of a node that is over.
    pub stale: u64,
    /// Messages since the start of a kind that only newer servers know.
    pub unknown: u64,
}

impl Node {
    /// How the cluster is doing; `None` for a server alone.
    pub(crate) fn stats(&self, now: Instant) -> Option<ClusterStats> {
        let health = self.health.as_ref()?;
        Some(ClusterStats {
            is_connected: health.is_connected(now),
            owned: self.owned.len(),
            proxied: self.proxied.len(),
            links: self.links.len(),
            peers: self.channels.len(),
            stale: self.stale,
            unknown: self.unknown,
        })
    }
}
