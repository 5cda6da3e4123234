//! `join`: binding the uid, taking a place, taking a kept place back.

use std::sync::Arc;
use std::time::Instant;

use duet_protocol::{ClientMessage, ErrorCode, RoomId, ServerMessage};

use super::room::{Member, Presence, Room};
use super::{Claim, ConnectionId, Rooms};
use crate::tokens::ResumeTokens;

/// The fields of a `join`, already checked.
pub(super) struct Request {
    pub(super) room_id: String,
    pub(super) uid: String,
    pub(super) name: Option<String>,
    pub(super) resume: bool,
    pub(super) resume_token: Option<String>,
}

impl Request {
    /// Coming back with a token says that one wants to be able to come back.
    fn wants_resume(&self) -> bool {
        self.resume || self.resume_token.is_some()
    }
}

impl Rooms {
    pub(super) fn join(&mut self, now: Instant, id: ConnectionId, request: Request) {
        let Ok(room_id) = RoomId::parse(&request.room_id) else {
            return self.refuse(id, "join", ErrorCode::BadMessage);
        };
        let key = room_id.canonical();
        let Some(connection) = self.connections.get(&id) else {
            return;
        };
        let address = connection.address;
        if let Some(identity) = &connection.identity
            && *identity.uid != *request.uid
        {
            return self.refuse(id, "join", ErrorCode::UidMismatch);
        }
        match &connection.room {
            Some(current) if **current == *key => return self.confirm_again(id, &key, &request),
            Some(_) => return self.refuse(id, "join", ErrorCode::AlreadyInRoom),
            None => {}
        }
        let claim = self.claim(
            id,
            &request.uid,
            self.is_place_proven(&request.uid, request.resume_token.as_deref()),
        );
        let is_return = self.place_of(&request.uid) == Some(key.as_str());
        // Somebody who can prove the place is let in, whatever others behind the address did.
        let is_known = claim == Claim::Proven || (claim == Claim::Ours && is_return);
        if !is_known && !self.failed_joins.has_left(now, address) {
            return self.refuse(id, "join", ErrorCode::RateLimited);
        }
        let refusal = match claim {
            Claim::Taken => Some(ErrorCode::UidTaken),
            Claim::Free | Claim::Ours | Claim::Proven if self.is_admitted(&key, &request.uid) => {
                None
            }
            Claim::Free | Claim::Ours | Claim::Proven => Some(ErrorCode::NotAllowed),
        };
        if let Some(code) = refusal {
            self.failed_joins.note(now, address);
            return self.refuse(id, "join", code);
        }
        if is_return {
            return self.take_back(id, &key, request);
        }
        // Who came back, but to another room, gives the old place up.
        self.give_up_elsewhere(id, &request.uid);
        self.enter(now, id, key, request);
    }

    /// Whether a message takes back the place that is kept for whoever sent it.
    pub(crate) fn is_return(&self, message: &ClientMessage) -> bool {
        let ClientMessage::Join {
            room_id,
            uid,
            resume_token,
            ..
        } = message
        else {
            return false;
        };
        let key = RoomId::parse(room_id)
            .ok()
            .map(|room_id| room_id.canonical());
        key.is_some()
            && self.place_of(uid) == key.as_deref()
            && self.is_place_proven(uid, resume_token.as_deref())
    }

    /// One copy of a room's canonical id for all the books.
    pub(super) fn shared_key(&self, key: &str) -> Arc<str> {
        let known = self.rooms.get_key_value(key);
        known.map_or_else(|| Arc::from(key), |(known, _)| Arc::clone(known))
    }

    fn is_place_proven(&self, uid: &str, resume_token: Option<&str>) -> bool {
        let member = self
            .place_of(uid)
            .and_then(|key| self.rooms.get(key)?.member(uid));
        match (resume_token, member) {
            (Some(token), Some(member)) => member.tokens.admits(token),
            (Some(_) | None, _) => false,
        }
    }

    /// The same join once more: the same answer, with a fresh token, and nobody else hears of it.
    fn confirm_again(&mut self, id: ConnectionId, key: &str, request: &Request) {
        let Some(member) = self
            .rooms
            .get_mut(key)
            .and_then(|room| room.member_mut(&request.uid))
        else {
            return;
        };
        member.resume |= request.wants_resume();
        member.tokens.rotate(None);
        self.send_joined(id, key, &request.uid, false);
    }

    /// A place that was never held, or is no longer.
    fn enter(&mut self, now: Instant, id: ConnectionId, key: String, request: Request) {
        let Some(name) = self.bind(id, &request.uid, request.name.as_deref()) else {
            return;
        };
        let user_num = self.rooms.get(&*key).map_or(0, Room::user_num);
        if self.rooms.get(&*key).is_some_and(Room::is_full) {
            if let Some(connection) = self.connections.get(&id) {
                self.failed_joins.note(now, connection.address);
            }
            let room_id = request.room_id;
            return self.send(id, ServerMessage::Full { room_id, user_num });
        }
        let resume = request.wants_resume();
        let key = self.shared_key(&key);
        let member = Member {
            uid: self.shared_uid(&request.uid),
            name: name.clone(),
            room_id: spelled(&key, &request.room_id),
            presence: Presence::Here(id),
            resume,
            tokens: ResumeTokens::new(),
            candidates: 0,
            role: None,
        };
        self.rooms
            .entry(Arc::clone(&key))
            .or_default()
            .admit(member);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.room = Some(Arc::clone(&key));
        }
        self.send_joined(id, &key, &request.uid, false);
        self.introduce(id, &key, &request.uid);
        let newcomer = ServerMessage::NewPeer {
            remote_uid: request.uid.clone(),
            name: name.as_deref().map(str::to_owned),
        };
        self.tell_other(&key, &request.uid, newcomer);
    }

    /// The place was kept, or is still held by a connection that the client has given up.
    pub(super) fn take_back(&mut self, id: ConnectionId, key: &str, request: Request) {
        self.tell_other_away(key, &request.uid);
        self.replace_in_place(id, &request.uid);
        let kept = self
            .rooms
            .get(key)
            .and_then(|room| room.member(&request.uid));
        let name = kept.and_then(|member| member.name.clone());
        if self.bind(id, &request.uid, name.as_deref()).is_none() {
            return;
        }
        let key = self.shared_key(key);
        let Some(member) = self
            .rooms
            .get_mut(&key)
            .and_then(|room| room.member_mut(&request.uid))
        else {
            return;
        };
        let before = std::mem::replace(&mut member.presence, Presence::Here(id));
        member.resume |= request.wants_resume();
        member.room_id = spelled(&key, &request.room_id);
        member.tokens.rotate(request.resume_token.as_deref());
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.room = Some(Arc::clone(&key));
        }
        self.end_keeping(&request.uid, before);
        self.send_joined(id, &key, &request.uid, true);
        self.introduce(id, &key, &request.uid);
        let remote_uid = request.uid.clone();
        self.tell_other(&key, &request.uid, ServerMessage::PeerBack { remote_uid });
    }

    /// If the place is not kept yet but still held, the other learns that there was a break: what
    /// was sent to the old connection may be lost.
    fn tell_other_away(&mut self, key: &str, uid: &str) {
        let member = self.rooms.get(key).and_then(|room| room.member(uid));
        if member.is_some_and(|member| member.connection().is_some()) {
            let remote_uid = uid.to_owned();
            self.tell_other(key, uid, ServerMessage::PeerAway { remote_uid });
        }
    }

    fn give_up_elsewhere(&mut self, id: ConnectionId, uid: &str) {
        let place = self.place_of(uid).map(str::to_owned);
        self.replace_in_place(id, uid);
        if let Some(key) = place {
            self.vacate(&key, uid, duet_protocol::LeaveReason::Left);
        }
    }

    pub(super) fn send_joined(&mut self, id: ConnectionId, key: &str, uid: &str, resumed: bool) {
        let Some(room) = self.rooms.get(key) else {
            return;
        };
        let Some(member) = room.member(uid) else {
            return;
        };
        let message = ServerMessage::Joined {
            room_id: member.room_id.to_string(),
            uid: uid.to_owned(),
            user_num: room.user_num(),
            ice_servers: self.ice_servers(),
            resume_token: Some(member.tokens.current()),
            resumed,
            role: member.role,
        };
        self.send(id, message);
    }

    /// Tells a (re)joiner who else is there, in the words that say who offers first: `new-peer` to
    /// the elder (possible only after a resume), `resp-join` to the younger.
    pub(super) fn introduce(&mut self, id: ConnectionId, key: &str, uid: &str) {
        let Some(room) = self.rooms.get(key) else {
            return;
        };
        let Some(other) = room.other(uid) else {
            return;
        };
        let remote_uid = other.uid.to_string();
        let name = other.name.as_deref().map(str::to_owned);
        let is_away = other.connection().is_none();
        let introduction = if room.is_elder(uid) {
            ServerMessage::NewPeer {
                remote_uid: remote_uid.clone(),
                name,
            }
        } else {
            ServerMessage::RespJoin {
                remote_uid: remote_uid.clone(),
                name,
            }
        };
        self.send(id, introduction);
        if is_away {
            self.send(id, ServerMessage::PeerAway { remote_uid });
        }
    }
}

/// A room id as a member spells it, which mostly is the canonical one.
pub(super) fn spelled(key: &Arc<str>, room_id: &str) -> Arc<str> {
    match **key == *room_id {
        true => Arc::clone(key),
        false => Arc::from(room_id),
    }
}
