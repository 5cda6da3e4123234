//! One room: at most two places, in the order they were taken.

use std::time::Instant;

use duet_protocol::generate_token;
use duet_protocol::limits::ROOM_PLACES;

use super::ConnectionId;
use crate::address::AddressKey;

/// The places of one room. The first is the elder's, who makes the first offer.
#[derive(Debug, Default)]
pub(super) struct Room {
    members: Vec<Member>,
}

/// Somebody who holds a place.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) uid: String,
    pub(super) name: Option<String>,
    /// The room id as this member spelled it.
    pub(super) room_id: String,
    pub(super) presence: Presence,
    /// Whether the place is kept when the connection breaks.
    pub(super) resume: bool,
    pub(super) tokens: ResumeTokens,
    /// Candidates sent since the last description this member sent.
    pub(super) candidates: u32,
}

/// Whether a member is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// Over this connection.
    Here(ConnectionId),
    /// The connection broke; the place is kept.
    Away { until: Instant, address: AddressKey },
}

impl Room {
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.members.len() >= ROOM_PLACES
    }

    /// People in it, as the messages count them.
    pub(super) fn user_num(&self) -> u8 {
        u8::try_from(self.members.len()).unwrap_or(u8::MAX)
    }

    /// Takes the next place; the caller has checked that there is one.
    pub(super) fn admit(&mut self, member: Member) {
        assert!(!self.is_full(), "a room holds two");
        self.members.push(member);
    }

    pub(super) fn remove(&mut self, uid: &str) -> Option<Member> {
        let index = self.members.iter().position(|member| member.uid == uid)?;
        Some(self.members.remove(index))
    }

    pub(super) fn member(&self, uid: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.uid == uid)
    }

    pub(super) fn member_mut(&mut self, uid: &str) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.uid == uid)
    }

    pub(super) fn other(&self, uid: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.uid != uid)
    }

    /// Whether this member came before the other.
    pub(super) fn is_elder(&self, uid: &str) -> bool {
        self.members.first().is_some_and(|member| member.uid == uid)
    }
}

impl Member {
    /// Its connection, unless it is away.
    pub(super) fn connection(&self) -> Option<ConnectionId> {
        match self.presence {
            Presence::Here(connection) => Some(connection),
            Presence::Away { .. } => None,
        }
    }
}

/// The tokens that prove a place is ours: the one in the last `joined`, and, until the client is
/// heard again, the one it came with, in case that `joined` was lost.
#[derive(Debug)]
pub(super) struct ResumeTokens {
    current: String,
    previous: Option<String>,
}

impl ResumeTokens {
    pub(super) fn new() -> Self {
        Self {
            current: generate_token(),
            previous: None,
        }
    }

    pub(super) fn current(&self) -> &str {
        &self.current
    }

    /// Compares in constant time: a token is a secret.
    pub(super) fn admits(&self, presented: &str) -> bool {
        let is_current = is_equal(&self.current, presented);
        let is_previous = self
            .previous
            .as_deref()
            .is_some_and(|previous| is_equal(previous, presented));
        is_current | is_previous
    }

    /// A fresh one; `presented` stays good until [`Self::forget_previous`].
    pub(super) fn rotate(&mut self, presented: Option<&str>) {
        let fresh = generate_token();
        let replaced = std::mem::replace(&mut self.current, fresh);
        self.previous = Some(presented.map_or(replaced, str::to_owned));
    }

    pub(super) fn forget_previous(&mut self) {
        self.previous = None;
    }
}

fn is_equal(secret: &str, presented: &str) -> bool {
    let differing = secret
        .bytes()
        .zip(presented.bytes())
        .fold(0u8, |differing, (a, b)| differing | (a ^ b));
    secret.len() == presented.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presented_token_lives_until_the_client_is_heard() {
        let mut tokens = ResumeTokens::new();
        let first = tokens.current().to_owned();
        tokens.rotate(Some(&first));
        let second = tokens.current().to_owned();
        assert!(tokens.admits(&first) && tokens.admits(&second));
        tokens.forget_previous();
        assert!(!tokens.admits(&first) && tokens.admits(&second));
        assert!(!tokens.admits("") && !tokens.admits(&second[1..]));
    }

    #[test]
    fn at_most_two_tokens_are_good() {
        let mut tokens = ResumeTokens::new();
        let first = tokens.current().to_owned();
        tokens.rotate(Some(&first));
        let lost = tokens.current().to_owned();
        tokens.rotate(Some(&first));
        assert!(tokens.admits(&first));
        assert!(
            !tokens.admits(&lost),
            "it never reached the client that came with the first"
        );
    }
}
