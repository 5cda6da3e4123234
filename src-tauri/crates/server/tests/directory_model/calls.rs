//! In which state every call ought to be, and who ought to be told.

use std::time::{Duration, Instant};

use duet_protocol::{CallMedia, ClientMessage, ErrorCode, Person, ServerMessage};
use duet_server::rooms::ConnectionId;

use super::step::Word;
use super::world::{World, assert_error};

const RING_TIMEOUT: Duration = Duration::from_secs(45);
const ENTRY_TIMEOUT: Duration = Duration::from_secs(15);
const SHUT_TIME: Duration = Duration::from_secs(120);

/// A call as it ought to be.
#[derive(Debug, Clone)]
pub(super) struct Call {
    caller: Person,
    callee: String,
    pub(super) room: String,
    pub(super) state: State,
    deadline: Instant,
    /// Caller and callee have been in the room.
    entered: [bool; 2],
    /// The room is for these two alone.
    pub(super) is_reserved: bool,
    /// For the room of a call that nobody accepted.
    pub(super) shut_until: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ringing,
    Accepted,
    /// The room is the call.
    Handed,
    Over,
}

/// What ought to come of `call`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    Error(ErrorCode),
    /// It is the acceptance of this call.
    Crossing(usize),
    Busy,
    Away,
    Rings(ConnectionId),
}

impl Call {
    pub(super) fn uids(&self) -> [&str; 2] {
        [&self.caller.uid, &self.callee]
    }

    /// Still a call, and not yet a room.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Ringing | State::Accepted)
    }

    fn end(&mut self, now: Instant) {
        if self.state == State::Ringing {
            self.shut_until = Some(now + SHUT_TIME);
        }
        self.state = State::Over;
        self.is_reserved = false;
    }

    fn accept(&mut self, now: Instant) {
        self.state = State::Accepted;
        self.is_reserved = true;
        self.deadline = now + ENTRY_TIMEOUT;
    }
}

impl World {
    pub(super) fn call(&mut self, id: ConnectionId, to: &str) {
        let expected = self.expected_call(id, to);
        let message = ClientMessage::Call {
            to: to.into(),
            media: CallMedia::Audio,
        };
        let sends = self.say(id, message);
        match expected {
            Expected::Error(code) => assert_error(&sends, id, code),
            Expected::Crossing(index) => {
                let (call_id, call) = &mut self.calls[index];
                call.accept(self.now);
                let ringing = ServerMessage::Ringing {
                    call_id: call_id.clone(),
                    room_id: call.room.clone(),
                };
                let (call_id, caller) = (call_id.clone(), call.caller.uid.clone());
                assert_eq!(sends[0], (id, ringing));
                let accept = ServerMessage::Accept { call_id };
                let caller_id = self.login_connection(&caller).expect("it rang");
                assert_eq!(sends[1..], [(id, accept.clone()), (caller_id, accept)]);
                // The same call twice would be two calls.
                self.follow_calls();
            }
            Expected::Busy => {
                assert!(matches!(sends[..], [(told, ServerMessage::Busy { .. })] if told == id));
            }
            Expected::Away => {
                let is_told =
                    |message: &ServerMessage| matches!(message, ServerMessage::Unavailable { .. });
                assert!(matches!(&sends[..], [(told, message)] if *told == id && is_told(message)));
            }
            Expected::Rings(callee_id) => self.note_ring(id, callee_id, to, &sends),
        }
    }

    fn expected_call(&self, id: ConnectionId, to: &str) -> Expected {
        let uid = self.bound.get(&id).map(String::as_str).unwrap_or_default();
        let own = self.logins.get(uid).filter(|login| login.holder == Ok(id));
        let mate = self.logins.get(to).filter(|_| to != uid);
        let (Some(own), Some(mate)) = (own, mate) else {
            return Expected::Error(ErrorCode::NoSuchPeer);
        };
        if own.lobby != mate.lobby {
            return Expected::Error(ErrorCode::NoSuchPeer);
        }
        let open = |uid: &str| {
            let takes_part = |call: &Call| call.is_open() && call.uids().contains(&uid);
            self.calls.iter().position(|(_, call)| takes_part(call))
        };
        if let Some(index) = open(uid) {
            let call = &self.calls[index].1;
            return if call.state == State::Ringing && call.caller.uid == to {
                Expected::Crossing(index)
            } else {
                Expected::Error(ErrorCode::Unavailable)
            };
        }
        if self.places.contains_key(uid) {
            return Expected::Error(ErrorCode::AlreadyInRoom);
        }
        if open(to).is_some() || self.places.contains_key(to) {
            return Expected::Busy;
        }
        mate.holder.map_or(Expected::Away, Expected::Rings)
    }

    fn note_ring(
        &mut self,
        id: ConnectionId,
        callee_id: ConnectionId,
        callee: &str,
        sends: &[(ConnectionId, ServerMessage)],
    ) {
        let [
            (to_caller, ServerMessage::Ringing { call_id, room_id }),
            (to_callee, ring),
        ] = sends
        else {
            panic!("does not ring: {sends:?}");
        };
        assert_eq!((*to_caller, *to_callee), (id, callee_id));
        let uid = self.bound[&id].clone();
        let name = self.logins[&uid].name.clone();
        let caller = Person { uid, name };
        let expected = ServerMessage::Ring {
            call_id: call_id.clone(),
            room_id: room_id.clone(),
            from: caller.clone(),
            media: CallMedia::Audio,
        };
        assert_eq!(*ring, expected);
        let is_new = self
            .calls
            .iter()
            .all(|(known, call)| known != call_id && call.room != *room_id);
        assert!(is_new);
        let call = Call {
            caller,
            callee: callee.to_owned(),
            room: room_id.clone(),
            state: State::Ringing,
            deadline: self.now + RING_TIMEOUT,
            entered: [false, false],
            is_reserved: false,
            shut_until: None,
        };
        self.calls.push((call_id.clone(), call));
    }

    pub(super) fn answer(&mut self, id: ConnectionId, age: usize, word: Word) {
        let Some(index) = self.calls.len().checked_sub(age + 1) else {
            return;
        };
        let (call_id, call) = self.calls[index].clone();
        let message = match word {
            Word::Accept => ClientMessage::Accept {
                call_id: call_id.clone(),
            },
            Word::Decline => ClientMessage::Decline {
                call_id: call_id.clone(),
            },
            Word::Cancel => ClientMessage::Cancel {
                call_id: call_id.clone(),
            },
        };
        let sends = self.say(id, message);
        let uid = self.bound.get(&id).map(String::as_str);
        let is_caller = uid == Some(&call.caller.uid);
        let is_callee = uid == Some(&call.callee);
        let (now, model) = (self.now, &mut self.calls[index].1);
        let told = match (call.state, word) {
            (State::Ringing, Word::Accept) if is_callee => {
                model.accept(now);
                Some((&call.caller.uid, ServerMessage::Accept { call_id }))
            }
            (State::Ringing, Word::Decline) if is_callee => {
                model.end(now);
                Some((&call.caller.uid, ServerMessage::Decline { call_id }))
            }
            (State::Ringing, Word::Cancel) if is_caller => {
                model.end(now);
                Some((&call.callee, ServerMessage::Cancel { call_id }))
            }
            (State::Accepted, Word::Accept) if is_callee => None,
            (State::Ringing | State::Accepted | State::Handed | State::Over, _) => {
                let late = ServerMessage::Unavailable { call_id };
                return assert_eq!(sends, [(id, late)]);
            }
        };
        let told =
            told.map(|(uid, message)| (self.login_connection(uid).expect("it rings"), message));
        assert_eq!(sends, Vec::from_iter(told));
        self.follow_calls();
    }

    /// Somebody's connection or login is gone: what rings is over, and the other is told.
    pub(super) fn vanish(&mut self, uid: &str) {
        let now = self.now;
        let rings = |call: &Call| call.state == State::Ringing && call.uids().contains(&uid);
        if let Some((call_id, call)) = self.calls.iter_mut().find(|(_, call)| rings(call)) {
            call.end(now);
            let call_id = call_id.clone();
            let (other, message) = if call.caller.uid == uid {
                (call.callee.clone(), ServerMessage::Cancel { call_id })
            } else {
                (
                    call.caller.uid.clone(),
                    ServerMessage::Unavailable { call_id },
                )
            };
            self.expect_end(&other, message);
        }
    }

    /// What the rooms mean for the calls.
    pub(super) fn follow_calls(&mut self) {
        for index in 0..self.calls.len() {
            let (call_id, call) = self.calls[index].clone();
            let is_in = call.uids().map(|uid| {
                self.places
                    .get(uid)
                    .is_some_and(|place| place.room == call.room)
            });
            let is_empty = self.is_empty(&call.room);
            let (now, model) = (self.now, &mut self.calls[index].1);
            match call.state {
                State::Accepted => {
                    let entered = [call.entered[0] | is_in[0], call.entered[1] | is_in[1]];
                    model.entered = entered;
                    if entered == [true, true] {
                        model.state = State::Handed;
                    } else if entered != [false, false] && is_empty {
                        model.end(now);
                        let waiting = call.uids()[usize::from(entered[0])].to_owned();
                        self.expect_end(&waiting, ServerMessage::Unavailable { call_id });
                    }
                }
                State::Handed => model.is_reserved &= !is_empty,
                State::Ringing | State::Over => {}
            }
        }
    }

    /// What time means for the calls.
    pub(super) fn time_out_calls(&mut self) {
        for index in 0..self.calls.len() {
            let (call_id, call) = self.calls[index].clone();
            if !call.is_open() || call.deadline > self.now {
                continue;
            }
            let is_empty = self.is_empty(&call.room);
            let (now, model) = (self.now, &mut self.calls[index].1);
            match call.state {
                State::Ringing => {
                    model.end(now);
                    let missed = ServerMessage::Missed {
                        call_id: call_id.clone(),
                        from: call.caller.clone(),
                    };
                    self.expect_end(&call.callee, missed);
                    self.expect_end(&call.caller.uid, ServerMessage::NoAnswer { call_id });
                }
                State::Accepted if is_empty => {
                    model.end(now);
                    for uid in call.uids() {
                        let call_id = call_id.clone();
                        self.expect_end(uid, ServerMessage::Unavailable { call_id });
                    }
                }
                State::Accepted => model.state = State::Handed,
                State::Handed | State::Over => {}
            }
        }
    }

    /// Somebody ought to hear that a call is over, if they are there to hear it.
    fn expect_end(&mut self, uid: &str, message: ServerMessage) {
        if let Some(id) = self.login_connection(uid) {
            self.expected_ends.push((id, message));
        }
    }

    fn login_connection(&self, uid: &str) -> Option<ConnectionId> {
        self.logins.get(uid)?.holder.ok()
    }
}
