//! The STUN message format (RFC 8489 sections 5 and 14), as far as a TURN server and its tests
//! need it.
//!
//! Reading copies nothing and writing fills a buffer that the caller keeps, because a Send indication
//! is a packet of media. The codecs at hand (`rtc-stun`, `stun`) copy every attribute, and find
//! attributes behind MESSAGE-INTEGRITY, which RFC 8489 section 14.5 says to ignore.

mod address;
mod message;
mod write;

pub use address::{read_xor_address, xor_address_value};
pub use message::{Malformed, Message};
pub use write::Writer;

/// Bytes of the header of a message.
pub const HEADER_BYTES: usize = 20;
/// The fixed value in every message.
pub const MAGIC_COOKIE: u32 = 0x2112_A442;
/// Names a transaction.
pub type TransactionId = [u8; 12];

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method(pub u16);

impl Method {
    /// Asks for one's own address.
    pub const BINDING: Self = Self(0x001);
    /// Asks for a relay.
    pub const ALLOCATE: Self = Self(0x003);
    /// Keeps or ends it.
    pub const REFRESH: Self = Self(0x004);
    /// Data from the client to a peer.
    pub const SEND: Self = Self(0x006);
    /// Data from a peer to the client.
    pub const DATA: Self = Self(0x007);
    /// Lets a peer's address send.
    pub const CREATE_PERMISSION: Self = Self(0x008);
    /// Gives a peer a short name.
    pub const CHANNEL_BIND: Self = Self(0x009);
}

/// The four kinds of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Wants an answer.
    Request,
    /// Wants none.
    Indication,
    /// The answer: done.
    Success,
    /// The answer: refused.
    Error,
}

/// The numbers of attributes. Those below 0x8000 must be understood by who reads them.
pub mod attribute {
    /// Who asks.
    pub const USERNAME: u16 = 0x0006;
    /// HMAC-SHA1 of the message before it.
    pub const MESSAGE_INTEGRITY: u16 = 0x0008;
    /// Why not.
    pub const ERROR_CODE: u16 = 0x0009;
    /// What was not understood.
    pub const UNKNOWN_ATTRIBUTES: u16 = 0x000A;
    /// A channel.
    pub const CHANNEL_NUMBER: u16 = 0x000C;
    /// Seconds.
    pub const LIFETIME: u16 = 0x000D;
    /// The address of a peer.
    pub const XOR_PEER_ADDRESS: u16 = 0x0012;
    /// What is relayed.
    pub const DATA: u16 = 0x0013;
    /// Where the credentials are valid.
    pub const REALM: u16 = 0x0014;
    /// Proof of having heard the server lately.
    pub const NONCE: u16 = 0x0015;
    /// The relay's address.
    pub const XOR_RELAYED_ADDRESS: u16 = 0x0016;
    /// IPv4 or IPv6.
    pub const REQUESTED_ADDRESS_FAMILY: u16 = 0x0017;
    /// An even port, perhaps with the next one.
    pub const EVEN_PORT: u16 = 0x0018;
    /// UDP.
    pub const REQUESTED_TRANSPORT: u16 = 0x0019;
    /// Packets to peers must not be fragmented.
    pub const DONT_FRAGMENT: u16 = 0x001A;
    /// The client as the server sees it.
    pub const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    /// A port reserved before.
    pub const RESERVATION_TOKEN: u16 = 0x0022;
    /// A second family beside the first.
    pub const ADDITIONAL_ADDRESS_FAMILY: u16 = 0x8000;
    /// CRC-32 of the message before it.
    pub const FINGERPRINT: u16 = 0x8028;
}

/// A value padded to whole words.
#[must_use]
pub const fn padded(length: usize) -> usize {
    length.next_multiple_of(4)
}

fn fingerprint_of(covered: &[u8]) -> u32 {
    crc32fast::hash(covered) ^ 0x5354_554E
}

#[cfg(test)]
mod tests;
