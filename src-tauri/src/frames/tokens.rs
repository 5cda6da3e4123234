//! Single-use tokens for the frame socket.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a token may wait for its connection.
const LIFETIME: Duration = Duration::from_secs(30);
/// Tokens kept; a page asks for one at a time, so older ones are abandoned.
const KEPT: usize = 8;

/// The tokens that were issued and not used.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<VecDeque<(String, Instant)>>);

impl Tokens {
    /// A new token of 128 random bits.
    pub(super) fn issue(&self, now: Instant) -> Result<String, getrandom::Error> {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes)?;
        let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tokens.len() >= KEPT {
            tokens.pop_front();
        }
        tokens.push_back((token.clone(), now));
        Ok(token)
    }

    /// Takes the token out; true when it was there and fresh.
    pub(super) fn redeem(&self, token: &str, now: Instant) -> bool {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|(_, issued)| now.duration_since(*issued) < LIFETIME);
        match tokens.iter().position(|(known, _)| known == token) {
            Some(index) => tokens.remove(index).is_some(),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_once_and_not_after_its_time() {
        let tokens = Tokens::default();
        let now = Instant::now();
        let token = tokens.issue(now).expect("random bytes");
        assert!(!tokens.redeem("0123", now));
        assert!(tokens.redeem(&token, now));
        assert!(!tokens.redeem(&token, now));
        let late = tokens.issue(now).expect("random bytes");
        assert!(!tokens.redeem(&late, now + LIFETIME));
    }
}
