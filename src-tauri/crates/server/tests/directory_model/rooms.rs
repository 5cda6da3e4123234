//! Who ought to be in which room, calls' rooms above all.

use std::collections::BTreeMap;
use std::time::Instant;

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage};
use duet_server::rooms::ConnectionId;

use super::calls::State;
use super::step::Target;
use super::world::{Holder, World, assert_error};
use crate::client::{forward, leave};

/// A place that ought to be held.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) room: String,
    pub(super) holder: Holder,
    resume: bool,
}

/// What ought to come of a join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Error(ErrorCode),
    Full,
    Joined { resumed: bool },
}

impl Place {
    /// The connection is gone: the place is kept, or not.
    pub(super) fn lose(
        places: &mut BTreeMap<String, Self>,
        uid: &str,
        id: ConnectionId,
        until: Instant,
    ) {
        match places.get_mut(uid) {
            Some(place) if place.holder == Ok(id) && place.resume => place.holder = Err(until),
            Some(place) if place.holder == Ok(id) => {
                places.remove(uid);
            }
            Some(_) | None => {}
        }
    }
}

impl World {
    pub(super) fn join(&mut self, id: ConnectionId, uid: &str, target: &Target, resume: bool) {
        let Some(room) = self.room_of(target) else {
            return;
        };
        let expected = self.expected_join(id, uid, &room);
        let message = ClientMessage::Join {
            room_id: room.clone(),
            uid: uid.into(),
            name: None,
            resume,
            resume_token: None,
            token: None,
        };
        let sends = self.say(id, message);
        let resumed = match expected {
            Expected::Error(code) => return assert_error(&sends, id, code),
            Expected::Full => {
                // Who is bound has given up what was kept for them elsewhere.
                self.places.remove(uid);
                self.bound.insert(id, uid.to_owned());
                let is_full = |(to, message): &(ConnectionId, ServerMessage)| {
                    *to == id && matches!(message, ServerMessage::Full { .. })
                };
                assert!(sends.iter().any(is_full), "{sends:?}");
                return self.follow_calls();
            }
            Expected::Joined { resumed } => resumed,
        };
        let first = sends.iter().find(|(to, _)| *to == id);
        match first {
            Some((_, ServerMessage::Joined { resumed: told, .. })) => assert_eq!(*told, resumed),
            other => panic!("not joined: {other:?}"),
        }
        self.bound.insert(id, uid.to_owned());
        let was_resumable = self
            .places
            .remove(uid)
            .is_some_and(|place| place.room == room && place.resume);
        let place = Place {
            room,
            holder: Ok(id),
            resume: resume || was_resumable,
        };
        self.places.insert(uid.to_owned(), place);
        self.follow_calls();
    }

    fn expected_join(&self, id: ConnectionId, uid: &str, room: &str) -> Expected {
        let place = self.places.get(uid);
        if let Some(place) = place.filter(|place| place.holder == Ok(id)) {
            return if place.room == room {
                Expected::Joined { resumed: false }
            } else {
                Expected::Error(ErrorCode::AlreadyInRoom)
            };
        }
        if !self.is_ours(id, uid) && self.is_held(uid) {
            return Expected::Error(ErrorCode::UidTaken);
        }
        if !self.is_admitted(room, uid) {
            return Expected::Error(ErrorCode::NotAllowed);
        }
        if place.is_some_and(|place| place.room == room) {
            return Expected::Joined { resumed: true };
        }
        let members = self.places.values().filter(|other| other.room == room);
        if members.count() == 2 {
            Expected::Full
        } else {
            Expected::Joined { resumed: false }
        }
    }

    /// The judge of entries and of offers: none before the accept, none by somebody else.
    pub(super) fn judge_entry(&self, room: &str, uid: &str) {
        assert!(
            self.is_admitted(room, uid),
            "{uid} in a room that is not theirs"
        );
    }

    /// Whether the calls let somebody into a room.
    fn is_admitted(&self, room: &str, uid: &str) -> bool {
        let Some((_, call)) = self.calls.iter().find(|(_, call)| call.room == room) else {
            return true;
        };
        match call.state {
            State::Ringing => false,
            State::Accepted => call.uids().contains(&uid),
            State::Handed => !call.is_reserved || call.uids().contains(&uid),
            State::Over => call.shut_until.is_none_or(|until| until <= self.now),
        }
    }

    pub(super) fn leave(&mut self, id: ConnectionId) {
        let uid = self.bound.get(&id).cloned().unwrap_or("u0".into());
        let place = self.places.get(&uid).filter(|place| place.holder == Ok(id));
        let room = place.map(|place| place.room.clone());
        let message = leave(room.as_deref().unwrap_or("r0"), &uid);
        let sends = self.say(id, message);
        match room {
            Some(room_id) => {
                self.places.remove(&uid);
                assert_eq!(sends[0], (id, ServerMessage::Leaved { room_id }));
                self.follow_calls();
            }
            None => assert_error(&sends, id, ErrorCode::NotInRoom),
        }
    }

    pub(super) fn offer(&mut self, id: ConnectionId, to: &str, target: &Target) {
        let Some(room) = self.room_of(target) else {
            return;
        };
        let uid = self.bound.get(&id).cloned().unwrap_or("u0".into());
        let offer = forward(&room, &uid, to, "{}");
        let sends = self.say(id, ClientMessage::Offer(offer.clone()));
        let place = self.places.get(&uid);
        if place.is_none_or(|place| place.holder != Ok(id) || place.room != room) {
            return assert_error(&sends, id, ErrorCode::NotInRoom);
        }
        let other = self.places.get(to);
        match other.filter(|other| other.room == room && to != uid) {
            Some(other) => match other.holder {
                Ok(receiver) => assert_eq!(sends, [(receiver, ServerMessage::Offer(offer))]),
                Err(_) => assert_error(&sends, id, ErrorCode::Unavailable),
            },
            None => assert_error(&sends, id, ErrorCode::NoSuchPeer),
        }
    }

    fn room_of(&self, target: &Target) -> Option<String> {
        match target {
            Target::Plain(index) => Some(format!("r{index}")),
            Target::OfCall(age) => {
                let (_, call) = self.calls.iter().rev().nth(*age)?;
                Some(call.room.clone())
            }
        }
    }

    pub(super) fn is_empty(&self, room: &str) -> bool {
        !self.places.values().any(|place| place.room == room)
    }
}
