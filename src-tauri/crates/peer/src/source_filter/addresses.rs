//! A small set of addresses that forgets the one unused for longest.

use std::net::SocketAddr;
use std::time::Instant;

/// Bounded; IPv4 addresses count the same whether mapped into IPv6 or not.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    entries: Vec<(SocketAddr, Instant)>,
    limit: usize,
}

impl Addresses {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            entries: Vec::new(),
            limit,
        }
    }

    pub(super) fn insert(&mut self, now: Instant, address: SocketAddr) {
        let address = canonical(address);
        if let Some(entry) = self.entries.iter_mut().find(|(known, _)| *known == address) {
            entry.1 = now;
            return;
        }
        if self.entries.len() >= self.limit {
            let used = self.entries.iter().enumerate();
            if let Some((oldest, _)) = used.min_by_key(|(_, (_, at))| *at) {
                self.entries.swap_remove(oldest);
            }
        }
        self.entries.push((address, now));
    }

    pub(super) fn contains(&self, address: SocketAddr) -> bool {
        let address = canonical(address);
        self.entries.iter().any(|(known, _)| *known == address)
    }
}

/// Without the mapping, scope and flow.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
