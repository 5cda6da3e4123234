//! Allocate (RFC 8656 section 7).

use std::net::SocketAddr;
use std::time::Duration;

use super::super::Now;
use super::super::allocation::{Allocation, Opening};
use super::super::credentials::User;
use super::super::stun::{Class, Method, TransactionId, Writer, attribute};
use super::exchange::{Exchange, error, finish};
use super::{Flow, Relay, RelayId};

const DEFAULT_LIFETIME_S: u32 = 600;
const MAX_LIFETIME_S: u32 = 3_600;
const UDP: u8 = 17;
const FAMILY_V4: u8 = 1;
const FAMILY_V6: u8 = 2;

/// An Allocate that is granted as soon as there is a socket for it.
#[derive(Debug)]
pub struct OpenRequest {
    flow: Flow,
    user: User,
    transaction: TransactionId,
    lifetime: Duration,
    is_marked: bool,
    is_ipv6: bool,
    wants_even_port: bool,
}

impl OpenRequest {
    /// Who asks, and where.
    #[must_use]
    pub fn flow(&self) -> Flow {
        self.flow
    }

    /// The family of the relay's address; else IPv4.
    #[must_use]
    pub fn is_ipv6(&self) -> bool {
        self.is_ipv6
    }

    /// Whether its port must be even.
    #[must_use]
    pub fn wants_even_port(&self) -> bool {
        self.wants_even_port
    }
}

/// What an Allocate asks for.
struct Wish {
    is_ipv6: bool,
    wants_even_port: bool,
    lifetime: Duration,
}

impl Relay {
    pub(super) fn allocate(&mut self, exchange: &mut Exchange<'_, '_>) -> Option<OpenRequest> {
        let user = self.authenticate(exchange)?;
        if self.answer_again(exchange, &user) || exchange.refuse_unknown_attributes(Some(&user.key))
        {
            return None;
        }
        let wish = self.read_wish(exchange).and_then(|wish| {
            self.check_quota(exchange.flow, &user)?;
            Ok(wish)
        });
        match wish {
            Ok(wish) => Some(OpenRequest {
                flow: exchange.flow,
                user,
                transaction: exchange.message.transaction_id(),
                lifetime: wish.lifetime,
                is_marked: exchange.message.has_fingerprint(),
                is_ipv6: wish.is_ipv6,
                wants_even_port: wish.wants_even_port,
            }),
            Err(code) => {
                self.count_refusal(code);
                exchange.refuse(&user.key, code);
                None
            }
        }
    }

    /// The socket that a request asked for is there, or not; its address is the one to tell peers.
    /// The reply is in `reply`.
    pub fn opened(
        &mut self,
        now: Now,
        request: OpenRequest,
        relayed: Option<SocketAddr>,
        reply: &mut Vec<u8>,
    ) -> Option<RelayId> {
        let is_marked = request.is_marked;
        let (flow, transaction) = (request.flow, request.transaction);
        let key = request.user.key.clone();
        // Nothing else can have come between, unless the caller mixes requests; then the first wins.
        let free = relayed.filter(|relayed| {
            !self.by_flow.contains_key(&flow) && !self.by_relayed.contains_key(relayed)
        });
        let Some(relayed) = free else {
            self.count_refusal(error::INSUFFICIENT_CAPACITY);
            let writer = Writer::new(reply, Method::ALLOCATE, Class::Error, transaction);
            let writer = writer.error(error::INSUFFICIENT_CAPACITY);
            finish(writer, Some(&key), is_marked);
            return None;
        };
        let lifetime = request.lifetime;
        let id = self.admit(now, request, relayed);
        let writer = Writer::new(reply, Method::ALLOCATE, Class::Success, transaction);
        let writer = describe(writer, relayed, flow.client, lifetime);
        finish(writer, Some(&key), is_marked);
        Some(id)
    }

    fn admit(&mut self, now: Now, request: OpenRequest, relayed: SocketAddr) -> RelayId {
        let id = RelayId(self.next_id);
        self.next_id += 1;
        let OpenRequest { flow, user, .. } = request;
        let theirs = self.users.entry(user.uid().into());
        theirs.or_default().push(id);
        self.addresses.add(flow.client.ip().into());
        self.by_flow.insert(flow, id);
        self.by_relayed.insert(relayed, id);
        let opening = Opening {
            flow,
            user,
            relayed,
            transaction: request.transaction,
            lifetime: request.lifetime,
            bytes_per_second: self.config.quotas.bytes_per_second,
        };
        self.allocations
            .insert(id, Allocation::new(now.instant, opening));
        self.stats.allocations_opened += 1;
        id
    }

    /// A flow has one allocation. The request that made it gets its answer once more, as the first
    /// one may be lost; another one is refused (section 7.2).
    fn answer_again(&mut self, exchange: &mut Exchange<'_, '_>, user: &User) -> bool {
        let flow = exchange.flow;
        if let Some((_, allocation)) = self.running(exchange.now.instant, flow) {
            let is_same = allocation.transaction == exchange.message.transaction_id()
                && allocation.user.username == user.username;
            if is_same {
                let (relayed, lifetime) = (allocation.relayed, allocation.first_lifetime);
                let is_marked = exchange.message.has_fingerprint();
                let writer = exchange.write(Class::Success);
                let writer = describe(writer, relayed, flow.client, lifetime);
                finish(writer, Some(&user.key), is_marked);
            } else {
                exchange.refuse(&user.key, error::ALLOCATION_MISMATCH);
            }
            return true;
        }
        // One that expired a moment ago makes way.
        if let Some(id) = self.by_flow.get(&flow).copied() {
            self.close(id);
        }
        false
    }

    fn read_wish(&self, exchange: &Exchange<'_, '_>) -> Result<Wish, u16> {
        let message = exchange.message;
        match message.attribute(attribute::REQUESTED_TRANSPORT) {
            Some([UDP, _, _, _]) => {}
            Some([_, _, _, _]) => return Err(error::TRANSPORT_NOT_SUPPORTED),
            Some(_) | None => return Err(error::BAD_REQUEST),
        }
        let token = message.attribute(attribute::RESERVATION_TOKEN);
        let even = message.attribute(attribute::EVEN_PORT);
        let family = message.attribute(attribute::REQUESTED_ADDRESS_FAMILY);
        let additional = message.attribute(attribute::ADDITIONAL_ADDRESS_FAMILY);
        if token.is_some() && (even.is_some() || family.is_some() || additional.is_some())
            || family.is_some() && additional.is_some()
        {
            return Err(error::BAD_REQUEST);
        }
        let wants_even_port = match even {
            None => false,
            Some([0]) => true,
            // We keep no ports in reserve, so there is no next one and no token that could be right.
            Some([_]) => return Err(error::INSUFFICIENT_CAPACITY),
            Some(_) => return Err(error::BAD_REQUEST),
        };
        if token.is_some() {
            return Err(error::INSUFFICIENT_CAPACITY);
        }
        Ok(Wish {
            is_ipv6: self.read_family(family)?,
            wants_even_port,
            lifetime: granted_lifetime(message.number(attribute::LIFETIME)),
        })
    }

    fn read_family(&self, family: Option<&[u8]>) -> Result<bool, u16> {
        let is_ipv6 = match family {
            None | Some([FAMILY_V4, _, _, _]) => false,
            Some([FAMILY_V6, _, _, _]) => true,
            Some([_, _, _, _]) => return Err(error::FAMILY_NOT_SUPPORTED),
            Some(_) => return Err(error::BAD_REQUEST),
        };
        let is_there = match is_ipv6 {
            true => self.config.has_ipv6,
            false => self.config.has_ipv4,
        };
        is_there
            .then_some(is_ipv6)
            .ok_or(error::FAMILY_NOT_SUPPORTED)
    }
}

/// At least ten minutes, at most an hour (section 7.2).
pub(super) fn granted_lifetime(asked_s: Option<u32>) -> Duration {
    let asked_s = asked_s.unwrap_or(0);
    Duration::from_secs(asked_s.clamp(DEFAULT_LIFETIME_S, MAX_LIFETIME_S).into())
}

/// The lifetime as an attribute carries it.
pub(super) fn seconds(lifetime: Duration) -> u32 {
    u32::try_from(lifetime.as_secs()).unwrap_or(MAX_LIFETIME_S)
}

fn describe(
    writer: Writer<'_>,
    relayed: SocketAddr,
    client: SocketAddr,
    lifetime: Duration,
) -> Writer<'_> {
    writer
        .xor_address(attribute::XOR_RELAYED_ADDRESS, relayed)
        .number(attribute::LIFETIME, seconds(lifetime))
        .xor_address(attribute::XOR_MAPPED_ADDRESS, client)
}
