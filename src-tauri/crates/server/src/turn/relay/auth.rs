//! Who asks (the long-term mechanism, RFC 8489 section 9.2), and what somebody unknown gets: little,
//! and seldom, for the sender of a datagram is easily forged.

use super::super::credentials::User;
use super::super::stun::{Class, attribute};
use super::exchange::{Exchange, error, finish};
use super::{Flow, Relay};

impl Relay {
    /// A client asks how it is seen (RFC 8489 section 3).
    pub(super) fn binding(&mut self, exchange: &mut Exchange<'_, '_>) {
        if exchange.refuse_unknown_attributes(None) {
            return self.answer_stranger(exchange);
        }
        let is_marked = exchange.message.has_fingerprint();
        let client = exchange.flow.client;
        let writer = exchange.write(Class::Success);
        let writer = writer.xor_address(attribute::XOR_MAPPED_ADDRESS, client);
        finish(writer, None, is_marked);
        if !is_modest(exchange) {
            exchange.reply.clear();
        }
    }

    /// The user behind a request. If there is none, the refusal is in the reply.
    pub(super) fn authenticate(&mut self, exchange: &mut Exchange<'_, '_>) -> Option<User> {
        let message = exchange.message;
        if !message.has_integrity() {
            self.ask_for_credential(exchange, error::UNAUTHENTICATED);
            return None;
        }
        let (Some(username), Some(realm), Some(nonce)) = (
            message.text(attribute::USERNAME),
            message.text(attribute::REALM),
            message.text(attribute::NONCE),
        ) else {
            let writer = exchange.write(Class::Error);
            let _ = writer.error(error::BAD_REQUEST);
            self.answer_stranger(exchange);
            return None;
        };
        let now_s = self.nonce_clock(exchange);
        if !self.nonces.is_fresh(nonce, now_s, exchange.flow.client) {
            self.ask_for_credential(exchange, error::STALE_NONCE);
            return None;
        }
        let user = self.find_user(exchange, username, realm);
        if user.is_none() {
            self.stats.refused_credentials += 1;
            self.challenge(exchange, error::UNAUTHENTICATED);
        }
        user
    }

    /// The owner of a running allocation is known by the credential that made it, though that has
    /// expired meanwhile or its secret is gone. Everybody else needs one that is good now.
    fn find_user(&self, exchange: &Exchange<'_, '_>, username: &str, realm: &str) -> Option<User> {
        if realm != self.config.realm {
            return None;
        }
        let message = exchange.message;
        if let Some((_, allocation)) = self.running(exchange.now.instant, exchange.flow)
            && *allocation.user.username == *username
        {
            let user = &allocation.user;
            return message.is_authentic(&user.key).then(|| user.clone());
        }
        let secrets = &self.config.secrets;
        secrets.verify(username, realm, exchange.now.unix_s, |key| {
            message.is_authentic(key)
        })
    }

    /// What happens to every client, and is no refusal.
    fn ask_for_credential(&mut self, exchange: &mut Exchange<'_, '_>, code: u16) {
        self.challenge(exchange, code);
        self.stats.challenges += u64::from(!exchange.reply.is_empty());
    }

    /// Asks for credentials (RFC 8489 section 9.2.4).
    fn challenge(&mut self, exchange: &mut Exchange<'_, '_>, code: u16) {
        let nonce = self
            .nonces
            .make(self.nonce_clock(exchange), exchange.flow.client);
        let _ = exchange
            .write(Class::Error)
            .error(code)
            .attribute(attribute::REALM, self.config.realm.as_bytes())
            .attribute(attribute::NONCE, nonce.as_bytes());
        self.answer_stranger(exchange);
    }

    /// Lets the reply out only if it makes nobody a weapon of us: no larger than one and a half times
    /// what was asked, and ten a second to one address. In a stream the sender is not forged, and waits
    /// without asking again (RFC 8489 section 6.2.2).
    fn answer_stranger(&mut self, exchange: &mut Exchange<'_, '_>) {
        let Flow {
            client, is_stream, ..
        } = exchange.flow;
        let now = exchange.now.instant;
        let is_due =
            is_modest(exchange) && (is_stream || self.replies.take(now, client.ip().into()));
        if !is_due {
            self.stats.unanswered += 1;
            exchange.reply.clear();
        }
    }

    fn nonce_clock(&self, exchange: &Exchange<'_, '_>) -> u64 {
        let now = exchange.now.instant;
        now.saturating_duration_since(self.started_at).as_secs()
    }
}

/// Sizes are those on the wire, with the headers of IP and UDP: what a victim would get for what the
/// forger spends.
fn is_modest(exchange: &Exchange<'_, '_>) -> bool {
    let headers = if exchange.flow.client.is_ipv4() {
        28
    } else {
        48
    };
    let (asked, answered) = (exchange.message.len(), exchange.reply.len());
    exchange.flow.is_stream || 2 * (answered + headers) <= 3 * (asked + headers)
}
