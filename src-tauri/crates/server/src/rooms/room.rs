//! One room: at most two places, in the order they were taken.

use std::sync::Arc;
use std::time::Instant;

use duet_protocol::CastRole;
use duet_protocol::limits::ROOM_PLACES;

use super::ConnectionId;
use crate::address::AddressKey;
use crate::tokens::ResumeTokens;

/// The places of one room. The first is the elder's, who makes the first offer.
#[derive(Debug, Default)]
pub(super) struct Room {
    members: Vec<Member>,
}

/// Somebody who holds a place.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) uid: Arc<str>,
    pub(super) name: Option<Arc<str>>,
    /// The room id as this member spelled it.
    pub(super) room_id: Arc<str>,
    pub(super) presence: Presence,
    /// Whether the place is kept when the connection breaks.
    pub(super) resume: bool,
    pub(super) tokens: ResumeTokens,
    /// Candidates sent since the last description this member sent.
    pub(super) candidates: u32,
    /// What the member is in the room of a cast.
    pub(super) role: Option<CastRole>,
}

/// Whether somebody who holds a place, or is logged in, is there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Over this connection.
    Here(ConnectionId),
    /// The connection broke; the place is kept. In a box, as most are here.
    Away(Box<Keeping>),
}

/// What is kept for somebody whose connection broke.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Keeping {
    pub(crate) until: Instant,
    /// Whom it counts for.
    pub(crate) address: AddressKey,
}

impl Room {
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    pub(super) fn into_members(self) -> Vec<Member> {
        self.members
    }

    /// Puts this member before the other, where it was before the room came here from another node.
    pub(super) fn make_elder(&mut self, uid: &str) {
        self.members.sort_by_key(|member| *member.uid != *uid);
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
        // Two, and not the four that a list begins with: there are many rooms.
        self.members.reserve_exact(ROOM_PLACES - self.members.len());
        self.members.push(member);
    }

    pub(super) fn remove(&mut self, uid: &str) -> Option<Member> {
        let index = self.members.iter().position(|member| *member.uid == *uid)?;
        Some(self.members.remove(index))
    }

    pub(super) fn member(&self, uid: &str) -> Option<&Member> {
        self.members.iter().find(|member| *member.uid == *uid)
    }

    pub(super) fn member_mut(&mut self, uid: &str) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| *member.uid == *uid)
    }

    pub(super) fn other(&self, uid: &str) -> Option<&Member> {
        self.members.iter().find(|member| *member.uid != *uid)
    }

    /// Whether this member came before the other.
    pub(super) fn is_elder(&self, uid: &str) -> bool {
        self.members
            .first()
            .is_some_and(|member| *member.uid == *uid)
    }
}

impl Member {
    /// Its connection, unless it is away.
    pub(super) fn connection(&self) -> Option<ConnectionId> {
        self.presence.connection()
    }
}

impl Presence {
    /// The connection broke.
    pub(crate) fn away(until: Instant, address: AddressKey) -> Self {
        Self::Away(Box::new(Keeping { until, address }))
    }

    /// The connection, unless it broke.
    pub(crate) fn connection(&self) -> Option<ConnectionId> {
        match self {
            Self::Here(connection) => Some(*connection),
            Self::Away(_) => None,
        }
    }
}
