//! A request and the reply to it.

use ring::hmac;

use super::super::Now;
use super::super::stun::{Class, Message, Writer, attribute};
use super::{Flow, Reaction};

/// The errors of RFC 8489 section 14.8 and RFC 8656 section 18 that we use.
pub(super) mod error {
    pub(crate) const BAD_REQUEST: u16 = 400;
    pub(crate) const UNAUTHENTICATED: u16 = 401;
    pub(crate) const FORBIDDEN: u16 = 403;
    pub(crate) const UNKNOWN_ATTRIBUTE: u16 = 420;
    pub(crate) const ALLOCATION_MISMATCH: u16 = 437;
    pub(crate) const STALE_NONCE: u16 = 438;
    pub(crate) const FAMILY_NOT_SUPPORTED: u16 = 440;
    pub(crate) const WRONG_CREDENTIALS: u16 = 441;
    pub(crate) const TRANSPORT_NOT_SUPPORTED: u16 = 442;
    pub(crate) const PEER_FAMILY_MISMATCH: u16 = 443;
    pub(crate) const QUOTA_REACHED: u16 = 486;
    pub(crate) const INSUFFICIENT_CAPACITY: u16 = 508;
}

/// What belongs to one request.
pub(super) struct Exchange<'a, 'm> {
    pub(super) now: Now,
    pub(super) flow: Flow,
    pub(super) message: &'a Message<'m>,
    /// Empty until there is something to say.
    pub(super) reply: &'a mut Vec<u8>,
}

impl<'a, 'm> Exchange<'a, 'm> {
    pub(super) fn new(
        now: Now,
        flow: Flow,
        message: &'a Message<'m>,
        reply: &'a mut Vec<u8>,
    ) -> Self {
        reply.clear();
        Self {
            now,
            flow,
            message,
            reply,
        }
    }

    pub(super) fn reaction(self) -> Reaction {
        if self.reply.is_empty() {
            Reaction::Nothing
        } else {
            Reaction::Reply
        }
    }

    /// Starts the reply.
    pub(super) fn write(&mut self, class: Class) -> Writer<'_> {
        let (method, transaction) = (self.message.method(), self.message.transaction_id());
        Writer::new(self.reply, method, class, transaction)
    }

    /// Refuses somebody known; the reply is signed.
    pub(super) fn refuse(&mut self, key: &hmac::Key, code: u16) {
        let is_marked = self.message.has_fingerprint();
        let writer = self.write(Class::Error).error(code);
        finish(writer, Some(key), is_marked);
    }

    /// Says that it is done, to somebody known.
    pub(super) fn confirm(&mut self, key: &hmac::Key) {
        let is_marked = self.message.has_fingerprint();
        finish(self.write(Class::Success), Some(key), is_marked);
    }

    /// Names the attributes that must be understood and are not (RFC 8489 section 6.3.1), to
    /// somebody known if there is a key. False if there are none.
    pub(super) fn refuse_unknown_attributes(&mut self, key: Option<&hmac::Key>) -> bool {
        let mut unknown = Vec::new();
        for (kind, _) in self.message.attributes() {
            // More than a few are no mistake, and the list is part of the reply.
            if is_unknown(kind) && unknown.len() < 8 {
                unknown.extend_from_slice(&kind.to_be_bytes());
            }
        }
        if unknown.is_empty() {
            return false;
        }
        let is_marked = self.message.has_fingerprint();
        let writer = self
            .write(Class::Error)
            .error(error::UNKNOWN_ATTRIBUTE)
            .attribute(attribute::UNKNOWN_ATTRIBUTES, &unknown);
        finish(writer, key, is_marked);
        true
    }
}

/// Signs and marks as the request was.
pub(super) fn finish(writer: Writer<'_>, key: Option<&hmac::Key>, is_marked: bool) {
    let writer = match key {
        Some(key) => writer.integrity(key),
        None => writer,
    };
    if is_marked {
        writer.fingerprint();
    }
}

/// DONT-FRAGMENT counts as unknown, as RFC 8656 section 7.2 wants it of servers that cannot.
pub(super) fn is_unknown(kind: u16) -> bool {
    let is_required = kind < 0x8000;
    is_required
        && !matches!(
            kind,
            attribute::USERNAME
                | attribute::MESSAGE_INTEGRITY
                | attribute::ERROR_CODE
                | attribute::UNKNOWN_ATTRIBUTES
                | attribute::CHANNEL_NUMBER
                | attribute::LIFETIME
                | attribute::XOR_PEER_ADDRESS
                | attribute::DATA
                | attribute::REALM
                | attribute::NONCE
                | attribute::XOR_RELAYED_ADDRESS
                | attribute::REQUESTED_ADDRESS_FAMILY
                | attribute::EVEN_PORT
                | attribute::REQUESTED_TRANSPORT
                | attribute::XOR_MAPPED_ADDRESS
                | attribute::RESERVATION_TOKEN
        )
}
