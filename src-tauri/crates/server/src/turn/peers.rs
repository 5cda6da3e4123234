//! Which peers a client may reach through the relay: the internet, and nothing behind this server.
//!
//! A relay is a machine inside somebody's network that sends what strangers tell it to. So every
//! address that IANA keeps for special purposes is refused, in each of its disguises, and so are the
//! server's own. The one thing of its own that a client may reach are other relays, and those are
//! served inside ([`super::relay`]), never through a socket.

mod ranges;

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// What may be reached besides the public internet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeerPolicy {
    /// Private networks: 10/8, 172.16/12, 192.168/16, 100.64/10 and `fc00::/7`. Loopback, link-local,
    /// multicast and all the rest stay refused, and so do this server's own addresses.
    pub allow_private: bool,
    /// Everything of this machine, loopback included. For tests and measurements on one machine:
    /// it opens every service that trusts the loopback.
    pub allow_same_host: bool,
}

/// Judges peers.
#[derive(Debug, Clone)]
pub struct PeerFilter {
    policy: PeerPolicy,
    own: Vec<IpAddr>,
    denied: Vec<IpNet>,
}

impl PeerFilter {
    /// `own` are the addresses of this machine, inside and outside of a NAT.
    #[must_use]
    pub fn new(policy: PeerPolicy, own: Vec<IpAddr>) -> Self {
        Self {
            policy,
            own,
            denied: Vec::new(),
        }
    }

    /// The machine's addresses changed.
    pub fn set_own(&mut self, own: Vec<IpAddr>) {
        self.own = own;
    }

    /// What stays closed besides, whatever the policy says: public addresses of machines that serve
    /// this one.
    pub fn set_denied(&mut self, denied: Vec<IpNet>) {
        self.denied = denied;
    }

    /// Whether a client may reach this.
    #[must_use]
    pub fn admits(&self, peer: SocketAddr) -> bool {
        if peer.port() == 0 || ranges::is_malformed(peer.ip()) || self.is_denied(peer.ip()) {
            return false;
        }
        if self.policy.allow_same_host && self.is_same_host(peer.ip()) {
            return true;
        }
        !self.is_own(peer.ip()) && self.is_admitted_range(peer.ip())
    }

    fn is_admitted_range(&self, ip: IpAddr) -> bool {
        match ranges::purpose_of(ip) {
            None => true,
            Some(ranges::Purpose::Private) => self.policy.allow_private,
            Some(ranges::Purpose::Special) => false,
        }
    }

    fn is_own(&self, ip: IpAddr) -> bool {
        self.own.contains(&ip)
    }

    fn is_denied(&self, ip: IpAddr) -> bool {
        self.denied.iter().any(|network| network.contains(&ip))
    }

    fn is_same_host(&self, ip: IpAddr) -> bool {
        ip.is_loopback() || self.is_own(ip)
    }
}

#[cfg(test)]
mod tests;
