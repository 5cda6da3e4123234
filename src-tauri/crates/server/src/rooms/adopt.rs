//! Places that move between the nodes of a cluster: out of the books of one, into those of another.
//!
//! Nobody may notice more than a break: tokens stay good, the order of the two stays what it was, and
//! whoever holds a place by a live connection here is never put out by one that comes from elsewhere.

use std::sync::Arc;
use std::time::Instant;

use duet_protocol::{CastRole, LeaveReason, RoomId, ServerMessage};
use serde::{Deserialize, Serialize};

use super::join::spelled;
use super::reserve::Reservation;
use super::room::{Member, Presence, Room};
use super::{ConnectionId, Rooms};
use crate::tokens::ResumeTokens;

/// What another node must know of a room to carry it on for one of its members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlaceTicket {
    /// The canonical id.
    pub(crate) key: String,
    /// Whose ticket it is; one of `members`.
    pub(crate) uid: String,
    /// In the order in which they came.
    pub(crate) members: Vec<MemberTicket>,
}

/// One place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MemberTicket {
    pub(crate) uid: String,
    pub(crate) name: Option<String>,
    /// The room id as this member spelled it.
    pub(crate) room_id: String,
    pub(crate) resume: bool,
    /// The resume token it was given last.
    pub(crate) token: String,
    /// What it is in the room of a cast.
    #[serde(default)]
    pub(crate) role: Option<CastRole>,
}

impl PlaceTicket {
    /// Of somebody who is alone in the room, as far as is known.
    pub(crate) fn alone(key: String, own: MemberTicket) -> Self {
        Self {
            key,
            uid: own.uid.clone(),
            members: vec![own],
        }
    }

    pub(crate) fn mate(&self) -> Option<&MemberTicket> {
        self.members.iter().find(|member| member.uid != self.uid)
    }

    fn own(&self) -> Option<&MemberTicket> {
        self.members.iter().find(|member| member.uid == self.uid)
    }
}

impl Rooms {
    /// The canonical id of the room in which this connection has its place.
    pub(crate) fn room_of(&self, id: ConnectionId) -> Option<&str> {
        self.connections.get(&id)?.room.as_deref()
    }

    /// Whether a room has places or is reserved.
    pub(crate) fn holds_room(&self, key: &str) -> bool {
        self.rooms.contains_key(key) || self.reservations.contains_key(key)
    }

    /// The canonical ids of all rooms that have places or are reserved.
    pub(crate) fn room_keys(&self) -> impl Iterator<Item = &str> {
        let reserved = self.reservations.keys().map(String::as_str);
        self.rooms.keys().map(|key| &**key).chain(reserved)
    }

    /// The connections in a room.
    pub(crate) fn connections_in(&self, key: &str) -> Vec<ConnectionId> {
        let members = self.rooms.get(key).map(Room::members);
        let members = members.unwrap_or_default();
        members.iter().filter_map(Member::connection).collect()
    }

    /// The ticket of the place that this connection has.
    pub(crate) fn ticket(&self, id: ConnectionId) -> Option<PlaceTicket> {
        let connection = self.connections.get(&id)?;
        let key = connection.room.as_ref()?;
        let members = self.rooms.get(key)?.members().iter().map(|member| {
            let token = member.tokens.current();
            MemberTicket {
                uid: member.uid.to_string(),
                name: member.name.as_deref().map(str::to_owned),
                room_id: member.room_id.to_string(),
                resume: member.resume,
                token,
                role: member.role,
            }
        });
        Some(PlaceTicket {
            key: key.to_string(),
            uid: connection.identity.as_ref()?.uid.to_string(),
            members: members.collect(),
        })
    }

    /// Takes a place out of the books; nobody is told, for it goes on elsewhere.
    pub(crate) fn withdraw_place(&mut self, id: ConnectionId) -> Option<PlaceTicket> {
        let ticket = self.ticket(id)?;
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.room = None;
        }
        if let Some(room) = self.rooms.get_mut(&*ticket.key) {
            room.remove(&ticket.uid);
        }
        self.note_moved(&ticket.uid);
        Some(ticket)
    }

    /// Forgets what is left of a room whose members went on elsewhere.
    pub(crate) fn forget_room(&mut self, key: &str) {
        self.reservations.remove(key);
        let Some(room) = self.rooms.remove(key) else {
            return;
        };
        for member in room.into_members() {
            let connection = member.connection();
            self.end_keeping(&member.uid, member.presence);
            if let Some(connection) = connection.and_then(|id| self.connections.get_mut(&id)) {
                connection.room = None;
            }
            self.note_moved(&member.uid);
            self.forget_unused(&member.uid);
        }
    }

    /// Takes over the place of a connection from another node. False if it cannot be: somebody else
    /// has it by a live connection, or the room is full.
    pub(crate) fn adopt(&mut self, now: Instant, id: ConnectionId, ticket: &PlaceTicket) -> bool {
        let (Some(own), Some(connection)) = (ticket.own(), self.connections.get(&id)) else {
            return false;
        };
        let is_other_uid = connection
            .identity
            .as_ref()
            .is_some_and(|identity| *identity.uid != *own.uid);
        if is_other_uid || connection.room.is_some() || RoomId::parse(&own.room_id).is_err() {
            return false;
        }
        if self.connection_of(&own.uid).is_some_and(|held| held != id) {
            return false;
        }
        let is_kept = self.place_of(&own.uid) == Some(ticket.key.as_str());
        if is_kept {
            return self.adopt_kept(id, ticket, own);
        }
        // The room of a cast admits nobody else, but a role is given only with a place in it.
        let is_admitted = own.role.is_some() || self.is_admitted(&ticket.key, &own.uid);
        if self.place_of(&own.uid).is_some() || !is_admitted {
            return false;
        }
        if self.rooms.get(&*ticket.key).is_some_and(Room::is_full) {
            return false;
        }
        self.adopt_new(now, id, ticket, own);
        true
    }

    /// The place was kept for it here.
    fn adopt_kept(&mut self, id: ConnectionId, ticket: &PlaceTicket, own: &MemberTicket) -> bool {
        let key = self.shared_key(&ticket.key);
        let place = self
            .rooms
            .get_mut(&key)
            .and_then(|room| room.member_mut(&own.uid));
        let Some(member) = place.filter(|member| member.tokens.admits(&own.token)) else {
            return false;
        };
        member.tokens = ResumeTokens::known(&own.token);
        member.resume |= own.resume;
        let before = std::mem::replace(&mut member.presence, Presence::Here(id));
        let name = member.name.clone();
        self.bind(id, &own.uid, name.as_deref());
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.room = Some(key);
        }
        self.end_keeping(&own.uid, before);
        self.reunite(id, &ticket.key, &own.uid);
        true
    }

    fn adopt_new(
        &mut self,
        now: Instant,
        id: ConnectionId,
        ticket: &PlaceTicket,
        own: &MemberTicket,
    ) {
        let is_first = !self.rooms.contains_key(&*ticket.key);
        let key = self.shared_key(&ticket.key);
        let name = self.bind(id, &own.uid, own.name.as_deref());
        let mut member = self.place_of_ticket(&key, own, Presence::Here(id));
        if let Some(name) = name {
            member.name = name;
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.room = Some(Arc::clone(&key));
        }
        if own.role.is_some() {
            self.reservations
                .insert(ticket.key.clone(), Reservation::Cast);
        }
        let is_elder = ticket.members.first().is_some_and(|first| first == own);
        let room = self.rooms.entry(key).or_default();
        room.admit(member);
        let is_known_mate = |uid: &str| ticket.members.iter().any(|member| member.uid == *uid);
        if is_elder && room.other(&own.uid).is_some_and(|o| is_known_mate(&o.uid)) {
            room.make_elder(&own.uid);
        }
        self.note_moved(&own.uid);
        if !is_first {
            return self.introduce_both(id, &ticket.key, &own.uid);
        }
        if let Some(mate) = ticket.mate() {
            self.keep_mate(now, id, ticket, mate);
        }
    }

    /// The other of the two is somewhere else still, or gone for good: the place is kept as for
    /// anybody whose connection broke.
    fn keep_mate(
        &mut self,
        now: Instant,
        id: ConnectionId,
        ticket: &PlaceTicket,
        mate: &MemberTicket,
    ) {
        let remote_uid = mate.uid.clone();
        let address = self.connections[&id].address;
        let may_keep =
            mate.resume && self.place_of(&mate.uid).is_none() && self.may_keep_for(address);
        if !may_keep {
            let reason = LeaveReason::Lost;
            return self.send(id, ServerMessage::PeerLeave { remote_uid, reason });
        }
        let until = now + self.config.resume_window;
        let key = self.shared_key(&ticket.key);
        let member = self.place_of_ticket(&key, mate, Presence::away(until, address));
        let room = self.rooms.entry(Arc::clone(&key)).or_default();
        room.admit(member);
        if ticket.members.first().is_some_and(|first| first == mate) {
            room.make_elder(&mate.uid);
        }
        self.kept_places.add(address);
        self.expiries.insert((until, mate.uid.clone()));
        self.keep_room(&mate.uid, key);
        self.note_moved(&mate.uid);
        self.send(id, ServerMessage::PeerAway { remote_uid });
    }

    /// Two who know each other are both here again, or one of them is.
    fn reunite(&mut self, id: ConnectionId, key: &str, uid: &str) {
        let other = self.rooms.get(key).and_then(|room| room.other(uid));
        if let Some(other) = other {
            let remote_uid = other.uid.to_string();
            let message = match &other.presence {
                Presence::Here(_) => ServerMessage::PeerBack { remote_uid },
                Presence::Away(_) => ServerMessage::PeerAway { remote_uid },
            };
            self.send(id, message);
        }
        let remote_uid = uid.to_owned();
        self.tell_other(key, uid, ServerMessage::PeerBack { remote_uid });
    }

    /// Two who may not know each other. To those who do, whose call goes on, an introduction says
    /// nothing new.
    fn introduce_both(&mut self, id: ConnectionId, key: &str, uid: &str) {
        self.introduce(id, key, uid);
        let room = self.rooms.get(key);
        let other = room.and_then(|room| room.other(uid)?.connection());
        let other_uid = room.and_then(|room| room.other(uid).map(|other| Arc::clone(&other.uid)));
        if let (Some(other), Some(other_uid)) = (other, other_uid) {
            self.introduce(other, key, &other_uid);
        }
        self.reunite(id, key, uid);
    }

    fn place_of_ticket(&self, key: &Arc<str>, ticket: &MemberTicket, presence: Presence) -> Member {
        Member {
            uid: self.shared_uid(&ticket.uid),
            name: ticket.name.as_deref().map(Arc::from),
            room_id: spelled(key, &ticket.room_id),
            presence,
            resume: ticket.resume,
            tokens: ResumeTokens::known(&ticket.token),
            candidates: 0,
            role: ticket.role,
        }
    }
}
