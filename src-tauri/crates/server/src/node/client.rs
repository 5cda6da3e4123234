//! What a home knows of its clients besides what its own exchange does.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use duet_protocol::ClientMessage;

use super::NodeId;
use crate::address::AddressKey;
use crate::exchange::{Key, LoginTicket};
use crate::rooms::{ConnectionId, PlaceTicket};

/// One client of ours.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) address: AddressKey,
    /// What another node bound its connection to.
    pub(super) uid: Option<String>,
    /// The token with which it was admitted to a closed server, for the next node that asks.
    pub(super) access_token: Option<String>,
    pub(super) place: Seat<PlaceTicket>,
    pub(super) login: Seat<LoginTicket>,
    /// By owner: one link serves both.
    pub(super) links: BTreeMap<NodeId, u64>,
    /// The `join` or `login` that is not answered yet; what comes after it waits.
    pub(super) waiting: Option<Waiting>,
    pub(super) queue: VecDeque<ClientMessage>,
    /// Calls that it heard of over a link.
    pub(super) calls: VecDeque<HeardCall>,
    /// The link to the node that keeps the code which it shows.
    pub(super) cast: Option<u64>,
    /// The other in the room of another node.
    pub(super) mate: Option<String>,
    /// Whom it sees in the lobby of another node: names by uid.
    pub(super) seen: BTreeMap<String, String>,
    /// It is being closed, and no longer listened to.
    pub(super) is_closed: bool,
}

/// Where a client has its place, or its login.
#[derive(Debug)]
pub(super) enum Seat<T> {
    /// If anywhere, in our own exchange.
    Here,
    /// In the exchange of the node at the end of this link.
    There {
        link: u64,
        /// What to carry it on with.
        ticket: T,
        /// The client has not been heard since the last answer, so its token before that still counts.
        owes_word: bool,
    },
}

/// A request whose owner is asked for, or asked.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) request: ClientMessage,
    pub(super) key: Key,
    pub(super) until: Instant,
    /// The link over which the owner was asked; `None` while we do not know it.
    pub(super) asked: Option<u64>,
}

/// A call by name in a lobby of another node.
#[derive(Debug)]
pub(super) struct HeardCall {
    pub(super) call_id: String,
    /// The canonical id.
    pub(super) room: String,
    pub(super) owner: NodeId,
    /// It rings still.
    pub(super) is_ringing: bool,
}

/// One of our links.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinkOut {
    pub(super) client: ConnectionId,
    pub(super) owner: NodeId,
}

impl Client {
    pub(super) fn new(address: AddressKey) -> Self {
        Self {
            address,
            uid: None,
            access_token: None,
            place: Seat::Here,
            login: Seat::Here,
            links: BTreeMap::new(),
            waiting: None,
            queue: VecDeque::new(),
            calls: VecDeque::new(),
            cast: None,
            mate: None,
            seen: BTreeMap::new(),
            is_closed: false,
        }
    }

    /// Notes a call that rings. More than a few are never of interest at once.
    pub(super) fn note_call(&mut self, call: HeardCall) {
        const REMEMBERED: usize = 4;
        self.calls.push_back(call);
        while self.calls.len() > REMEMBERED {
            self.calls.pop_front();
        }
    }

    /// Whether nothing goes over this link.
    pub(super) fn has_no_use_for(&self, link: u64, owner: NodeId) -> bool {
        let is_asked = self
            .waiting
            .as_ref()
            .is_some_and(|waiting| waiting.asked == Some(link));
        let is_ringing = |call: &HeardCall| call.owner == owner && call.is_ringing;
        self.place.link() != Some(link)
            && self.login.link() != Some(link)
            && self.cast != Some(link)
            && !is_asked
            && !self.calls.iter().any(is_ringing)
    }
}

impl<T> Seat<T> {
    pub(super) fn link(&self) -> Option<u64> {
        match self {
            Self::Here => None,
            Self::There { link, .. } => Some(*link),
        }
    }

    pub(super) fn ticket(&self) -> Option<&T> {
        match self {
            Self::Here => None,
            Self::There { ticket, .. } => Some(ticket),
        }
    }

    pub(super) fn ticket_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Here => None,
            Self::There { ticket, .. } => Some(ticket),
        }
    }

    /// True once after each answer.
    pub(super) fn take_owed_word(&mut self) -> Option<u64> {
        match self {
            Self::There {
                link,
                owes_word: owes_word @ true,
                ..
            } => {
                *owes_word = false;
                Some(*link)
            }
            Self::Here | Self::There { .. } => None,
        }
    }
}
