//! How much one person, one address and all together may have.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::super::credentials::User;
use super::exchange::error;
use super::{Flow, Relay};

/// Whether an address may be reached is asked for an address and a port; any will do.
const ANY_PORT: u16 = 1;

impl Relay {
    /// Whether there may be one more allocation.
    pub(super) fn check_quota(&self, flow: Flow, user: &User) -> Result<(), u16> {
        let quotas = &self.config.quotas;
        let by_user = self.users.get(user.uid()).map_or(0, Vec::len);
        let by_address = self.addresses.of(flow.client.ip().into());
        if by_user >= quotas.allocations_per_user || by_address >= quotas.allocations_per_address {
            return Err(error::QUOTA_REACHED);
        }
        if self.allocations.len() >= quotas.allocations {
            return Err(error::INSUFFICIENT_CAPACITY);
        }
        Ok(())
    }

    /// Whether somebody may let these in as well.
    ///
    /// What counts are the addresses outside of this server that a person reaches, however many of
    /// their allocations let them in: somebody with two allocations, or with an old one beside that of
    /// an ICE restart, has the same peers in both. Relays of this server are not counted. They lead
    /// nowhere outside, are the one path that always exists, and come last among candidates, when
    /// those of a peer with many interfaces would have taken all places.
    pub(super) fn check_permissions(
        &self,
        now: Instant,
        user: &User,
        wanted: &[IpAddr],
    ) -> Result<(), u16> {
        let theirs = self.users.get(user.uid()).into_iter().flatten();
        let running = theirs
            .filter_map(|id| self.allocations.get(id))
            .filter(|allocation| allocation.expires_at > now);
        let mut reached: Vec<IpAddr> = running
            .flat_map(|allocation| allocation.permitted(now))
            .chain(wanted.iter().copied())
            .collect();
        reached.sort_unstable();
        reached.dedup();
        let is_outside = |ip: &&IpAddr| self.config.peers.admits(SocketAddr::new(**ip, ANY_PORT));
        let outside = reached.iter().filter(is_outside).count();
        match outside <= self.config.quotas.permissions {
            true => Ok(()),
            false => Err(error::INSUFFICIENT_CAPACITY),
        }
    }

    /// Takes back what may no longer be reached.
    pub(super) fn revoke(&mut self) {
        let peers = &self.config.peers;
        let own: HashSet<IpAddr> = self.by_relayed.keys().map(SocketAddr::ip).collect();
        for allocation in self.allocations.values_mut() {
            allocation.retain(
                |ip| own.contains(&ip) || peers.admits(SocketAddr::new(ip, ANY_PORT)),
                |peer| peers.admits(peer),
            );
        }
    }

    pub(super) fn count_refusal(&mut self, code: u16) {
        match code {
            error::QUOTA_REACHED | error::INSUFFICIENT_CAPACITY => self.stats.refused_quota += 1,
            error::FORBIDDEN => self.stats.refused_peers += 1,
            _ => {}
        }
    }
}
