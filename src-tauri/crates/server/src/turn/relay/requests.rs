//! Refresh, CreatePermission and ChannelBind (RFC 8656 sections 8, 10, 12): what the owner of an
//! allocation does with it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::super::allocation::BindError;
use super::super::credentials::User;
use super::super::stun::{Class, attribute, read_xor_address};
use super::allocate::{granted_lifetime, seconds};
use super::exchange::{Exchange, error, finish};
use super::{Relay, RelayId};

/// The numbers of channels: those of RFC 5766, for clients that know nothing newer. RFC 8656 section 12
/// ends at 0x4FFF for the sake of sockets that carry other protocols too; ours carries none.
const CHANNELS: std::ops::RangeInclusive<u16> = 0x4000..=0x7FFF;

impl Relay {
    pub(super) fn refresh(&mut self, exchange: &mut Exchange<'_, '_>) {
        let Some((user, id)) = self.owner(exchange) else {
            return;
        };
        let family = exchange
            .message
            .attribute(attribute::REQUESTED_ADDRESS_FAMILY);
        let Some(allocation) = self.allocations.get_mut(&id) else {
            return;
        };
        let own_family = if allocation.relayed.is_ipv4() { 1 } else { 2 };
        if family.is_some_and(|family| family.first() != Some(&own_family)) {
            return exchange.refuse(&user.key, error::PEER_FAMILY_MISMATCH);
        }
        let lifetime = match exchange.message.number(attribute::LIFETIME) {
            Some(0) => Duration::ZERO,
            asked_s => granted_lifetime(asked_s),
        };
        allocation.expires_at = exchange.now.instant + lifetime;
        if lifetime.is_zero() {
            self.close(id);
        }
        let is_marked = exchange.message.has_fingerprint();
        let writer = exchange.write(Class::Success);
        let writer = writer.number(attribute::LIFETIME, seconds(lifetime));
        finish(writer, Some(&user.key), is_marked);
    }

    pub(super) fn create_permission(&mut self, exchange: &mut Exchange<'_, '_>) {
        let Some((user, id)) = self.owner(exchange) else {
            return;
        };
        let now = exchange.now.instant;
        let granted = self.read_peers(exchange, id).and_then(|ips| {
            self.check_permissions(now, &user, &ips)?;
            let allocation = self.allocations.get_mut(&id);
            let allocation = allocation.ok_or(error::ALLOCATION_MISMATCH)?;
            allocation.grant(now, &ips);
            Ok(())
        });
        self.conclude(exchange, &user, granted);
    }

    pub(super) fn channel_bind(&mut self, exchange: &mut Exchange<'_, '_>) {
        let Some((user, id)) = self.owner(exchange) else {
            return;
        };
        let bound = self.bind_channel(exchange, &user, id);
        self.conclude(exchange, &user, bound);
    }

    fn bind_channel(
        &mut self,
        exchange: &Exchange<'_, '_>,
        user: &User,
        id: RelayId,
    ) -> Result<(), u16> {
        let message = exchange.message;
        let number = match message.attribute(attribute::CHANNEL_NUMBER) {
            Some([high, low, _, _]) => u16::from_be_bytes([*high, *low]),
            Some(_) | None => return Err(error::BAD_REQUEST),
        };
        let peer = message
            .attribute(attribute::XOR_PEER_ADDRESS)
            .and_then(|value| read_xor_address(value, &message.transaction_id()))
            .ok_or(error::BAD_REQUEST)?;
        if !CHANNELS.contains(&number) {
            return Err(error::BAD_REQUEST);
        }
        let is_inside = self.judge(id, peer)?;
        let now = exchange.now.instant;
        self.check_permissions(now, user, &[peer.ip()])?;
        let limit = self.config.quotas.channels;
        let allocation = self
            .allocations
            .get_mut(&id)
            .ok_or(error::ALLOCATION_MISMATCH)?;
        allocation
            .bind(now, number, peer, is_inside, limit)
            .map_err(|reason| match reason {
                BindError::Conflict => error::BAD_REQUEST,
                BindError::Full => error::INSUFFICIENT_CAPACITY,
            })
    }

    /// The addresses to let in: at least one, and all of them or none.
    fn read_peers(&self, exchange: &Exchange<'_, '_>, id: RelayId) -> Result<Vec<IpAddr>, u16> {
        let message = exchange.message;
        let transaction = message.transaction_id();
        let mut ips = Vec::new();
        for (kind, value) in message.attributes() {
            if kind == attribute::XOR_PEER_ADDRESS {
                let peer = read_xor_address(value, &transaction).ok_or(error::BAD_REQUEST)?;
                self.judge(id, peer)?;
                ips.push(peer.ip());
            }
        }
        if ips.is_empty() {
            return Err(error::BAD_REQUEST);
        }
        Ok(ips)
    }

    /// Whether a peer may be reached from this allocation; true if it is another relay of ours.
    pub(super) fn judge(&self, id: RelayId, peer: SocketAddr) -> Result<bool, u16> {
        let is_inside = self.by_relayed.contains_key(&peer);
        if !is_inside && !self.config.peers.admits(peer) {
            return Err(error::FORBIDDEN);
        }
        let relayed = self.allocations.get(&id).map(|found| found.relayed);
        let relayed = relayed.ok_or(error::ALLOCATION_MISMATCH)?;
        if relayed.is_ipv4() != peer.is_ipv4() {
            return Err(error::PEER_FAMILY_MISMATCH);
        }
        Ok(is_inside)
    }

    /// The user of a request and the allocation it is about. If there are none, the refusal is in
    /// the reply.
    fn owner(&mut self, exchange: &mut Exchange<'_, '_>) -> Option<(User, RelayId)> {
        let user = self.authenticate(exchange)?;
        if exchange.refuse_unknown_attributes(Some(&user.key)) {
            return None;
        }
        let running = self.running(exchange.now.instant, exchange.flow);
        let code = match running {
            None => error::ALLOCATION_MISMATCH,
            Some((_, found)) if found.user.username != user.username => error::WRONG_CREDENTIALS,
            Some((id, _)) => return Some((user, id)),
        };
        exchange.refuse(&user.key, code);
        None
    }

    fn conclude(&mut self, exchange: &mut Exchange<'_, '_>, user: &User, outcome: Result<(), u16>) {
        match outcome {
            Ok(()) => exchange.confirm(&user.key),
            Err(code) => {
                self.count_refusal(code);
                exchange.refuse(&user.key, code);
            }
        }
    }
}
