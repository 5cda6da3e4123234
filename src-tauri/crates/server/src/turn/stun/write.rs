//! Writing a message into a buffer that is used again and again.

use std::net::SocketAddr;

use ring::hmac;

use super::{
    Class, HEADER_BYTES, MAGIC_COOKIE, Method, TransactionId, attribute, fingerprint_of, padded,
    xor_address_value,
};

/// A message being written. Its length is right after every call.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    transaction: TransactionId,
}

impl<'a> Writer<'a> {
    /// Starts a message; what was in the buffer is gone.
    pub fn new(
        out: &'a mut Vec<u8>,
        method: Method,
        class: Class,
        transaction: TransactionId,
    ) -> Self {
        out.clear();
        out.extend_from_slice(&kind(method, class).to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&MAGIC_COOKIE.to_be_bytes());
        out.extend_from_slice(&transaction);
        Self { out, transaction }
    }

    /// Any attribute.
    #[must_use]
    pub fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        let value = &value[..usize::from(length)];
        self.out.extend_from_slice(&kind.to_be_bytes());
        self.out.extend_from_slice(&length.to_be_bytes());
        self.out.extend_from_slice(value);
        let padding = padded(value.len()) - value.len();
        self.out.extend_from_slice(&[0; 3][..padding]);
        let length = self.out.len() - HEADER_BYTES;
        self.set_length(length);
        self
    }

    /// A number of 32 bits.
    #[must_use]
    pub fn number(self, kind: u16, value: u32) -> Self {
        self.attribute(kind, &value.to_be_bytes())
    }

    /// An address, hidden.
    #[must_use]
    pub fn xor_address(self, kind: u16, address: SocketAddr) -> Self {
        let (value, length) = xor_address_value(address, &self.transaction);
        self.attribute(kind, &value[..length])
    }

    /// ERROR-CODE, without its phrase: the number says it, and every byte of a reply to somebody
    /// unknown is a gift to whoever forged the sender.
    #[must_use]
    pub fn error(self, code: u16) -> Self {
        let class = u8::try_from(code / 100).unwrap_or(0);
        let number = u8::try_from(code % 100).unwrap_or(0);
        self.attribute(attribute::ERROR_CODE, &[0, 0, class, number])
    }

    /// MESSAGE-INTEGRITY over everything so far (section 14.5).
    #[must_use]
    pub fn integrity(mut self, key: &hmac::Key) -> Self {
        self.set_length(self.out.len() - HEADER_BYTES + 24);
        let tag = hmac::sign(key, self.out);
        self.attribute(attribute::MESSAGE_INTEGRITY, tag.as_ref())
    }

    /// FINGERPRINT over everything so far (section 14.7); nothing comes after it.
    pub fn fingerprint(mut self) {
        self.set_length(self.out.len() - HEADER_BYTES + 8);
        let value = fingerprint_of(self.out);
        let _ = self.number(attribute::FINGERPRINT, value);
    }

    fn set_length(&mut self, length: usize) {
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        self.out[2..4].copy_from_slice(&length.to_be_bytes());
    }
}

fn kind(method: Method, class: Class) -> u16 {
    let Method(method) = method;
    let class = match class {
        Class::Request => 0,
        Class::Indication => 0x0010,
        Class::Success => 0x0100,
        Class::Error => 0x0110,
    };
    (method & 0x000F) | ((method & 0x0070) << 1) | ((method & 0x0F80) << 2) | class
}
