//! What other nodes say to our clients: watched ([`super::noted`]) and passed on.

use duet_protocol::{ClientMessage, CloseReason, LoginAnswer, ServerMessage};

use super::client::Seat;
use super::wire::Body;
use super::{Moment, Node, NodeId};
use crate::exchange::LoginTicket;
use crate::rooms::{ConnectionId, PlaceTicket};

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
        let is_text = matches!(message, ServerMessage::Message { .. });
        self.note(at, id, owner, link, &message);
        let message = self.with_our_ice_servers(message);
        self.send(id, message);
        if is_text {
            self.tell(at.now, owner, Body::Arrived { link });
        }
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

    /// The lobby of our client, if another node has it than its room, learns that it is in a room; who is
    /// in one shows no code.
    pub(super) fn tell_lobby(&mut self, at: Moment, id: ConnectionId, is_elsewhere: bool) {
        if is_elsewhere {
            self.end_code(at, id);
        }
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
