//! What our clients say: to our own exchange, or over a link to the one that decides.

use duet_protocol::limits::DEFAULT_LOBBY;
use duet_protocol::{ClientMessage, CloseReason, ErrorCode, RoomId, ServerMessage, Text};

use super::client::{LinkOut, Seat, Waiting};
use super::wire::Body;
use super::{Moment, Node, NodeId};
use crate::exchange::Key;
use crate::rooms::ConnectionId;

/// What may wait behind a `join` or `login`; the rate limit lets no more through in that time.
const MAX_QUEUED: usize = 512;
/// Longer than it takes to notice that an owner is dead.
const REQUEST_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(12);

impl Node {
    /// A checked message came from a client of ours.
    pub(crate) fn handle(&mut self, at: Moment, id: ConnectionId, message: ClientMessage) {
        if self.health.is_none() {
            self.exchange.handle(at.now, at.wall, id, message);
            return self.finish(at);
        }
        self.catch_up(at);
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let is_keepalive = message == ClientMessage::Keepalive;
        if client.is_closed {
            // Its close frame is on the way.
        } else if client.waiting.is_none() || is_keepalive {
            self.dispatch(at, id, message);
        } else if client.queue.len() < MAX_QUEUED {
            client.queue.push_back(message);
        } else {
            self.close(id, CloseReason::RateExceeded);
        }
        self.finish(at);
    }

    /// What waited behind an answered request.
    pub(super) fn flush_queue(&mut self, at: Moment, id: ConnectionId) {
        self.drain_exchange(at);
        while let Some(client) = self.clients.get_mut(&id)
            && client.waiting.is_none()
            && !client.is_closed
            && let Some(message) = client.queue.pop_front()
        {
            self.dispatch(at, id, message);
        }
    }

    fn dispatch(&mut self, at: Moment, id: ConnectionId, mut message: ClientMessage) {
        self.spend_tokens(at, id, &message);
        self.repeat_access_token(id, &mut message);
        let Some(client) = self.clients.get(&id) else {
            return;
        };
        let (place, login, cast) = (client.place.link(), client.login.link(), client.cast);
        match message {
            ClientMessage::Join { .. } => self.join(at, id, message),
            ClientMessage::Login { .. } => self.log_in(at, id, message),
            ClientMessage::Logout => self.log_out(at, id),
            ClientMessage::CastOpen { .. } | ClientMessage::CastJoin { .. } => {
                self.cast(at, id, message);
            }
            ClientMessage::Offer(_)
            | ClientMessage::Answer(_)
            | ClientMessage::Candidate(_)
            | ClientMessage::MediaState { .. } => self.pass(at, id, place, message),
            ClientMessage::Leave { .. } => self.pass(at, id, place.or(cast), message),
            ClientMessage::Call { .. }
            | ClientMessage::Accept { .. }
            | ClientMessage::Decline { .. }
            | ClientMessage::Cancel { .. } => self.pass(at, id, login, message),
            ClientMessage::Message(text) => self.text(at, id, text),
            ClientMessage::IceServers if self.uid_of(id).is_some() => {
                let ice_servers = self.exchange.ice_servers();
                self.send(id, ServerMessage::IceServers { ice_servers });
            }
            ClientMessage::IceServers | ClientMessage::Keepalive => {
                self.exchange.handle(at.now, at.wall, id, message);
            }
        }
    }

    /// To the owner at the end of a link, or to our own exchange.
    pub(super) fn pass(
        &mut self,
        at: Moment,
        id: ConnectionId,
        link: Option<u64>,
        message: ClientMessage,
    ) {
        match link.and_then(|link| Some((link, self.links.get(&link)?.owner))) {
            Some((link, owner)) => self.tell(at.now, owner, Body::Handle { link, message }),
            None => self.exchange.handle(at.now, at.wall, id, message),
        }
    }

    /// The client has got the last answers of other nodes, as far as we can know.
    fn spend_tokens(&mut self, at: Moment, id: ConnectionId, message: &ClientMessage) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let is_request = matches!(
            message,
            ClientMessage::Join { .. } | ClientMessage::Login { .. }
        );
        let place = client.place.take_owed_word();
        let login = if is_request {
            None
        } else {
            client.login.take_owed_word()
        };
        let is_one = place == login;
        let words = [place, login.filter(|_| !is_one || place.is_none())];
        for link in words.into_iter().flatten() {
            let spends_login = login == Some(link);
            if let Some(LinkOut { owner, .. }) = self.links.get(&link).copied() {
                self.tell(at.now, owner, Body::Heard { link, spends_login });
            }
        }
    }

    /// A client says its token once for each connection; every node that it is passed to asks for it.
    fn repeat_access_token(&mut self, id: ConnectionId, message: &mut ClientMessage) {
        if let ClientMessage::Join { token, .. }
        | ClientMessage::Login { token, .. }
        | ClientMessage::CastOpen { token, .. }
        | ClientMessage::CastJoin { token, .. } = message
            && let Some(client) = self.clients.get_mut(&id)
        {
            match token {
                Some(token) => client.access_token = Some(token.clone()),
                None => token.clone_from(&client.access_token),
            }
        }
    }

    fn join(&mut self, at: Moment, id: ConnectionId, mut message: ClientMessage) {
        let ClientMessage::Join {
            room_id, uid, name, ..
        } = &mut message
        else {
            return;
        };
        let Some(client) = self.clients.get(&id) else {
            return;
        };
        // A room is known by its canonical id; parsing has checked it.
        let canonical = RoomId::parse(room_id).map(|room_id| room_id.canonical());
        let is_settled = client.place.link().is_some() || self.exchange.room_of(id).is_some();
        let (Ok(room), false) = (canonical, is_settled) else {
            return self.pass(at, id, client.place.link(), message);
        };
        if self.uid_of(id).is_some_and(|bound| bound != uid) {
            return self.refuse(id, "join", ErrorCode::UidMismatch);
        }
        // The name of a login goes before the name of a join, wherever the login is.
        let login_name = client.login.ticket().map(|ticket| ticket.name.as_str());
        if let Some(login_name) = login_name.or_else(|| self.exchange.login_name(id)) {
            *name = Some(login_name.to_owned());
        }
        // The room of a call by name is where its lobby is.
        let mut calls = client.calls.iter();
        let owner = calls.find(|call| call.room == room).map(|call| call.owner);
        self.request(at, id, Key::Room(room), message, owner);
    }

    fn log_in(&mut self, at: Moment, id: ConnectionId, message: ClientMessage) {
        let ClientMessage::Login { lobby, uid, .. } = &message else {
            return;
        };
        let Some(client) = self.clients.get(&id) else {
            return;
        };
        let canonical = RoomId::parse(lobby.as_deref().unwrap_or(DEFAULT_LOBBY));
        let is_settled = client.login.link().is_some() || self.exchange.lobby_of(id).is_some();
        let (Ok(lobby), false) = (canonical, is_settled) else {
            return self.pass(at, id, client.login.link(), message);
        };
        if self.uid_of(id).is_some_and(|bound| bound != uid) {
            return self.refuse(id, "login", ErrorCode::UidMismatch);
        }
        self.request(at, id, Key::Lobby(lobby.canonical()), message, None);
    }

    fn log_out(&mut self, at: Moment, id: ConnectionId) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let link = client.login.link();
        client.login = Seat::Here;
        client.seen.clear();
        client.calls.retain(|call| !call.is_ringing);
        self.pass(at, id, link, ClientMessage::Logout);
        self.close_unused_links(at, id);
    }

    /// A request to take a place or a name. Only its owner can say; who that is, Redis can.
    pub(super) fn request(
        &mut self,
        at: Moment,
        id: ConnectionId,
        key: Key,
        request: ClientMessage,
        known_owner: Option<NodeId>,
    ) {
        if known_owner.is_none() && self.may_decide(at.now, &key) {
            return self.exchange.handle(at.now, at.wall, id, request);
        }
        if !self.is_connected(at.now) {
            return self.refuse_out_of_reach(id, request.command(), None);
        }
        let until = at.now + REQUEST_TIMEOUT;
        self.deadlines.insert((until, id));
        if let Some(client) = self.clients.get_mut(&id) {
            client.waiting = Some(Waiting {
                request,
                key: key.clone(),
                until,
                asked: None,
            });
        }
        match known_owner {
            Some(owner) => self.ask(at, id, owner),
            None => self.claim(key, Some(id), false),
        }
    }

    /// Passes a waiting request to the owner.
    pub(super) fn ask(&mut self, at: Moment, id: ConnectionId, owner: NodeId) {
        let link = self.link_to(at, id, owner);
        let waiting = self
            .clients
            .get_mut(&id)
            .and_then(|client| client.waiting.as_mut());
        if let Some(waiting) = waiting {
            waiting.asked = Some(link);
            let message = waiting.request.clone();
            self.tell(at.now, owner, Body::Handle { link, message });
        }
    }

    /// The link of a client to an owner, opened if need be.
    pub(super) fn link_to(&mut self, at: Moment, id: ConnectionId, owner: NodeId) -> u64 {
        let Some(client) = self.clients.get_mut(&id) else {
            return 0;
        };
        if let Some(link) = client.links.get(&owner) {
            return *link;
        }
        let (link, address) = (self.next_link, client.address);
        self.next_link += 1;
        client.links.insert(owner, link);
        self.links.insert(link, LinkOut { client: id, owner });
        self.tell(at.now, owner, Body::Open { link, address });
        link
    }

    /// Ends links over which nothing goes any more.
    pub(super) fn close_unused_links(&mut self, at: Moment, id: ConnectionId) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let links = client.links.clone().into_iter();
        let unused: Vec<(NodeId, u64)> = links
            .filter(|(owner, link)| client.has_no_use_for(*link, *owner))
            .collect();
        for (owner, link) in &unused {
            client.links.remove(owner);
            self.links.remove(link);
        }
        for (owner, link) in unused {
            self.tell(at.now, owner, Body::Broken { link });
        }
    }

    /// A text goes to the node where the two meet: their room, or their lobby.
    fn text(&mut self, at: Moment, id: ConnectionId, text: Text) {
        let Some(client) = self.clients.get(&id) else {
            return;
        };
        let (place, login) = (client.place.link(), client.login.link());
        let link = match &text.to {
            None => place,
            Some(to) if client.mate.as_ref() == Some(to) => place,
            Some(to) if self.exchange.mate_of(id) == Some(to.as_str()) => None,
            Some(_) => login,
        };
        self.pass(at, id, link, ClientMessage::Message(text));
    }
}
