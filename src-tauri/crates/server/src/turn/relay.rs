//! The relay's decisions. Sans-IO: datagrams and the time go in, what to send comes out.
//!
//! A datagram lies in a buffer with [`HEADROOM`] before and [`TAILROOM`] behind it. What is passed on
//! stays where it is: towards a peer the header is left away, towards a client one is written into
//! the headroom. So no packet of media is copied or allocated.
//!
//! The sockets of relays belong to the caller. [`Reaction::Open`] asks for one and
//! [`Relay::opened`] takes its address; [`Relay::poll_closed`] names those to close.
//!
//! Two clients may both be relayed by this server. Then the peer of each is an address of the server
//! itself, which the peer filter refuses; such packets go from one allocation to the other in here.
//! That works behind a NAT that does not turn packets around, and no socket is ever told to send
//! to this machine.

mod allocate;
mod auth;
mod data;
mod exchange;
mod quota;
mod requests;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use super::Now;
use super::allocation::Allocation;
use super::config::Quotas;
use super::credentials::Secrets;
use super::nonce::Nonces;
use super::peers::PeerFilter;
use super::reply_budget::ReplyBudget;
use super::stats::TurnStats;
use super::stun::{Class, Message, Method};
use crate::address::AddressCounts;
use exchange::Exchange;

pub use allocate::OpenRequest;

/// What a buffer has before a datagram: a Data indication's header with an IPv6 address.
pub const HEADROOM: usize = 48;
/// What it has behind: padding.
pub const TAILROOM: usize = 4;

/// Where a client is, and where it reached us: the 5-tuple.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    /// Which of our sockets.
    pub listener: u16,
    /// The client as we see it.
    pub client: SocketAddr,
    /// Over TCP or TLS: nobody can forge the sender, and nothing is lost that would be sent again.
    pub is_stream: bool,
}

/// An allocation, named once and never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelayId(u64);

/// What to do about a datagram of a client.
#[derive(Debug)]
pub enum Reaction {
    /// Nothing.
    Nothing,
    /// Send the reply back.
    Reply,
    /// Send these bytes of the buffer to a peer, from the socket of this relay.
    ToPeer {
        /// Which relay.
        relay: RelayId,
        /// To whom.
        peer: SocketAddr,
        /// What.
        payload: Range<usize>,
    },
    /// Send these bytes of the buffer to another client.
    ToClient {
        /// To whom.
        flow: Flow,
        /// What.
        datagram: Range<usize>,
    },
    /// Open a socket and call [`Relay::opened`].
    Open(Box<OpenRequest>),
}

/// What a relay is made with.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// See [`super::TurnConfig::realm`].
    pub realm: String,
    /// Who may use it.
    pub secrets: Secrets,
    /// Whom they may reach.
    pub peers: PeerFilter,
    /// How much they may have.
    pub quotas: Quotas,
    /// Whether relays with IPv6 addresses can be made.
    pub has_ipv6: bool,
    /// Whether relays with IPv4 addresses can be made.
    pub has_ipv4: bool,
}

/// All allocations of a server.
#[derive(Debug)]
pub struct Relay {
    config: RelayConfig,
    started_at: Instant,
    nonces: Nonces,
    replies: ReplyBudget,
    allocations: HashMap<RelayId, Allocation>,
    by_flow: HashMap<Flow, RelayId>,
    by_relayed: HashMap<SocketAddr, RelayId>,
    /// Allocations of each uid, and how many each address has; no entry for none.
    users: HashMap<Arc<str>, Vec<RelayId>>,
    addresses: AddressCounts,
    closed: Vec<RelayId>,
    next_id: u64,
    /// Names the next Data indication.
    next_indication: u64,
    stats: TurnStats,
}

impl Relay {
    /// No allocations yet.
    #[must_use]
    pub fn new(now: Instant, config: RelayConfig) -> Self {
        Self {
            config,
            started_at: now,
            nonces: Nonces::new(),
            replies: ReplyBudget::new(now),
            allocations: HashMap::new(),
            by_flow: HashMap::new(),
            by_relayed: HashMap::new(),
            users: HashMap::new(),
            addresses: AddressCounts::default(),
            closed: Vec::new(),
            next_id: 1,
            next_indication: 0,
            stats: TurnStats::default(),
        }
    }

    /// A datagram of a client came: `buffer[datagram]`. If the reaction is [`Reaction::Reply`], the
    /// reply is in `reply`, whatever was there before.
    pub fn client_datagram(
        &mut self,
        now: Now,
        flow: Flow,
        buffer: &mut [u8],
        datagram: Range<usize>,
        reply: &mut Vec<u8>,
    ) -> Reaction {
        let Some(bytes) = buffer.get(datagram.clone()) else {
            return Reaction::Nothing;
        };
        match bytes.first() {
            // Channels are told from messages by their first bits (RFC 8656 section 12).
            Some(0x40..=0x7F) => self.channel_data(now.instant, flow, buffer, datagram),
            Some(0x00..=0x3F) => {
                let Ok(message) = Message::parse(bytes) else {
                    return Reaction::Nothing;
                };
                if (message.class(), message.method()) == (Class::Indication, Method::SEND) {
                    let Some(send) = data::Send::read(&message, datagram.start) else {
                        return Reaction::Nothing;
                    };
                    return self.send(now.instant, flow, buffer, send);
                }
                self.request(Exchange::new(now, flow, &message, reply))
            }
            Some(_) | None => Reaction::Nothing,
        }
    }

    fn request(&mut self, mut exchange: Exchange<'_, '_>) -> Reaction {
        if exchange.message.class() != Class::Request {
            return Reaction::Nothing;
        }
        match exchange.message.method() {
            Method::BINDING => self.binding(&mut exchange),
            Method::ALLOCATE => {
                if let Some(request) = self.allocate(&mut exchange) {
                    return Reaction::Open(Box::new(request));
                }
            }
            Method::REFRESH => self.refresh(&mut exchange),
            Method::CREATE_PERMISSION => self.create_permission(&mut exchange),
            Method::CHANNEL_BIND => self.channel_bind(&mut exchange),
            Method(_) => {}
        }
        exchange.reaction()
    }

    /// Ends what nobody refreshed. Once a second is often enough.
    pub fn handle_timeout(&mut self, now: Instant) {
        let expired: Vec<RelayId> = self
            .allocations
            .iter()
            .filter(|(_, allocation)| allocation.expires_at <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in expired {
            self.close(id);
        }
    }

    /// The stream behind this flow has ended, and its relay ends with it.
    pub fn flow_closed(&mut self, flow: Flow) {
        if let Some(id) = self.by_flow.get(&flow).copied() {
            self.close(id);
        }
    }

    /// Whether this flow has a relay.
    #[must_use]
    pub fn has_relay(&self, now: Instant, flow: Flow) -> bool {
        self.running(now, flow).is_some()
    }

    /// A relay whose socket must be closed.
    pub fn poll_closed(&mut self) -> Option<RelayId> {
        self.closed.pop()
    }

    /// The secrets from now on. Running allocations stay.
    pub fn set_secrets(&mut self, secrets: Secrets) {
        self.config.secrets = secrets;
    }

    /// Whom clients may reach from now on. Channels and permissions that would lead elsewhere end.
    pub fn change_peers(&mut self, change: impl FnOnce(&mut PeerFilter)) {
        change(&mut self.config.peers);
        self.revoke();
    }

    /// What it counted.
    #[must_use]
    pub fn stats(&self) -> TurnStats {
        TurnStats {
            allocations: self.allocations.len(),
            ..self.stats
        }
    }

    /// The allocations at the moment.
    pub fn ids(&self) -> impl Iterator<Item = RelayId> + '_ {
        self.allocations.keys().copied()
    }

    /// Everything it remembers, in entries; tests see by it that strangers leave nothing behind.
    #[must_use]
    pub fn entries(&self) -> usize {
        let inside: usize = self.allocations.values().map(Allocation::entries).sum();
        let of_users: usize = self.users.values().map(Vec::len).sum();
        inside
            + of_users
            + self.allocations.len()
            + self.by_flow.len()
            + self.by_relayed.len()
            + self.users.len()
            + self.closed.len()
    }

    /// The allocation of a flow, if it has not expired.
    fn running(&self, now: Instant, flow: Flow) -> Option<(RelayId, &Allocation)> {
        let id = *self.by_flow.get(&flow)?;
        let allocation = self.allocations.get(&id)?;
        (allocation.expires_at > now).then_some((id, allocation))
    }

    fn close(&mut self, id: RelayId) {
        let Some(allocation) = self.allocations.remove(&id) else {
            return;
        };
        self.by_flow.remove(&allocation.flow);
        self.by_relayed.remove(&allocation.relayed);
        self.addresses.remove(allocation.flow.client.ip().into());
        let uid = allocation.user.uid();
        if let Some(theirs) = self.users.get_mut(uid) {
            theirs.retain(|other| *other != id);
            if theirs.is_empty() {
                self.users.remove(uid);
            }
        }
        self.closed.push(id);
    }
}
