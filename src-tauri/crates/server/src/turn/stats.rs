//! What the relay counts.

/// Figures of the relay since it started; all zero while it is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TurnStats {
    /// Allocations at the moment.
    pub allocations: usize,
    /// Allocations ever made.
    pub allocations_opened: u64,
    /// Packets passed on from clients.
    pub packets_from_clients: u64,
    /// Their bytes, without headers.
    pub bytes_from_clients: u64,
    /// Packets passed on from peers.
    pub packets_from_peers: u64,
    /// Their bytes, without headers.
    pub bytes_from_peers: u64,
    /// Peers that must not be reached: answered 403, or a Send dropped.
    pub refused_peers: u64,
    /// Answers that asked for a credential (401) or for a newer nonce (438): each relay begins with one,
    /// and has another each hour.
    pub challenges: u64,
    /// Credentials that were wrong or had expired.
    pub refused_credentials: u64,
    /// Answers 486 and 508.
    pub refused_quota: u64,
    /// Answers to strangers not given: too many, or larger than what was asked.
    pub unanswered: u64,
    /// Packets without permission or channel.
    pub dropped_unpermitted: u64,
    /// Packets over the rate of their allocation.
    pub dropped_over_rate: u64,
}
