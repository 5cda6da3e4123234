//! Casts in a cluster: one node keeps the codes of all displays, as one keeps the names of a lobby.
//!
//! A code says nothing of the node whose display shows it, and to ask every node would let guesses be told
//! apart by their time. When the keeper is gone, its displays are sent to come again, and get other codes;
//! casts that run are rooms, and carried on as such.

use duet_protocol::{CastRole, ClientMessage, CloseReason, ErrorCode, RoomId};

use super::client::Seat;
use super::wire::Body;
use super::{Moment, Node};
use crate::exchange::Key;
use crate::rooms::{ConnectionId, MemberTicket, PlaceTicket};

impl Node {
    /// A `cast-open` or `cast-join` of a client of ours.
    pub(super) fn cast(&mut self, at: Moment, id: ConnectionId, mut message: ClientMessage) {
        let command = message.command();
        let (ClientMessage::CastOpen { uid, name, .. } | ClientMessage::CastJoin { uid, name, .. }) =
            &mut message
        else {
            return;
        };
        let Some(client) = self.clients.get(&id) else {
            return;
        };
        let place = client.place.link();
        if place.is_some() || self.exchange.room_of(id).is_some() {
            return self.pass(at, id, place, message);
        }
        if self.uid_of(id).is_some_and(|bound| bound != uid) {
            return self.refuse(id, command, ErrorCode::UidMismatch);
        }
        // The name of a login goes before any other, wherever the login is.
        let login_name = client.login.ticket().map(|ticket| ticket.name.as_str());
        if let Some(login_name) = login_name.or_else(|| self.exchange.login_name(id)) {
            *name = Some(login_name.to_owned());
        }
        self.request(at, id, Key::Casts, message, None);
    }

    /// The keeper of codes gave our client one to show.
    pub(super) fn note_code(&mut self, id: ConnectionId, link: u64) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        client.cast = Some(link);
        if let Some(waiting) = &client.waiting
            && let ClientMessage::CastOpen { uid, .. } = &waiting.request
        {
            client.uid = Some(uid.clone());
        }
    }

    /// Somebody used the code, and our client is one of the two.
    pub(super) fn note_cast(
        &mut self,
        at: Moment,
        id: ConnectionId,
        link: u64,
        (room_id, role): (&str, CastRole),
        (uid, token): (&str, &str),
    ) {
        let Ok(room) = RoomId::parse(room_id) else {
            return;
        };
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        // The keeper vouches for the whole room right behind this.
        let own = MemberTicket {
            uid: uid.to_owned(),
            name: None,
            room_id: room_id.to_owned(),
            resume: true,
            token: token.to_owned(),
            role: Some(role),
        };
        client.cast = None;
        client.mate = None;
        client.place = Seat::given(link, PlaceTicket::alone(room.canonical(), own));
        self.tell_lobby(at, id, true);
    }

    /// Our client has a place in a room: the code that it showed is none any more, whoever keeps it.
    pub(super) fn end_code(&mut self, at: Moment, id: ConnectionId) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let (place, cast) = (client.place.link(), client.cast.take());
        if place.is_some() {
            self.exchange.take_code_back(id);
        }
        // Who decides about the room knows; another keeper is told.
        if let Some(link) = cast.filter(|link| place != Some(*link))
            && let Some(owner) = self.links.get(&link).map(|known| known.owner)
        {
            let is_elsewhere = true;
            self.tell(at.now, owner, Body::Elsewhere { link, is_elsewhere });
            self.close_unused_links(at, id);
        }
    }

    /// The keeper of the code that our client shows is gone: it comes again, and gets another.
    pub(super) fn lost_code(&mut self, id: ConnectionId, link: u64) {
        if let Some(client) = self.clients.get_mut(&id)
            && client.cast == Some(link)
        {
            client.cast = None;
            self.close(id, CloseReason::Draining);
        }
    }

    /// Another node keeps the codes: the displays that show ours come again.
    pub(super) fn give_codes_up(&mut self, at: Moment, displays: Vec<ConnectionId>) {
        for id in displays {
            match self.proxied.remove(&id) {
                Some((home, link)) => {
                    self.proxies.remove(&(home, link));
                    self.texts_lost(at, id);
                    self.exchange.broken(at.now, id);
                    let code = CloseReason::Draining.code();
                    self.tell(at.now, home, Body::Close { link, code });
                }
                None => self.close(id, CloseReason::Draining),
            }
        }
    }
}
