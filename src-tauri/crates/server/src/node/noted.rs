//! What a home learns from the messages that it passes on: where its clients are, and whom they know.

use duet_protocol::{ClientMessage, LoginAnswer, Presence, RoomId, ServerMessage};

use super::client::{HeardCall, Seat};
use super::{Moment, Node, NodeId};
use crate::rooms::ConnectionId;

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
                let token = resume_token.as_deref().unwrap_or_default();
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
                let token = resume_token.as_deref().unwrap_or_default();
                let people = users
                    .iter()
                    .map(|user| (user.uid.clone(), user.name.clone()));
                client.seen = people.collect();
                client.uid = Some(uid.clone());
                let waiting = client.waiting.as_ref();
                match waiting.and_then(|waiting| waiting.login(uid, token)) {
                    None => client.login.given_again(),
                    Some(ticket) => client.login = Seat::given(link, ticket),
                }
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

    fn note_joined(&mut self, at: Moment, id: ConnectionId, link: u64, uid: &str, token: &str) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let waiting = client.waiting.as_ref();
        match waiting.and_then(|waiting| waiting.place(uid, token)) {
            None => client.place.given_again(),
            Some(ticket) => {
                client.place = Seat::given(link, ticket);
                client.mate = None;
                self.tell_lobby(at, id, true);
            }
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
