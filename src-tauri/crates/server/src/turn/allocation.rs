//! One relay: whom it belongs to, whom it lets in, and by which short names.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::credentials::User;
use super::relay::Flow;
use super::stun::TransactionId;
use super::traffic::Allowance;

/// RFC 8656 section 9.
const PERMISSION_LIFETIME: Duration = Duration::from_secs(300);
/// RFC 8656 section 12.
const CHANNEL_LIFETIME: Duration = Duration::from_secs(600);

/// An allocation (RFC 8656 section 6). Permissions and channels are few, so they are lists: shorter
/// to search than a hash is to compute.
#[derive(Debug)]
pub(super) struct Allocation {
    pub(super) flow: Flow,
    pub(super) user: User,
    /// The relay's address as peers see it.
    pub(super) relayed: SocketAddr,
    /// The Allocate that made it, for when it comes again because our answer was lost.
    pub(super) transaction: TransactionId,
    /// What that answer said.
    pub(super) first_lifetime: Duration,
    pub(super) expires_at: Instant,
    pub(super) from_client: Allowance,
    pub(super) from_peers: Allowance,
    permissions: Vec<Permission>,
    channels: Vec<Channel>,
}

#[derive(Debug)]
struct Permission {
    ip: IpAddr,
    expires_at: Instant,
}

/// A peer with a short name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Channel {
    pub(super) number: u16,
    pub(super) peer: SocketAddr,
    /// The peer is another relay of this server.
    pub(super) is_inside: bool,
    expires_at: Instant,
}

/// What an allocation is made of.
pub(super) struct Opening {
    pub(super) flow: Flow,
    pub(super) user: User,
    pub(super) relayed: SocketAddr,
    pub(super) transaction: TransactionId,
    pub(super) lifetime: Duration,
    pub(super) bytes_per_second: Option<u32>,
}

/// Why there is no channel.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BindError {
    /// The number or the peer is bound otherwise.
    Conflict,
    /// Too many.
    Full,
}

impl Allocation {
    pub(super) fn new(now: Instant, opening: Opening) -> Self {
        Self {
            flow: opening.flow,
            user: opening.user,
            relayed: opening.relayed,
            transaction: opening.transaction,
            first_lifetime: opening.lifetime,
            expires_at: now + opening.lifetime,
            from_client: Allowance::new(opening.bytes_per_second, now),
            from_peers: Allowance::new(opening.bytes_per_second, now),
            permissions: Vec::new(),
            channels: Vec::new(),
        }
    }

    pub(super) fn permits(&self, now: Instant, ip: IpAddr) -> bool {
        self.permissions
            .iter()
            .any(|permission| permission.ip == ip && permission.expires_at > now)
    }

    /// The addresses that are let in, by a permission or a channel.
    pub(super) fn permitted(&self, now: Instant) -> impl Iterator<Item = IpAddr> + '_ {
        let permissions = self.permissions.iter();
        let permissions = permissions.map(|permission| (permission.ip, permission.expires_at));
        let channels = self.channels.iter();
        let channels = channels.map(|channel| (channel.peer.ip(), channel.expires_at));
        let running = permissions.chain(channels);
        running
            .filter(move |(_, expires_at)| *expires_at > now)
            .map(|(ip, _)| ip)
    }

    /// Lets these addresses in, for as long as permissions last.
    pub(super) fn grant(&mut self, now: Instant, ips: &[IpAddr]) {
        let expires_at = now + PERMISSION_LIFETIME;
        self.permissions
            .retain(|permission| permission.expires_at > now);
        for &ip in ips {
            let held = self.permissions.iter_mut().find(|held| held.ip == ip);
            match held {
                Some(held) => held.expires_at = expires_at,
                None => self.permissions.push(Permission { ip, expires_at }),
            }
        }
    }

    /// Keeps the permissions and channels that may be kept; channels to other relays of this server
    /// are not asked about.
    pub(super) fn retain(
        &mut self,
        may_permit: impl Fn(IpAddr) -> bool,
        may_bind: impl Fn(SocketAddr) -> bool,
    ) {
        self.permissions.retain(|held| may_permit(held.ip));
        self.channels
            .retain(|held| held.is_inside || may_bind(held.peer));
    }

    /// Binds or refreshes a channel, and lets its peer in (RFC 8656 section 12.2). Channels to relays of this
    /// server have a limit of their own: as with permissions, a peer with many addresses must not take
    /// the place of the one path that always exists.
    pub(super) fn bind(
        &mut self,
        now: Instant,
        number: u16,
        peer: SocketAddr,
        is_inside: bool,
        limit: usize,
    ) -> Result<(), BindError> {
        self.channels.retain(|channel| channel.expires_at > now);
        let is_conflict = self
            .channels
            .iter()
            .any(|channel| (channel.number == number) != (channel.peer == peer));
        if is_conflict {
            return Err(BindError::Conflict);
        }
        let held = self.channels.iter().position(|held| held.number == number);
        let alike = self.channels.iter();
        let alike = alike.filter(|channel| channel.is_inside == is_inside);
        if held.is_none() && alike.count() >= limit {
            return Err(BindError::Full);
        }
        self.grant(now, &[peer.ip()]);
        let channel = Channel {
            number,
            peer,
            is_inside,
            expires_at: now + CHANNEL_LIFETIME,
        };
        match held.and_then(|index| self.channels.get_mut(index)) {
            Some(held) => *held = channel,
            None => self.channels.push(channel),
        }
        Ok(())
    }

    /// The channel with this number.
    pub(super) fn channel(&self, now: Instant, number: u16) -> Option<Channel> {
        self.channels
            .iter()
            .find(|channel| channel.number == number && channel.expires_at > now)
            .copied()
    }

    /// The channel of this peer. It also counts as a permission: who keeps a channel wants its data,
    /// and some clients refresh it less often than permissions last.
    pub(super) fn channel_of(&self, now: Instant, peer: SocketAddr) -> Option<u16> {
        self.channels
            .iter()
            .find(|channel| channel.peer == peer && channel.expires_at > now)
            .map(|channel| channel.number)
    }

    /// Entries held.
    pub(super) fn entries(&self) -> usize {
        self.permissions.len() + self.channels.len()
    }
}
