//! The two places of a cast: taken together, when the code is used, and by nobody else.

use std::sync::Arc;

use duet_protocol::{CastRole, ServerMessage};

use super::reserve::Reservation;
use super::room::{Member, Presence};
use super::{ConnectionId, Rooms};
use crate::tokens::ResumeTokens;

/// One of the two, on its way in.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) connection: ConnectionId,
    pub(crate) uid: String,
    pub(crate) resume: bool,
    pub(crate) tokens: ResumeTokens,
}

impl Rooms {
    /// Seats both. The presenter is the elder, who offers first, in the words of any room.
    pub(crate) fn seat(&mut self, room_id: &str, presenter: Seat, display: Seat) {
        self.reservations
            .insert(room_id.to_owned(), Reservation::Cast);
        let seats = [
            (presenter, CastRole::Presenter),
            (display, CastRole::Display),
        ];
        let key = self.shared_key(room_id);
        let members = seats.map(|(seat, role)| {
            let name = self.name_of(seat.connection).map(Arc::from);
            if let Some(connection) = self.connections.get_mut(&seat.connection) {
                connection.room = Some(Arc::clone(&key));
            }
            let member = Member {
                uid: self.shared_uid(&seat.uid),
                name,
                room_id: Arc::clone(&key),
                presence: Presence::Here(seat.connection),
                resume: seat.resume,
                tokens: seat.tokens,
                candidates: 0,
                role: Some(role),
            };
            let room = self.rooms.entry(Arc::clone(&key)).or_default();
            room.admit(member);
            (seat.connection, seat.uid)
        });
        for (connection, uid) in &members {
            self.note_moved(uid);
            self.send_joined(*connection, room_id, uid, false);
            self.introduce(*connection, room_id, uid);
        }
    }

    /// Whether this token proves a display's place, held or kept.
    pub(crate) fn is_display_proven(&self, uid: &str, token: Option<&str>) -> bool {
        let member = self
            .place_of(uid)
            .and_then(|key| self.rooms.get(key)?.member(uid));
        member.is_some_and(|member| {
            member.role == Some(CastRole::Display)
                && token.is_some_and(|token| member.tokens.admits(token))
        })
    }

    /// A display comes back with the proof of its code, because it was never told that somebody had
    /// used it.
    pub(crate) fn return_display(&mut self, id: ConnectionId, uid: &str, token: Option<String>) {
        let Some(key) = self.place_of(uid).map(str::to_owned) else {
            return;
        };
        let request = super::join::Request {
            room_id: key.clone(),
            uid: uid.to_owned(),
            name: None,
            resume: true,
            resume_token: token,
        };
        self.take_back(id, &key, request);
    }

    /// Confirms that a display that had no place shows no code any more.
    pub(crate) fn confirm_closed(&mut self, id: ConnectionId, room_id: String) {
        self.send(id, ServerMessage::Leaved { room_id });
    }
}
