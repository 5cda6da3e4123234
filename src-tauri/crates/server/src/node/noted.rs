//! What a home learns from the messages that it passes on: where its clients are, and whom they know.

use duet_protocol::{ClientMessage, LoginAnswer, Presence, RoomId, ServerMessage};

use super::client::{HeardCall, Seat};
use super::{Moment, Node, NodeId};
use crate::exchange::LoginTicket;
use crate::rooms::{ConnectionId, MemberTicket, PlaceTicket};

impl Node {
    /// Keeps up with where our client is and what it knows.
    pub(super) fn note(
        &mut self,
        at: Moment,
        id: ConnectionId,
        owner: NodeId,
        link: u64,
        message: &ServerMessage,
    ) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        match message {
            ServerMessage::Joined {
                uid,
                resume_token,
                room_id,
                role,
                ..
            } => {
                let token = resume_token.clone().unwrap_or_default();
                client.uid = Some(uid.clone());
                match role.filter(|_| client.place.link().is_none()) {
                    Some(role) => self.note_cast(at, id, link, (room_id, role), (uid, token)),
                    None => self.note_joined(at, id, link, uid, token),
                }
            }
            ServerMessage::CastCode { .. } => self.note_code(id, link),
            ServerMessage::Full { .. } => {
                if let Some(ClientMessage::Join { uid, .. }) =
                    client.waiting.as_ref().map(|waiting| &waiting.request)
                {
                    client.uid = Some(uid.clone());
                }
            }
            ServerMessage::Leaved { .. } => {
                client.place = Seat::Here;
                client.cast = None;
                client.mate = None;
                self.tell_lobby(at, id, false);
            }
            ServerMessage::RespJoin { remote_uid, .. }
            | ServerMessage::NewPeer { remote_uid, .. } => client.mate = Some(remote_uid.clone()),
            ServerMessage::PeerLeave { .. } => client.mate = None,
            ServerMessage::Login(LoginAnswer::Accepted {
                uid,
                users,
                resume_token,
                ..
            }) => {
                let token = resume_token.clone().unwrap_or_default();
                let people = users
                    .iter()
                    .map(|user| (user.uid.clone(), user.name.clone()));
                client.seen = people.collect();
                client.uid = Some(uid.clone());
                self.note_login(id, link, uid, token);
            }
            ServerMessage::Presence(changes) => note_presence(&mut client.seen, changes),
            ServerMessage::Ringing { call_id, room_id }
            | ServerMessage::Ring {
                call_id, room_id, ..
            } => {
                let room = RoomId::parse(room_id).map(|room| room.canonical());
                if let Ok(room) = room {
                    client.note_call(HeardCall {
                        call_id: call_id.clone(),
                        room,
                        owner,
                        is_ringing: true,
                    });
                }
            }
            ServerMessage::Accept { call_id }
            | ServerMessage::Decline { call_id }
            | ServerMessage::Cancel { call_id }
            | ServerMessage::NoAnswer { call_id }
            | ServerMessage::Missed { call_id, .. }
            | ServerMessage::Unavailable { call_id } => {
                let mut calls = client.calls.iter_mut();
                if let Some(call) = calls.find(|call| call.call_id == *call_id) {
                    call.is_ringing = false;
                }
            }
            ServerMessage::Offer(_)
            | ServerMessage::Answer(_)
            | ServerMessage::Candidate(_)
            | ServerMessage::MediaState { .. }
            | ServerMessage::PeerAway { .. }
            | ServerMessage::PeerBack { .. }
            | ServerMessage::Login(LoginAnswer::Refused(_))
            | ServerMessage::Busy { .. }
            | ServerMessage::Message { .. }
            | ServerMessage::Delivered { .. }
            | ServerMessage::IceServers { .. }
            | ServerMessage::Keepalive
            | ServerMessage::Error { .. } => {}
        }
    }

    fn note_joined(&mut self, at: Moment, id: ConnectionId, link: u64, uid: &str, token: String) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        if let Some(waiting) = &client.waiting
            && let ClientMessage::Join {
                room_id,
                name,
                resume,
                resume_token,
                ..
            } = &waiting.request
            && let crate::exchange::Key::Room(key) = &waiting.key
        {
            // The owner vouches for the whole room right behind this.
            let own = MemberTicket {
                uid: uid.to_owned(),
                name: name.clone(),
                room_id: room_id.clone(),
                resume: *resume || resume_token.is_some(),
                token,
                role: None,
            };
            let ticket = PlaceTicket {
                key: key.clone(),
                uid: uid.to_owned(),
                members: vec![own],
            };
            client.place = Seat::There {
                link,
                ticket,
                owes_word: true,
            };
            client.mate = None;
            return self.tell_lobby(at, id, true);
        }
        if let Seat::There { owes_word, .. } = &mut client.place {
            *owes_word = true;
        }
    }

    fn note_login(&mut self, id: ConnectionId, link: u64, uid: &str, token: String) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        if let Some(waiting) = &client.waiting
            && let ClientMessage::Login {
                name,
                resume,
                resume_token,
                ..
            } = &waiting.request
            && let crate::exchange::Key::Lobby(lobby) = &waiting.key
        {
            let ticket = LoginTicket {
                uid: uid.to_owned(),
                name: name.trim().to_owned(),
                lobby: lobby.clone(),
                resume: *resume || resume_token.is_some(),
                token,
            };
            // The owner vouches for it right behind this, and for the name that a token gave.
            client.login = Seat::There {
                link,
                ticket,
                owes_word: true,
            };
            return;
        }
        if let Seat::There { owes_word, .. } = &mut client.login {
            *owes_word = true;
        }
    }
}

fn note_presence(seen: &mut std::collections::BTreeMap<String, String>, changes: &Presence) {
    for user in &changes.offline {
        seen.remove(&user.uid);
    }
    for user in &changes.online {
        seen.insert(user.uid.clone(), user.name.clone());
    }
}
