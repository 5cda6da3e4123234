//! Texts: passed on at once, or not at all. Nothing is stored.

use std::time::SystemTime;

use duet_protocol::{ErrorCode, RoomId, ServerMessage, Text};

use super::Exchange;
use crate::rooms::{ConnectionId, explanation};
use crate::wall_clock::rfc3339;

impl Exchange {
    pub(super) fn text(&mut self, wall: SystemTime, id: ConnectionId, text: Text) {
        let from = self.rooms.uid_of(id).map(str::to_owned);
        let (Some(from), Some(receiver)) = (from, self.receiver(id, &text)) else {
            return self.refuse_text(id, text.id);
        };
        let time = rfc3339(wall);
        let message = ServerMessage::Message {
            from,
            name: self.rooms.name_of(id).map(str::to_owned),
            content: text.content,
            id: text.id.clone(),
            time: time.clone(),
        };
        self.rooms.send(receiver, message);
        let delivered = ServerMessage::Delivered {
            id: text.id,
            time: Some(time),
        };
        self.rooms.send(id, delivered);
    }

    /// The connection a text goes to. Who is elsewhere, away or nobody makes no difference to the
    /// sender.
    fn receiver(&self, id: ConnectionId, text: &Text) -> Option<ConnectionId> {
        match (&text.to, &text.room_id) {
            (Some(to), _) => self.lobby_mate(id, to).or_else(|| {
                let (uid, connection) = self.rooms.room_mate(id)?;
                connection.filter(|_| uid == to)
            }),
            (None, Some(room_id)) => {
                let key = RoomId::parse(room_id).ok()?.canonical();
                let (_, connection) = self.rooms.room_mate(id)?;
                connection.filter(|_| self.rooms.is_in(id, &key))
            }
            (None, None) => None,
        }
    }

    fn lobby_mate(&self, id: ConnectionId, to: &str) -> Option<ConnectionId> {
        let uid = self.logged_in(id)?;
        let own_lobby = &self.directory.login_of(&uid)?.lobby;
        let mate = self.directory.login_of(to)?;
        let is_of_lobby = mate.lobby == *own_lobby && to != uid;
        mate.presence.connection().filter(|_| is_of_lobby)
    }

    fn refuse_text(&mut self, to: ConnectionId, text_id: String) {
        self.rooms.send(to, undelivered(text_id));
    }
}

/// What the sender of a text is told that nobody got.
pub(crate) fn undelivered(text_id: String) -> ServerMessage {
    let code = ErrorCode::Unavailable;
    ServerMessage::Error {
        code,
        message: explanation(code).to_owned(),
        reference: Some("message".to_owned()),
        id: Some(text_id),
    }
}
