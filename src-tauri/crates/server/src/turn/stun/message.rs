//! Reading a message, in place.

use ring::hmac;

use super::{
    Class, HEADER_BYTES, MAGIC_COOKIE, Method, TransactionId, attribute, fingerprint_of, padded,
};

const ATTRIBUTE_HEADER_BYTES: usize = 4;
const INTEGRITY_BYTES: usize = 20;

/// A well-formed message inside a datagram.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    bytes: &'a [u8],
    method: Method,
    class: Class,
    /// Where the attributes end that count: at MESSAGE-INTEGRITY, or else at FINGERPRINT.
    end: usize,
    integrity: Option<&'a [u8]>,
    has_fingerprint: bool,
}

/// The datagram is no STUN message; it is dropped without a word (RFC 8489 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no STUN message")]
pub struct Malformed;

impl<'a> Message<'a> {
    /// Reads a whole datagram.
    ///
    /// # Errors
    /// [`Malformed`] if it is anything else than one message, or its FINGERPRINT is wrong.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (kind, length) = header(bytes)?;
        if length % 4 != 0 || HEADER_BYTES + length != bytes.len() {
            return Err(Malformed);
        }
        let mut message = Self {
            bytes,
            method: method_of(kind),
            class: class_of(kind),
            end: bytes.len(),
            integrity: None,
            has_fingerprint: false,
        };
        message.find_ends()?;
        Ok(message)
    }

    /// Walks all attributes once: their lengths are right, and what protects the message is found.
    fn find_ends(&mut self) -> Result<(), Malformed> {
        let mut at = HEADER_BYTES;
        while at < self.bytes.len() {
            let (kind, value, next) = attribute_at(self.bytes, at).ok_or(Malformed)?;
            match kind {
                attribute::MESSAGE_INTEGRITY if self.integrity.is_none() => {
                    if value.len() != INTEGRITY_BYTES {
                        return Err(Malformed);
                    }
                    self.integrity = Some(value);
                    self.end = at;
                }
                attribute::FINGERPRINT => {
                    // It is the last one (section 14.7), or not a fingerprint.
                    let claimed = <[u8; 4]>::try_from(value).map_err(|_| Malformed)?;
                    let is_last = next == self.bytes.len();
                    let computed = fingerprint_of(self.bytes.get(..at).ok_or(Malformed)?);
                    if !is_last || u32::from_be_bytes(claimed) != computed {
                        return Err(Malformed);
                    }
                    self.has_fingerprint = true;
                    self.end = self.end.min(at);
                }
                _ => {}
            }
            at = next;
        }
        Ok(())
    }

    /// What it is about.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// What kind of message it is.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// Its transaction.
    #[must_use]
    pub fn transaction_id(&self) -> TransactionId {
        let mut id = [0; 12];
        if let Some(bytes) = self.bytes.get(8..HEADER_BYTES) {
            id.copy_from_slice(bytes);
        }
        id
    }

    /// Its size on the wire.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Never: a message has a header.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether the sender marked it with a FINGERPRINT; its answer is marked as well.
    #[must_use]
    pub fn has_fingerprint(&self) -> bool {
        self.has_fingerprint
    }

    /// Whether it claims to be authentic.
    #[must_use]
    pub fn has_integrity(&self) -> bool {
        self.integrity.is_some()
    }

    /// The attributes that count, in their order.
    pub fn attributes(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let (bytes, end) = (self.bytes, self.end);
        let mut at = HEADER_BYTES;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let (kind, value, next) = attribute_at(bytes, at)?;
            at = next;
            Some((kind, value))
        })
    }

    /// The first attribute of a kind; later ones are ignored (RFC 8489 section 14).
    #[must_use]
    pub fn attribute(&self, kind: u16) -> Option<&'a [u8]> {
        self.attributes()
            .find(|(found, _)| *found == kind)
            .map(|(_, value)| value)
    }

    /// The same as text.
    #[must_use]
    pub fn text(&self, kind: u16) -> Option<&'a str> {
        std::str::from_utf8(self.attribute(kind)?).ok()
    }

    /// The same as a number of 32 bits.
    #[must_use]
    pub fn number(&self, kind: u16) -> Option<u32> {
        let value = <[u8; 4]>::try_from(self.attribute(kind)?).ok()?;
        Some(u32::from_be_bytes(value))
    }

    /// Where the value of an attribute lies in the datagram.
    #[must_use]
    pub fn position(&self, kind: u16) -> Option<std::ops::Range<usize>> {
        let mut at = HEADER_BYTES;
        while at < self.end {
            let (found, value, next) = attribute_at(self.bytes, at)?;
            let start = at + ATTRIBUTE_HEADER_BYTES;
            if found == kind {
                return Some(start..start + value.len());
            }
            at = next;
        }
        None
    }

    /// The number of an ERROR-CODE.
    #[must_use]
    pub fn error_code(&self) -> Option<u16> {
        match self.attribute(attribute::ERROR_CODE)? {
            [_, _, class, number, ..] => Some(u16::from(class & 7) * 100 + u16::from(*number)),
            _ => None,
        }
    }

    /// Whether MESSAGE-INTEGRITY is right under this key (section 14.5). In constant time.
    #[must_use]
    pub fn is_authentic(&self, key: &hmac::Key) -> bool {
        let (Some(tag), Some(before)) = (self.integrity, self.bytes.get(..self.end)) else {
            return false;
        };
        // The length counts as if the message ended with this attribute.
        let mut covered = before.to_vec();
        let length = self.end - HEADER_BYTES + ATTRIBUTE_HEADER_BYTES + INTEGRITY_BYTES;
        let Ok(length) = u16::try_from(length) else {
            return false;
        };
        covered[2..4].copy_from_slice(&length.to_be_bytes());
        hmac::verify(key, &covered, tag).is_ok()
    }
}

/// Type and length, if the fixed parts of the header are right.
fn header(bytes: &[u8]) -> Result<(u16, usize), Malformed> {
    let header = bytes.get(..HEADER_BYTES).ok_or(Malformed)?;
    let kind = u16::from_be_bytes([header[0], header[1]]);
    let length = u16::from_be_bytes([header[2], header[3]]);
    if kind & 0xC000 != 0 || header[4..8] != MAGIC_COOKIE.to_be_bytes() {
        return Err(Malformed);
    }
    Ok((kind, usize::from(length)))
}

/// Kind, value and where the next one begins; none if it does not fit.
fn attribute_at(bytes: &[u8], at: usize) -> Option<(u16, &[u8], usize)> {
    let head = bytes.get(at..at + ATTRIBUTE_HEADER_BYTES)?;
    let kind = u16::from_be_bytes([head[0], head[1]]);
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let start = at + ATTRIBUTE_HEADER_BYTES;
    let next = start + padded(length);
    if next > bytes.len() {
        return None;
    }
    Some((kind, bytes.get(start..start + length)?, next))
}

/// The twelve bits of the method lie around the two of the class (section 5).
fn method_of(kind: u16) -> Method {
    Method((kind & 0x000F) | ((kind & 0x00E0) >> 1) | ((kind & 0x3E00) >> 2))
}

fn class_of(kind: u16) -> Class {
    match (kind & 0x0100 != 0, kind & 0x0010 != 0) {
        (false, false) => Class::Request,
        (false, true) => Class::Indication,
        (true, false) => Class::Success,
        (true, true) => Class::Error,
    }
}
