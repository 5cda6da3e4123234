//! Giving up a place: by `leave`, by a broken connection, by time.

use std::sync::Arc;
use std::time::Instant;

use duet_protocol::{ErrorCode, LeaveReason, RoomId, ServerMessage};

use super::room::{Member, Presence};
use super::{ConnectionId, Rooms};
use crate::address::AddressKey;

impl Rooms {
    pub(super) fn leave(&mut self, id: ConnectionId, room_id: String, uid: &str) {
        let key = match self.check_membership(id, &room_id, uid) {
            Ok(key) => key,
            Err(code) => return self.refuse(id, "leave", code),
        };
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.room = None;
        }
        self.send(id, ServerMessage::Leaved { room_id });
        self.vacate(&key, uid, LeaveReason::Left);
    }

    /// The canonical room id, if the connection is bound to `uid` and has a place in that room.
    pub(super) fn check_membership(
        &self,
        id: ConnectionId,
        room_id: &str,
        uid: &str,
    ) -> Result<Arc<str>, ErrorCode> {
        let connection = self.connections.get(&id).ok_or(ErrorCode::NotInRoom)?;
        let identity = connection.identity.as_ref().ok_or(ErrorCode::NotInRoom)?;
        if *identity.uid != *uid {
            return Err(ErrorCode::UidMismatch);
        }
        let asked = RoomId::parse(room_id).map_err(|_| ErrorCode::BadMessage)?;
        match &connection.room {
            Some(key) if **key == *asked.canonical() => Ok(Arc::clone(key)),
            Some(_) | None => Err(ErrorCode::NotInRoom),
        }
    }

    pub(super) fn disconnect(&mut self, now: Instant, id: ConnectionId) {
        // A connection that was replaced is no longer known; its place belongs to the new one.
        let Some(connection) = self.connections.remove(&id) else {
            return;
        };
        let Some(identity) = connection.identity else {
            return;
        };
        self.unbind(id, &identity.uid);
        if let Some(key) = connection.room {
            self.keep_or_vacate(now, key, &identity.uid, connection.address);
        }
        self.forget_unused(&identity.uid);
    }

    /// The connection of a member broke.
    fn keep_or_vacate(&mut self, now: Instant, key: Arc<str>, uid: &str, address: AddressKey) {
        let may_keep = self.may_keep_for(address);
        let member = self
            .rooms
            .get_mut(&key)
            .and_then(|room| room.member_mut(uid));
        match member {
            Some(member) if member.resume && may_keep => {
                let until = now + self.config.resume_window;
                member.presence = Presence::away(until, address);
                self.kept_places.add(address);
                self.expiries.insert((until, uid.to_owned()));
                self.keep_room(uid, Arc::clone(&key));
                let remote_uid = uid.to_owned();
                self.tell_other(&key, uid, ServerMessage::PeerAway { remote_uid });
            }
            Some(_) | None => self.vacate(&key, uid, LeaveReason::Lost),
        }
    }

    /// Whether one more place can be kept for this address.
    pub(super) fn may_keep_for(&self, address: AddressKey) -> bool {
        let limit = self.config.max_kept_places_per_address;
        // Every place that is kept has a time when it is given up.
        self.expiries.len() < self.config.max_kept_places
            && limit.is_none_or(|limit| self.kept_places.of(address) < limit)
    }

    pub(super) fn expire(&mut self, now: Instant) {
        while let Some((until, uid)) = self.expiries.first().cloned() {
            if until > now {
                break;
            }
            self.expiries.pop_first();
            if let Some(key) = self.kept_rooms.get(&*uid).cloned() {
                self.vacate(&key, &uid, LeaveReason::Lost);
            }
            self.forget_unused(&uid);
        }
    }

    /// Takes a place away and tells the other.
    pub(super) fn vacate(&mut self, key: &str, uid: &str, reason: LeaveReason) {
        let remote_uid = uid.to_owned();
        self.tell_other(key, uid, ServerMessage::PeerLeave { remote_uid, reason });
        let Some(room) = self.rooms.get_mut(key) else {
            return;
        };
        let removed = room.remove(uid);
        if room.is_empty() {
            self.rooms.remove(key);
            self.reservations.remove(key);
        }
        self.note_moved(uid);
        if let Some(member) = removed {
            self.end_keeping(uid, member.presence);
        }
    }

    /// A place that was kept is kept no longer.
    pub(super) fn end_keeping(&mut self, uid: &str, presence: Presence) {
        match presence {
            Presence::Here(_) => {}
            Presence::Away(kept) => {
                self.kept_rooms.remove(uid);
                self.kept_places.remove(kept.address);
                self.expiries.remove(&(kept.until, uid.to_owned()));
            }
        }
    }

    /// Sends to the other member, if there is one and its connection lives.
    pub(super) fn tell_other(&mut self, key: &str, uid: &str, message: ServerMessage) {
        let other = self.rooms.get(key).and_then(|room| room.other(uid));
        if let Some(connection) = other.and_then(Member::connection) {
            self.send(connection, message);
        }
    }
}
