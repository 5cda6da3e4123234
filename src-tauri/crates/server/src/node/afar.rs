//! What other nodes say to our clients: watched, so that their home knows where they are, and passed on.

use duet_protocol::{ClientMessage, CloseReason, LoginAnswer, Presence, RoomId, ServerMessage};

use super::client::{HeardCall, Seat};
use super::wire::Body;
use super::{Moment, Node, NodeId};
use crate::exchange::LoginTicket;
use crate::rooms::{ConnectionId, MemberTicket, PlaceTicket};

impl Node {
    /// An owner sends our client something.
    pub(super) fn sent_from_afar(
        &mut self,
        at: Moment,
        owner: NodeId,
        link: u64,
        message: ServerMessage,
    ) {
        let Some(id) = self.client_of(owner, link) else {
            return self.tell(at.now, owner, Body::Broken { link });
        };
        let is_answer = self.is_answer(id, link, &message);
        self.note(at, id, owner, link, &message);
        let message = self.with_our_ice_servers(message);
        self.send(id, message);
        if is_answer {
            self.settle_request(at, id);
        }
        self.close_unused_links(at, id);
    }

    pub(super) fn client_of(&self, owner: NodeId, link: u64) -> Option<ConnectionId> {
        let known = self.links.get(&link).filter(|known| known.owner == owner)?;
        Some(known.client)
    }

    /// A request was answered; what came behind it follows.
    pub(super) fn settle_request(&mut self, at: Moment, id: ConnectionId) {
        if let Some(client) = self.clients.get_mut(&id)
            && let Some(waiting) = client.waiting.take()
        {
            self.deadlines.remove(&(waiting.until, id));
        }
        self.flush_queue(at, id);
    }

    /// Whether this answers the request for which the client waits.
    fn is_answer(&self, id: ConnectionId, link: u64, message: &ServerMessage) -> bool {
        let client = self.clients.get(&id);
        let waiting = client.and_then(|client| client.waiting.as_ref());
        let Some(waiting) = waiting.filter(|waiting| waiting.asked == Some(link)) else {
            return false;
        };
        let command = waiting.request.command();
        match message {
            ServerMessage::Joined { .. } => matches!(command, "join" | "cast-open" | "cast-join"),
            ServerMessage::Full { .. } => command == "join",
            ServerMessage::CastCode { .. } => command == "cast-open",
            ServerMessage::Login(_) => command == "login",
            ServerMessage::Error { reference, .. } => reference.as_deref() == Some(command),
            _ => false,
        }
    }

    /// Keeps up with where our client is and what it knows.
    fn note(
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

    /// The lobby of our client, if another node has it than its room, learns that it is in a room.
    pub(super) fn tell_lobby(&mut self, at: Moment, id: ConnectionId, is_elsewhere: bool) {
        let Some(client) = self.clients.get(&id) else {
            return;
        };
        let (place, login) = (client.place.link(), client.login.link());
        match login.and_then(|link| Some((link, self.links.get(&link)?.owner))) {
            Some((link, owner)) if place != Some(link) || !is_elsewhere => {
                self.tell(at.now, owner, Body::Elsewhere { link, is_elsewhere });
            }
            Some(_) => {}
            None => {
                let is_elsewhere = is_elsewhere && place.is_some();
                self.exchange.set_elsewhere(at.now, id, is_elsewhere);
            }
        }
    }

    /// Our client logged in: its room, if another node has it than its lobby, learns the name, and the
    /// lobby of the room.
    pub(super) fn logged_in_as(&mut self, at: Moment, id: ConnectionId, name: &str) {
        let Some(client) = self.clients.get(&id) else {
            return;
        };
        let (place, login) = (client.place.link(), client.login.link());
        if place == login {
            return;
        }
        if let Some((link, owner)) =
            place.and_then(|link| Some((link, self.links.get(&link)?.owner)))
        {
            let name = name.to_owned();
            self.tell(at.now, owner, Body::Name { link, name });
        } else {
            self.exchange.rename(id, name);
        }
        if place.is_some() || self.exchange.room_of(id).is_some() {
            self.tell_lobby(at, id, true);
        }
    }

    /// The owner of our client's room says what to carry it on with.
    pub(super) fn vouched(&mut self, owner: NodeId, link: u64, vouched: PlaceTicket) {
        let client = self.client_of(owner, link);
        let client = client.and_then(|id| self.clients.get_mut(&id));
        if let Some(client) = client
            && client.place.link() == Some(link)
            && let Some(ticket) = client.place.ticket_mut()
        {
            client.mate = vouched.mate().map(|mate| mate.uid.clone());
            *ticket = vouched;
        }
    }

    /// The same for its login.
    pub(super) fn vouched_login(
        &mut self,
        at: Moment,
        owner: NodeId,
        link: u64,
        vouched: LoginTicket,
    ) {
        let Some(id) = self.client_of(owner, link) else {
            return;
        };
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        if client.login.link() == Some(link)
            && let Some(ticket) = client.login.ticket_mut()
        {
            let name = vouched.name.clone();
            *ticket = vouched;
            self.logged_in_as(at, id, &name);
        }
    }

    /// An owner ends the connection of our client.
    pub(super) fn closed_from_afar(&mut self, owner: NodeId, link: u64, code: u16) {
        let Some(id) = self.client_of(owner, link) else {
            return;
        };
        self.links.remove(&link);
        if let Some(client) = self.clients.get_mut(&id) {
            client.links.remove(&owner);
            client.cast = client.cast.filter(|known| *known != link);
            if client.place.link() == Some(link) {
                client.place = Seat::Here;
            }
            if client.login.link() == Some(link) {
                client.login = Seat::Here;
            }
        }
        let reason = CloseReason::from_code(code).unwrap_or(CloseReason::Draining);
        self.close(id, reason);
    }

    /// Each node has its own relay; the lists of others are not for our clients.
    fn with_our_ice_servers(&self, mut message: ServerMessage) -> ServerMessage {
        if let ServerMessage::Joined { ice_servers, .. }
        | ServerMessage::Login(LoginAnswer::Accepted { ice_servers, .. }) = &mut message
        {
            *ice_servers = self.exchange.ice_servers();
        }
        message
    }

    /// What a message that never reached its owner is answered with.
    pub(super) fn refuse_lost(&mut self, id: ConnectionId, message: &ClientMessage) {
        let text_id = match message {
            ClientMessage::Message(text) => Some(text.id.clone()),
            _ => None,
        };
        self.refuse_out_of_reach(id, message.command(), text_id);
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
