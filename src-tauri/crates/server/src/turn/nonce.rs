//! Nonces that cost no memory: the time and a keyed hash of it with the client's address.
//!
//! Twelve characters: three bytes of time in seconds, which come round after 194 days, and six of the
//! hash. Short, because the reply that carries one goes to somebody who has proved nothing yet.

use std::net::{IpAddr, SocketAddr};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::hmac;
use ring::rand::SystemRandom;

/// For how long a nonce is good.
const LIFETIME_S: u32 = 3_600;
const TIME_MASK: u32 = 0x00FF_FFFF;

/// Makes and judges nonces.
#[derive(Debug)]
pub(super) struct Nonces {
    key: hmac::Key,
}

impl Nonces {
    /// With a key of its own, forgotten with the server: a nonce is only a question of freshness.
    ///
    /// # Panics
    /// If the system has no randomness.
    pub(super) fn new() -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        Self {
            key: key.expect("the system's random source works"),
        }
    }

    /// A fresh one for this client. `now_s` counts from anywhere.
    pub(super) fn make(&self, now_s: u64, client: SocketAddr) -> String {
        let time_s = u32::try_from(now_s & u64::from(TIME_MASK)).unwrap_or(0);
        BASE64_URL_SAFE_NO_PAD.encode(self.bytes(time_s, client))
    }

    /// Whether it is one of ours, for this client, and not too old.
    pub(super) fn is_fresh(&self, nonce: &str, now_s: u64, client: SocketAddr) -> bool {
        let mut bytes = [0; 9];
        match BASE64_URL_SAFE_NO_PAD.decode_slice(nonce, &mut bytes) {
            Ok(9) => {}
            Ok(_) | Err(_) => return false,
        }
        let time_s = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        let now_s = u32::try_from(now_s & u64::from(TIME_MASK)).unwrap_or(0);
        let age_s = now_s.wrapping_sub(time_s) & TIME_MASK;
        age_s <= LIFETIME_S && self.bytes(time_s, client) == bytes
    }

    fn bytes(&self, time_s: u32, client: SocketAddr) -> [u8; 9] {
        let [_, time @ ..] = time_s.to_be_bytes();
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&time);
        match client.ip() {
            IpAddr::V4(v4) => context.update(&v4.octets()),
            IpAddr::V6(v6) => context.update(&v6.octets()),
        }
        context.update(&client.port().to_be_bytes());
        let tag = context.sign();
        let mut bytes = [0; 9];
        bytes[..3].copy_from_slice(&time);
        bytes[3..].copy_from_slice(&tag.as_ref()[..6]);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_for_an_hour_for_one_client() {
        let nonces = Nonces::new();
        let client = SocketAddr::from(([192, 0, 2, 1], 4_000));
        let nonce = nonces.make(1_000, client);
        assert_eq!(nonce.len(), 12);
        assert!(nonces.is_fresh(&nonce, 1_000, client));
        assert!(nonces.is_fresh(&nonce, 4_600, client));
        assert!(!nonces.is_fresh(&nonce, 4_601, client));
        // From the future: the clock never goes back.
        assert!(!nonces.is_fresh(&nonce, 999, client));
        let other_port = SocketAddr::from(([192, 0, 2, 1], 4_001));
        assert!(!nonces.is_fresh(&nonce, 1_000, other_port));
        assert!(!Nonces::new().is_fresh(&nonce, 1_000, client));
    }

    #[test]
    fn it_survives_the_round_of_its_clock() {
        let nonces = Nonces::new();
        let client = SocketAddr::from(([192, 0, 2, 1], 4_000));
        let nonce = nonces.make(u64::from(TIME_MASK) - 10, client);
        assert!(nonces.is_fresh(&nonce, u64::from(TIME_MASK) + 10, client));
    }

    #[test]
    fn what_is_no_nonce_is_not_fresh() {
        let nonces = Nonces::new();
        let client = SocketAddr::from(([192, 0, 2, 1], 4_000));
        for text in [
            "",
            "a",
            "AAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAA",
            "not base 64!",
            "äöü",
        ] {
            assert!(!nonces.is_fresh(text, 0, client), "{text}");
        }
    }
}
