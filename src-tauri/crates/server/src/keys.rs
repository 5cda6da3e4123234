//! Keys that an operator makes: for HMAC-SHA256 (RFC 2104), one of them, or two while they change.

use std::path::Path;

use ring::hmac;
use thiserror::Error;

/// The one in use, and one more during a change.
const MAX_KEYS: usize = 2;
/// Half as many random bytes in hexadecimal: as much as the HMAC is worth.
const MIN_KEY_BYTES: usize = 32;

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("cannot read the key: {0}")]
    Unreadable(#[from] std::io::Error),
    /// A key that could be guessed.
    #[error("a key has at least {MIN_KEY_BYTES} characters; make one with: openssl rand -hex 32")]
    TooShort,
    /// None, or too many.
    #[error("there is one key, or two during a change; a file has one a line")]
    Count,
}

/// The first one signs, and all are good.
#[derive(Debug, Clone)]
pub(crate) struct HmacKeys(Vec<hmac::Key>);

impl HmacKeys {
    /// One key, or two.
    pub(crate) fn new<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self, KeyError> {
        let keys = keys.into_iter().map(str::trim);
        let keys: Vec<&str> = keys.filter(|key| !key.is_empty()).collect();
        if keys.is_empty() || keys.len() > MAX_KEYS {
            return Err(KeyError::Count);
        }
        if keys.iter().any(|key| key.len() < MIN_KEY_BYTES) {
            return Err(KeyError::TooShort);
        }
        let keys = keys.iter();
        let keys = keys.map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()));
        Ok(Self(keys.collect()))
    }

    /// The lines of a file.
    pub(crate) fn read(path: &Path) -> Result<Self, KeyError> {
        Self::new(std::fs::read_to_string(path)?.lines())
    }

    /// Keys for one purpose, so that what is signed for one says nothing for another.
    pub(crate) fn derive(&self, purpose: &str) -> Self {
        let derived = self.0.iter().map(|key| {
            let own = hmac::sign(key, purpose.as_bytes());
            hmac::Key::new(hmac::HMAC_SHA256, own.as_ref())
        });
        Self(derived.collect())
    }

    /// Made with the first.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<hmac::Tag> {
        self.0.first().map(|key| hmac::sign(key, message))
    }

    /// Whether one of them made it. In constant time, and every key, so that the time tells nothing.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        let good = self.0.iter();
        let good = good.map(|key| hmac::verify(key, message, tag).is_ok());
        good.fold(false, |any, is_good| any | is_good)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";

    #[test]
    fn keys_that_can_be_guessed_are_none() {
        assert!(matches!(HmacKeys::new(["short"]), Err(KeyError::TooShort)));
        assert!(matches!(HmacKeys::new(["", " "]), Err(KeyError::Count)));
        let three = HmacKeys::new([KEY, KEY, KEY]);
        assert!(matches!(three, Err(KeyError::Count)));
    }

    #[test]
    fn the_first_signs_and_all_are_good() {
        let keys = |keys: &[&str]| HmacKeys::new(keys.iter().copied()).expect("keys");
        let both = keys(&[KEY, OTHER]);
        let tag = both.sign(b"m").expect("a key");
        assert!(both.verify(b"m", tag.as_ref()) && keys(&[KEY]).verify(b"m", tag.as_ref()));
        assert!(!keys(&[OTHER]).verify(b"m", tag.as_ref()));
        let old = keys(&[OTHER]).sign(b"m").expect("a key");
        assert!(both.verify(b"m", old.as_ref()) && !both.verify(b"n", old.as_ref()));
        // A key for one purpose is none for another.
        let derived = both.derive("p").sign(b"m").expect("a key");
        assert!(both.derive("p").verify(b"m", derived.as_ref()));
        assert!(!both.derive("q").verify(b"m", derived.as_ref()));
        assert!(!both.verify(b"m", derived.as_ref()));
    }
}
