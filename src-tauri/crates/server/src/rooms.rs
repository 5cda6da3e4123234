//! The rooms: who is in, who is kept a place, and who is told what. Sans-IO.
//!
//! Calls go in ([`Rooms::connected`], [`Rooms::heard`], [`Rooms::handle`], [`Rooms::broken`],
//! [`Rooms::handle_timeout`]), what to send and whom to close comes out of [`Rooms::poll_output`], in
//! the order in which it must leave. `now` is a parameter. Three invariants, checked by a model test:
//! a room holds at most two places; a uid belongs to one connection or one kept place; a message
//! reaches only the other member of the sender's room.
//!
//! One structure under one lock holds all rooms. Shards were rejected: a message costs a few hash
//! look-ups, and uids must be unique across rooms.

mod adopt;
mod cast;
mod forward;
mod identity;
mod join;
mod leave;
mod reserve;
mod room;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, CloseReason, ErrorCode, IceServer, ServerMessage};

use crate::address::{AddressCounts, AddressKey};
use crate::budget::AddressBudget;
pub(crate) use adopt::{MemberTicket, PlaceTicket};
pub(crate) use cast::Seat;
pub(crate) use identity::Claim;
use identity::{Connection, Holder};
use reserve::Reservation;
pub(crate) use room::Presence;
use room::Room;

/// A connection, named by the I/O around.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// What the I/O around must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send this to that connection.
    Send {
        /// Whom.
        to: ConnectionId,
        /// What.
        message: ServerMessage,
    },
    /// End that connection; it is no longer known here.
    Close {
        /// Which.
        connection: ConnectionId,
        /// With which code.
        reason: CloseReason,
    },
}

/// The settings of the rooms.
#[derive(Debug, Clone)]
pub struct RoomsConfig {
    /// How long the place of a broken connection is kept.
    pub resume_window: Duration,
    /// Handed out in `joined`.
    pub ice_servers: Vec<IceServer>,
    /// Joins that may fail in a minute, by address.
    pub failed_joins_per_minute: u32,
    /// Places kept at the same time for one address; `None` is without limit.
    pub max_kept_places_per_address: Option<usize>,
    /// Places kept at the same time for all; addresses are cheap (IPv6).
    pub max_kept_places: usize,
}

/// All rooms of a server.
#[derive(Debug)]
pub struct Rooms {
    config: RoomsConfig,
    connections: HashMap<ConnectionId, Connection>,
    /// By canonical room id. A room without places is removed at once.
    rooms: HashMap<Arc<str>, Room>,
    /// By canonical room id.
    reservations: HashMap<String, Reservation>,
    holders: HashMap<Arc<str>, Holder>,
    /// The canonical id of the room in which the place of a uid is kept. Not with the holders: they are many, and
    /// few of them are away.
    kept_rooms: HashMap<Arc<str>, Arc<str>>,
    failed_joins: AddressBudget,
    kept_places: AddressCounts,
    /// When which uid's kept place is given up.
    expiries: BTreeSet<(Instant, String)>,
    /// The uids whose connection or place changed, for the directory; empty without one.
    moved: VecDeque<String>,
    is_watched: bool,
    outputs: VecDeque<Output>,
}

impl Rooms {
    /// No rooms yet.
    #[must_use]
    pub fn new(config: RoomsConfig) -> Self {
        Self {
            failed_joins: AddressBudget::new(config.failed_joins_per_minute),
            config,
            connections: HashMap::new(),
            rooms: HashMap::new(),
            reservations: HashMap::new(),
            holders: HashMap::new(),
            kept_rooms: HashMap::new(),
            kept_places: AddressCounts::default(),
            expiries: BTreeSet::new(),
            moved: VecDeque::new(),
            is_watched: false,
            outputs: VecDeque::new(),
        }
    }

    /// A connection was opened.
    pub fn connected(&mut self, id: ConnectionId, address: AddressKey) {
        let connection = Connection {
            address,
            identity: None,
            room: None,
        };
        self.connections.insert(id, connection);
    }

    /// A frame with text came, whatever it says: the client has got what it was sent so far, as
    /// far as we can know, so the resume token it came back with is used up.
    pub fn heard(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else {
            return;
        };
        let (Some(key), Some(identity)) = (&connection.room, &connection.identity) else {
            return;
        };
        if let Some(member) = self
            .rooms
            .get_mut(key)
            .and_then(|room| room.member_mut(&identity.uid))
        {
            member.tokens.forget_previous();
        }
    }

    /// A checked message came from a connection.
    pub fn handle(&mut self, now: Instant, id: ConnectionId, message: ClientMessage) {
        if !self.connections.contains_key(&id) {
            return;
        }
        match message {
            ClientMessage::Join {
                room_id,
                uid,
                name,
                resume,
                resume_token,
                token: _,
            } => {
                let request = join::Request {
                    room_id,
                    uid,
                    name,
                    resume,
                    resume_token,
                };
                self.join(now, id, request);
            }
            ClientMessage::Offer(_)
            | ClientMessage::Answer(_)
            | ClientMessage::Candidate(_)
            | ClientMessage::MediaState { .. } => self.forward(id, message),
            ClientMessage::Leave { room_id, uid } => self.leave(id, room_id, &uid),
            // Without a directory beside them, rooms do not know these.
            ClientMessage::Login { .. }
            | ClientMessage::Logout
            | ClientMessage::Call { .. }
            | ClientMessage::Accept { .. }
            | ClientMessage::Decline { .. }
            | ClientMessage::Cancel { .. }
            | ClientMessage::CastOpen { .. }
            | ClientMessage::CastJoin { .. }
            | ClientMessage::Message(_)
            | ClientMessage::IceServers => {
                self.refuse(id, message.command(), ErrorCode::UnknownCommand);
            }
            ClientMessage::Keepalive => self.send(id, ServerMessage::Keepalive),
        }
    }

    /// A connection ended, by whatever cause.
    pub fn broken(&mut self, now: Instant, id: ConnectionId) {
        self.disconnect(now, id);
    }

    /// Gives up the places whose time is over.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.expire(now);
        self.failed_joins.forget_old(now);
    }

    /// When [`Rooms::handle_timeout`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let expiry = self.expiries.first().map(|(until, _)| *until);
        expiry
            .into_iter()
            .chain(self.failed_joins.next_cleaning())
            .min()
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Rooms with at least one place taken or kept.
    #[must_use]
    pub fn room_count(&self) -> usize {
        self.rooms.len()
    }

    /// Places taken or kept.
    #[must_use]
    pub fn member_count(&self) -> usize {
        self.rooms.values().map(Room::len).sum()
    }

    /// Handed out in `joined` and `login`.
    pub(crate) fn ice_servers(&self) -> Vec<IceServer> {
        self.config.ice_servers.clone()
    }

    /// Queues a message.
    pub(crate) fn send(&mut self, to: ConnectionId, message: ServerMessage) {
        self.outputs.push_back(Output::Send { to, message });
    }

    /// Queues an `error` in answer to a message.
    pub(crate) fn refuse(&mut self, to: ConnectionId, reference: &str, code: ErrorCode) {
        self.refuse_because(to, reference, code, explanation(code));
    }

    /// The same with words of its own.
    pub(crate) fn refuse_because(
        &mut self,
        to: ConnectionId,
        reference: &str,
        code: ErrorCode,
        explanation: &str,
    ) {
        let message = ServerMessage::Error {
            code,
            message: explanation.to_owned(),
            reference: Some(reference.to_owned()),
            id: None,
        };
        self.send(to, message);
    }
}

/// What a code says to a person.
pub(crate) fn explanation(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::UnknownCommand => "no message has this cmd",
        ErrorCode::BadMessage => "the message is malformed",
        ErrorCode::UidMismatch => "this connection is bound to another uid",
        ErrorCode::UidTaken => "this uid belongs to another session",
        ErrorCode::AlreadyInRoom => "leave the other room first",
        ErrorCode::NotInRoom => "you are not in this room",
        ErrorCode::NoSuchPeer => "nobody else with this uid is here",
        ErrorCode::RateLimited => "too many tries; wait a minute",
        ErrorCode::TooLarge => "the message is too large",
        ErrorCode::Unavailable => "the other person is away; try again when they are back",
        ErrorCode::CastRefused => "the code was not accepted",
        ErrorCode::NotAllowed => "you are not admitted here",
        ErrorCode::ServerDraining => "the server is about to stop",
        ErrorCode::Unknown => "refused",
    }
}
