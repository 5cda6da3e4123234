//! Media on its way: Send and Data indications, ChannelData (RFC 8656 sections 11 and 12).

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Instant;

use super::super::stun::{
    HEADER_BYTES, MAGIC_COOKIE, Message, TransactionId, attribute, padded, read_xor_address,
    xor_address_value,
};
use super::exchange::is_unknown;
use super::{Flow, Reaction, Relay, RelayId};

const CHANNEL_HEADER_BYTES: usize = 4;
/// A Data indication without request and class bits: method 7, indication.
const DATA_INDICATION: [u8; 2] = [0x00, 0x17];

/// A Send indication: to whom, and where in the buffer the data lies.
pub(super) struct Send {
    peer: SocketAddr,
    payload: Range<usize>,
}

impl Send {
    /// None if something is missing, or must be understood and is not: nobody answers indications.
    pub(super) fn read(message: &Message<'_>, starts_at: usize) -> Option<Self> {
        if message.attributes().any(|(kind, _)| is_unknown(kind)) {
            return None;
        }
        let peer = message.attribute(attribute::XOR_PEER_ADDRESS)?;
        let data = message.position(attribute::DATA)?;
        Some(Self {
            peer: read_xor_address(peer, &message.transaction_id())?,
            payload: starts_at + data.start..starts_at + data.end,
        })
    }
}

impl Relay {
    pub(super) fn send(
        &mut self,
        now: Instant,
        flow: Flow,
        buffer: &mut [u8],
        send: Send,
    ) -> Reaction {
        let Some((id, allocation)) = self.running(now, flow) else {
            return Reaction::Nothing;
        };
        let is_permitted = allocation.permits(now, send.peer.ip());
        let Ok(is_inside) = self.judge(id, send.peer) else {
            self.stats.refused_peers += 1;
            return Reaction::Nothing;
        };
        if !is_permitted {
            self.stats.dropped_unpermitted += 1;
            return Reaction::Nothing;
        }
        self.pass_on(now, id, send.peer, is_inside, buffer, send.payload)
    }

    pub(super) fn channel_data(
        &mut self,
        now: Instant,
        flow: Flow,
        buffer: &mut [u8],
        datagram: Range<usize>,
    ) -> Reaction {
        let Some([a, b, c, d, rest @ ..]) = buffer.get(datagram.clone()) else {
            return Reaction::Nothing;
        };
        let number = u16::from_be_bytes([*a, *b]);
        let length = usize::from(u16::from_be_bytes([*c, *d]));
        if length > rest.len() {
            return Reaction::Nothing;
        }
        let Some((id, allocation)) = self.running(now, flow) else {
            return Reaction::Nothing;
        };
        let Some(channel) = allocation.channel(now, number) else {
            self.stats.dropped_unpermitted += 1;
            return Reaction::Nothing;
        };
        let start = datagram.start + CHANNEL_HEADER_BYTES;
        let payload = start..start + length;
        self.pass_on(now, id, channel.peer, channel.is_inside, buffer, payload)
    }

    fn pass_on(
        &mut self,
        now: Instant,
        id: RelayId,
        peer: SocketAddr,
        is_inside: bool,
        buffer: &mut [u8],
        payload: Range<usize>,
    ) -> Reaction {
        let Some(allocation) = self.allocations.get_mut(&id) else {
            return Reaction::Nothing;
        };
        if !allocation.from_client.take(now, payload.len()) {
            self.stats.dropped_over_rate += 1;
            return Reaction::Nothing;
        }
        let relayed = allocation.relayed;
        self.stats.packets_from_clients += 1;
        self.stats.bytes_from_clients += payload.len() as u64;
        if !is_inside {
            return Reaction::ToPeer {
                relay: id,
                peer,
                payload,
            };
        }
        // The other relay may be gone meanwhile; then this address is one of ours that nobody may
        // reach.
        let other = self.by_relayed.get(&peer).copied();
        let passed =
            other.and_then(|other| self.peer_datagram(now, other, relayed, buffer, payload));
        match passed {
            Some((flow, datagram)) => Reaction::ToClient { flow, datagram },
            None => Reaction::Nothing,
        }
    }

    /// A datagram came to the socket of a relay: `buffer[payload]`. Returns what to send to its
    /// client.
    pub fn peer_datagram(
        &mut self,
        now: Instant,
        relay: RelayId,
        from: SocketAddr,
        buffer: &mut [u8],
        payload: Range<usize>,
    ) -> Option<(Flow, Range<usize>)> {
        let allocation = self.allocations.get_mut(&relay)?;
        if allocation.expires_at <= now {
            return None;
        }
        let channel = allocation.channel_of(now, from);
        if channel.is_none() && !allocation.permits(now, from.ip()) {
            self.stats.dropped_unpermitted += 1;
            return None;
        }
        if !allocation.from_peers.take(now, payload.len()) {
            self.stats.dropped_over_rate += 1;
            return None;
        }
        let flow = allocation.flow;
        let length = payload.len() as u64;
        let datagram = match channel {
            Some(number) => wrap_channel(buffer, payload, number)?,
            None => {
                let transaction = self.name_indication();
                wrap_indication(buffer, payload, from, &transaction)?
            }
        };
        self.stats.packets_from_peers += 1;
        self.stats.bytes_from_peers += length;
        Some((flow, datagram))
    }

    /// Nobody answers an indication, so its name need not be a secret, only another one each time.
    fn name_indication(&mut self) -> TransactionId {
        self.next_indication = self.next_indication.wrapping_add(1);
        let mut transaction = *b"duet\0\0\0\0\0\0\0\0";
        transaction[4..].copy_from_slice(&self.next_indication.to_be_bytes());
        transaction
    }
}

/// Puts the header of ChannelData before the payload. Over UDP there is no padding (section 12.5).
fn wrap_channel(buffer: &mut [u8], payload: Range<usize>, number: u16) -> Option<Range<usize>> {
    let length = u16::try_from(payload.len()).ok()?;
    let start = payload.start.checked_sub(CHANNEL_HEADER_BYTES)?;
    let header = buffer.get_mut(start..payload.start)?;
    header[..2].copy_from_slice(&number.to_be_bytes());
    header[2..].copy_from_slice(&length.to_be_bytes());
    Some(start..payload.end)
}

/// Puts the header of a Data indication before the payload and padding behind it (section 11.4).
fn wrap_indication(
    buffer: &mut [u8],
    payload: Range<usize>,
    from: SocketAddr,
    transaction: &TransactionId,
) -> Option<Range<usize>> {
    let (address, address_length) = xor_address_value(from, transaction);
    let before = HEADER_BYTES + 4 + address_length + 4;
    let start = payload.start.checked_sub(before)?;
    let end = payload.start + padded(payload.len());
    let length = u16::try_from(end.checked_sub(start + HEADER_BYTES)?).ok()?;
    let data_length = u16::try_from(payload.len()).ok()?;
    buffer.get_mut(payload.end..end)?.fill(0);
    let header = buffer.get_mut(start..payload.start)?;
    header[..2].copy_from_slice(&DATA_INDICATION);
    header[2..4].copy_from_slice(&length.to_be_bytes());
    header[4..8].copy_from_slice(&MAGIC_COOKIE.to_be_bytes());
    header[8..20].copy_from_slice(transaction);
    let (peer, data) = header[HEADER_BYTES..].split_at_mut(4 + address_length);
    peer[..2].copy_from_slice(&attribute::XOR_PEER_ADDRESS.to_be_bytes());
    peer[2..4].copy_from_slice(&(address_length as u16).to_be_bytes());
    peer[4..].copy_from_slice(&address[..address_length]);
    data[..2].copy_from_slice(&attribute::DATA.to_be_bytes());
    data[2..].copy_from_slice(&data_length.to_be_bytes());
    Some(start..end)
}
