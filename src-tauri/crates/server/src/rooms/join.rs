//! `join`: binding the uid, taking a place, taking a kept place back.

use std::time::Instant;

use duet_protocol::{CloseReason, ErrorCode, RoomId, ServerMessage};

use super::room::{Member, Presence, ResumeTokens, Room};
use super::{ConnectionId, Holder, Identity, Output, Rooms};

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

/// What a uid that asks for a place is to this server.
enum Claim {
    /// Nobody has it.
    Free,
    /// This connection is bound to it.
    Ours,
    /// Another connection or a kept place has it, and the token proves that it is the same client.
    Proven,
    /// Somebody else's.
    Taken,
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
            && identity.uid != request.uid
        {
            return self.refuse(id, "join", ErrorCode::UidMismatch);
        }
        match &connection.room {
            Some(current) if *current == key => return self.confirm_again(id, &key, &request),
            Some(_) => return self.refuse(id, "join", ErrorCode::AlreadyInRoom),
            None => {}
        }
        let claim = self.claim(id, &request);
        // Somebody who can prove the place is let in, whatever others behind the address did.
        if !matches!(claim, Claim::Proven) && !self.failed_joins.may_try(now, address) {
            return self.refuse(id, "join", ErrorCode::RateLimited);
        }
        match claim {
            Claim::Taken => {
                self.failed_joins.note(now, address);
                self.refuse(id, "join", ErrorCode::UidTaken);
            }
            Claim::Proven if self.place_of(&request.uid).as_ref() == Some(&key) => {
                self.take_back(id, &key, request);
            }
            Claim::Proven => {
                // It came back, but to another room: the old place is given up.
                self.give_up_elsewhere(&request.uid);
                self.enter(now, id, key, request);
            }
            Claim::Free | Claim::Ours => self.enter(now, id, key, request),
        }
    }

    fn claim(&self, id: ConnectionId, request: &Request) -> Claim {
        match self.holders.get(&request.uid) {
            None => return Claim::Free,
            Some(Holder::Live(holder)) if *holder == id => return Claim::Ours,
            Some(Holder::Live(_) | Holder::Kept(_)) => {}
        }
        let is_proven = match (&request.resume_token, self.place_of(&request.uid)) {
            (Some(token), Some(key)) => self
                .rooms
                .get(&key)
                .and_then(|room| room.member(&request.uid))
                .is_some_and(|member| member.tokens.admits(token)),
            (Some(_) | None, _) => false,
        };
        if is_proven {
            Claim::Proven
        } else {
            Claim::Taken
        }
    }

    /// The canonical id of the room in which a uid has its place.
    fn place_of(&self, uid: &str) -> Option<String> {
        match self.holders.get(uid)? {
            Holder::Live(connection) => self.connections.get(connection)?.room.clone(),
            Holder::Kept(key) => Some(key.clone()),
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
        let Some(name) = self.bind(id, &request) else {
            return;
        };
        let user_num = self.rooms.get(&key).map_or(0, Room::user_num);
        if self.rooms.get(&key).is_some_and(Room::is_full) {
            if let Some(connection) = self.connections.get(&id) {
                self.failed_joins.note(now, connection.address);
            }
            let room_id = request.room_id;
            return self.send(id, ServerMessage::Full { room_id, user_num });
        }
        let resume = request.wants_resume();
        self.rooms.entry(key.clone()).or_default().admit(Member {
            uid: request.uid.clone(),
            name: name.clone(),
            room_id: request.room_id,
            presence: Presence::Here(id),
            resume,
            tokens: ResumeTokens::new(),
            candidates: 0,
        });
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.room = Some(key.clone());
        }
        self.send_joined(id, &key, &request.uid, false);
        self.introduce(id, &key, &request.uid);
        let remote_uid = request.uid.clone();
        self.tell_other(
            &key,
            &request.uid,
            ServerMessage::NewPeer { remote_uid, name },
        );
    }

    /// The place was kept, or is still held by a connection that the client has given up.
    fn take_back(&mut self, id: ConnectionId, key: &str, request: Request) {
        self.tell_other_away(key, &request.uid);
        self.release_holder(&request.uid);
        if self.bind(id, &request).is_none() {
            return;
        }
        let Some(member) = self
            .rooms
            .get_mut(key)
            .and_then(|room| room.member_mut(&request.uid))
        else {
            return;
        };
        let before = std::mem::replace(&mut member.presence, Presence::Here(id));
        member.resume |= request.wants_resume();
        member.room_id = request.room_id;
        member.tokens.rotate(request.resume_token.as_deref());
        let name = member.name.clone();
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.room = Some(key.to_owned());
            if let Some(identity) = &mut connection.identity {
                identity.name = name;
            }
        }
        self.end_keeping(&request.uid, before);
        self.send_joined(id, key, &request.uid, true);
        self.introduce(id, key, &request.uid);
        let remote_uid = request.uid.clone();
        self.tell_other(key, &request.uid, ServerMessage::PeerBack { remote_uid });
    }

    /// If the place is not kept yet but still held, the other learns that there was a break: what
    /// was sent to the old connection may be lost.
    fn tell_other_away(&mut self, key: &str, uid: &str) {
        if matches!(self.holders.get(uid), Some(Holder::Live(_))) {
            let remote_uid = uid.to_owned();
            self.tell_other(key, uid, ServerMessage::PeerAway { remote_uid });
        }
    }

    fn give_up_elsewhere(&mut self, uid: &str) {
        let place = self.place_of(uid);
        self.release_holder(uid);
        if let Some(key) = place {
            self.vacate(&key, uid, duet_protocol::LeaveReason::Left);
        }
    }

    /// Takes a uid from its holder; a live connection is closed and forgotten.
    fn release_holder(&mut self, uid: &str) {
        match self.holders.remove(uid) {
            Some(Holder::Live(connection)) => {
                self.connections.remove(&connection);
                let reason = CloseReason::Replaced;
                self.outputs.push_back(Output::Close { connection, reason });
            }
            Some(Holder::Kept(_)) | None => {}
        }
    }

    /// Binds uid and name to the connection, once; returns the bound name.
    fn bind(&mut self, id: ConnectionId, request: &Request) -> Option<Option<String>> {
        let connection = self.connections.get_mut(&id)?;
        let identity = connection.identity.get_or_insert_with(|| Identity {
            uid: request.uid.clone(),
            name: None,
        });
        if identity.name.is_none() {
            identity.name.clone_from(&request.name);
        }
        let name = identity.name.clone();
        self.holders.insert(request.uid.clone(), Holder::Live(id));
        Some(name)
    }

    fn send_joined(&mut self, id: ConnectionId, key: &str, uid: &str, resumed: bool) {
        let Some(room) = self.rooms.get(key) else {
            return;
        };
        let Some(member) = room.member(uid) else {
            return;
        };
        let message = ServerMessage::Joined {
            room_id: member.room_id.clone(),
            uid: uid.to_owned(),
            user_num: room.user_num(),
            ice_servers: self.config.ice_servers.clone(),
            resume_token: Some(member.tokens.current().to_owned()),
            resumed,
        };
        self.send(id, message);
    }

    /// Tells a (re)joiner who else is there, in the words that say who offers first: `new-peer` to
    /// the elder (possible only after a resume), `resp-join` to the younger.
    fn introduce(&mut self, id: ConnectionId, key: &str, uid: &str) {
        let Some(room) = self.rooms.get(key) else {
            return;
        };
        let Some(other) = room.other(uid) else {
            return;
        };
        let (remote_uid, name) = (other.uid.clone(), other.name.clone());
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
