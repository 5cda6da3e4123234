//! Whom a text ought to reach.

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage, Text};
use duet_server::rooms::ConnectionId;

use super::logins::Login;
use super::world::{World, assert_error};

impl World {
    pub(super) fn text(&mut self, id: ConnectionId, to: &str) {
        let text = Text {
            to: Some(to.into()),
            room_id: None,
            content: "hi".into(),
            id: "m".into(),
        };
        let sends = self.say(id, ClientMessage::Message(text));
        let from = self.bound.get(&id).cloned();
        match from.and_then(|from| {
            self.reachable(id, &from, to)
                .map(|receiver| (from, receiver))
        }) {
            Some((from, receiver)) => {
                assert_eq!(sends.len(), 2);
                let (
                    to,
                    ServerMessage::Message {
                        from: told, time, ..
                    },
                ) = &sends[0]
                else {
                    panic!("no text: {:?}", sends[0]);
                };
                assert_eq!((to, told), (&receiver, &from));
                let delivered = ServerMessage::Delivered {
                    id: "m".into(),
                    time: Some(time.clone()),
                };
                assert_eq!(sends[1], (id, delivered));
            }
            None => assert_error(&sends, id, ErrorCode::Unavailable),
        }
    }

    /// The connection of `to`, if a text of `from` may reach it.
    fn reachable(&self, id: ConnectionId, from: &str, to: &str) -> Option<ConnectionId> {
        if from == to {
            return None;
        }
        let lobby_of = |uid: &str, login: Option<&Login>| {
            login.and_then(|login| Some((uid.to_owned(), login.holder.ok()?, login.lobby.clone())))
        };
        let ours = lobby_of(from, self.logins.get(from)).filter(|ours| ours.1 == id);
        let theirs = lobby_of(to, self.logins.get(to));
        if let (Some(ours), Some(theirs)) = (ours, theirs)
            && ours.2 == theirs.2
        {
            return Some(theirs.1);
        }
        let (ours, theirs) = (self.places.get(from)?, self.places.get(to)?);
        (ours.holder == Ok(id) && ours.room == theirs.room)
            .then_some(theirs.holder.ok())
            .flatten()
    }
}
