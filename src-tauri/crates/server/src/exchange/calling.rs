//! `call`, and what ends a call by itself: time, a break, an empty room.

use std::time::Instant;

use duet_protocol::{CallMedia, ErrorCode, Person, ServerMessage, generate_token};

use super::{Exchange, SHUT_ROOM_TIME};
use crate::directory::{Call, Stage};
use crate::rooms::ConnectionId;

impl Exchange {
    pub(super) fn call(&mut self, now: Instant, id: ConnectionId, to: &str, media: CallMedia) {
        let Some(caller) = self.caller(id, to) else {
            return self.rooms.refuse(id, "call", ErrorCode::NoSuchPeer);
        };
        if let Some((call_id, call)) = self.directory.calls.of(&caller.uid) {
            if call.stage == Stage::Ringing && call.caller.uid == to {
                let (call_id, room_id) = (call_id.to_owned(), call.room_id.clone());
                return self.cross(now, id, call_id, room_id);
            }
            let text = "you are in a call";
            return self
                .rooms
                .refuse_because(id, "call", ErrorCode::Unavailable, text);
        }
        if self.has_place(&caller.uid) {
            return self.rooms.refuse(id, "call", ErrorCode::AlreadyInRoom);
        }
        if !self.spend_call(now, id) {
            return self.rooms.refuse(id, "call", ErrorCode::RateLimited);
        }
        let callee = self.directory.login_of(to);
        let callee_id = callee.and_then(|login| login.presence.connection());
        let call_id = generate_token();
        match callee_id {
            Some(_) | None if self.is_occupied(to) => {
                self.rooms.send(id, ServerMessage::Busy { call_id });
            }
            None => self.rooms.send(id, ServerMessage::Unavailable { call_id }),
            Some(callee_id) => {
                let call = Call {
                    room_id: generate_token(),
                    caller,
                    callee: to.to_owned(),
                    stage: Stage::Ringing,
                    deadline: now + self.directory.config.ring_timeout,
                };
                self.ring(now, id, callee_id, call_id, call, media);
            }
        }
    }

    /// Who calls, if they are logged in, and in the same lobby as the other. Whoever is elsewhere is
    /// nobody.
    fn caller(&self, id: ConnectionId, to: &str) -> Option<Person> {
        let uid = self.logged_in(id)?;
        let login = self.directory.login_of(&uid)?;
        let callee = self.directory.login_of(to)?;
        let name = login.name.clone();
        (callee.lobby == login.lobby && to != uid).then_some(Person { uid, name })
    }

    /// Takes a call from the budget of the address, if there is one left.
    fn spend_call(&mut self, now: Instant, id: ConnectionId) -> bool {
        let Some(address) = self.rooms.address_of(id) else {
            return false;
        };
        let has_left = self.directory.call_budget.has_left(now, address);
        if has_left {
            self.directory.call_budget.note(now, address);
        }
        has_left
    }

    fn ring(
        &mut self,
        now: Instant,
        caller_id: ConnectionId,
        callee_id: ConnectionId,
        call_id: String,
        call: Call,
        media: CallMedia,
    ) {
        self.rooms.shut(&call.room_id);
        let ringing = ServerMessage::Ringing {
            call_id: call_id.clone(),
            room_id: call.room_id.clone(),
        };
        self.rooms.send(caller_id, ringing);
        let ring = ServerMessage::Ring {
            call_id: call_id.clone(),
            room_id: call.room_id.clone(),
            from: call.caller.clone(),
            media,
        };
        self.rooms.send(callee_id, ring);
        let uids = call.uids();
        self.directory.calls.insert(&call_id, call);
        self.update_both(now, &uids);
    }

    /// Two called each other: the second call is the acceptance of the first. The second caller
    /// learns which call and room that is; both are told as callers that it was accepted.
    fn cross(&mut self, now: Instant, id: ConnectionId, call_id: String, room_id: String) {
        let ringing = ServerMessage::Ringing {
            call_id: call_id.clone(),
            room_id,
        };
        self.rooms.send(id, ringing);
        let accept = ServerMessage::Accept {
            call_id: call_id.clone(),
        };
        self.rooms.send(id, accept);
        self.open(now, &call_id);
    }

    /// A call was accepted: its room opens, and the caller is told.
    pub(super) fn open(&mut self, now: Instant, call_id: &str) {
        let deadline = now + self.directory.config.call_entry_timeout;
        self.directory.calls.accept(call_id, deadline);
        let Some(call) = self.directory.calls.get(call_id).cloned() else {
            return;
        };
        self.rooms.open_for(&call.room_id, call.uids());
        let accept = ServerMessage::Accept {
            call_id: call_id.to_owned(),
        };
        self.tell(&call.caller.uid, accept);
    }

    /// Somebody came to a room or left one. When both are in the room of their call, it is a room
    /// like any other. When one came and went, and nobody is there, the call is over.
    pub(super) fn follow_call(&mut self, now: Instant, uid: &str) {
        let Some((call_id, call)) = self.directory.calls.of(uid) else {
            return;
        };
        let (call_id, room_id) = (call_id.to_owned(), call.room_id.clone());
        if self.rooms.place_of(uid) == Some(room_id.as_str()) {
            self.directory.calls.note_entry(&call_id, uid);
        }
        let Some(call) = self.directory.calls.get(&call_id) else {
            return;
        };
        let (caller_entered, callee_entered) = match call.stage {
            Stage::Ringing => return,
            Stage::Accepted {
                caller_entered,
                callee_entered,
            } => (caller_entered, callee_entered),
        };
        match (caller_entered, callee_entered) {
            (true, true) => self.hand_over(now, &call_id),
            (true, false) | (false, true) if self.rooms.is_empty(&room_id) => {
                let waiting = call.uids()[usize::from(caller_entered)].clone();
                self.end_call(now, &call_id);
                self.tell(&waiting, ServerMessage::Unavailable { call_id });
            }
            (true, false) | (false, true) | (false, false) => {}
        }
    }

    /// From now on the room is the call.
    fn hand_over(&mut self, now: Instant, call_id: &str) {
        if let Some(call) = self.directory.calls.remove(call_id) {
            self.update_both(now, &call.uids());
        }
    }

    /// A stage of a call has lasted too long.
    pub(super) fn overdue(&mut self, now: Instant, call_id: &str) {
        let Some(call) = self.directory.calls.get(call_id).cloned() else {
            return;
        };
        let call_id = call_id.to_owned();
        match call.stage {
            Stage::Ringing => {
                self.end_call(now, &call_id);
                let missed = ServerMessage::Missed {
                    call_id: call_id.clone(),
                    from: call.caller.clone(),
                };
                self.tell(&call.callee, missed);
                self.tell(&call.caller.uid, ServerMessage::NoAnswer { call_id });
            }
            Stage::Accepted { .. } if self.rooms.is_empty(&call.room_id) => {
                self.end_call(now, &call_id);
                for uid in call.uids() {
                    let call_id = call_id.clone();
                    self.tell(&uid, ServerMessage::Unavailable { call_id });
                }
            }
            // One waits for the other in the room, as in any room.
            Stage::Accepted { .. } => self.hand_over(now, &call_id),
        }
    }

    /// Somebody's connection or login is gone: what rings is over. What was accepted is the room's.
    pub(super) fn vanish(&mut self, now: Instant, uid: &str) {
        let Some((call_id, call)) = self.directory.calls.of(uid) else {
            return;
        };
        if call.stage != Stage::Ringing {
            return;
        }
        let call_id = call_id.to_owned();
        let Some(call) = self.end_call(now, &call_id) else {
            return;
        };
        if call.caller.uid == uid {
            self.tell(&call.callee, ServerMessage::Cancel { call_id });
        } else {
            self.tell(&call.caller.uid, ServerMessage::Unavailable { call_id });
        }
    }

    /// Forgets a call. A room that was never open stays shut for a while, so that nobody who comes
    /// too late waits in it.
    pub(super) fn end_call(&mut self, now: Instant, call_id: &str) -> Option<Call> {
        let call = self.directory.calls.remove(call_id)?;
        match call.stage {
            Stage::Ringing => {
                let until = now + SHUT_ROOM_TIME;
                let room_id = call.room_id.clone();
                self.directory.shut_rooms.push_back((until, room_id));
            }
            Stage::Accepted { .. } => self.rooms.release(&call.room_id),
        }
        self.update_both(now, &call.uids());
        Some(call)
    }

    pub(super) fn reopen_rooms(&mut self, now: Instant) {
        while let Some((until, room_id)) = self.directory.shut_rooms.front() {
            if *until > now {
                break;
            }
            self.rooms.release(room_id);
            self.directory.shut_rooms.pop_front();
        }
    }

    /// Sends to somebody's login, unless it is away.
    pub(super) fn tell(&mut self, uid: &str, message: ServerMessage) {
        let login = self.directory.login_of(uid);
        if let Some(to) = login.and_then(|login| login.presence.connection()) {
            self.rooms.send(to, message);
        }
    }

    fn update_both(&mut self, now: Instant, uids: &[String; 2]) {
        for uid in uids {
            self.update_busy(now, uid);
        }
    }
}
