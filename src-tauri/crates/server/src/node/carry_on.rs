//! When an owner changes: dead, out of reach, or not the owner after all.

use duet_protocol::{CloseReason, Presence, ServerMessage, User};

use super::client::Seat;
use super::wire::Body;
use super::{Moment, Node, NodeId};
use crate::exchange::{Key, LoginTicket};
use crate::rooms::{ConnectionId, PlaceTicket};

impl Node {
    /// Another node is gone, or cannot be spoken to, or has forgotten what was said.
    pub(super) fn lose_peer(&mut self, at: Moment, peer: NodeId) {
        self.next_session = self.next_session.saturating_add(1);
        let session = self.next_session;
        let channel = self.channels.get_mut(&peer);
        let lost = channel.map(|channel| channel.break_off(at.now, session));
        for body in lost.unwrap_or_default() {
            if let Body::Handle { link, message } = body
                && let Some(id) = self.client_of(peer, link)
                && !self.is_waiting_for(id, link)
            {
                self.refuse_lost(id, &message);
            }
        }
        let range = (peer, 0)..=(peer, u64::MAX);
        let gone: Vec<ConnectionId> = self
            .proxied
            .iter()
            .filter(|(_, home)| range.contains(home))
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            if let Some(home) = self.proxied.remove(&id) {
                self.proxies.remove(&home);
            }
            self.texts_lost(at, id);
            self.exchange.broken(at.now, id);
        }
        let links = self.links.iter().filter(|(_, known)| known.owner == peer);
        let mut links: Vec<u64> = links.map(|(link, _)| *link).collect();
        links.sort_unstable();
        for link in links {
            self.lost_link(at, peer, link);
        }
    }

    fn is_waiting_for(&self, id: ConnectionId, link: u64) -> bool {
        let client = self.clients.get(&id);
        let waiting = client.and_then(|client| client.waiting.as_ref());
        waiting.is_some_and(|waiting| waiting.asked == Some(link))
    }

    /// Nothing goes over a link any more: what it was for is carried on here.
    pub(super) fn lost_link(&mut self, at: Moment, owner: NodeId, link: u64) {
        self.lost_place(at, owner, link);
        self.lost_login(at, owner, link);
        let Some(id) = self.client_of(owner, link) else {
            return;
        };
        self.lost_code(id, link);
        self.links.remove(&link);
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        client.links.remove(&owner);
        let waiting = client.waiting.as_mut();
        if let Some(waiting) = waiting.filter(|waiting| waiting.asked == Some(link)) {
            waiting.asked = None;
            let key = waiting.key.clone();
            if self.is_connected(at.now) {
                self.claim_later(at, key, Some(id), false);
            } else {
                self.refuse_waiting(at, id);
            }
        }
    }

    /// Answers a request that cannot be put to anybody now, unless it can be decided here.
    pub(super) fn refuse_waiting(&mut self, at: Moment, id: ConnectionId) {
        let client = self.clients.get(&id);
        let Some(waiting) = client.and_then(|client| client.waiting.as_ref()) else {
            return;
        };
        let request = waiting.request.clone();
        if self.may_decide(at.now, &waiting.key) {
            self.exchange.handle(at.now, at.wall, id, request);
        } else {
            self.refuse_out_of_reach(id, request.command(), None);
        }
        self.settle_request(at, id);
    }

    /// Another node decides about our client's place no longer: we do, until we know who does.
    pub(super) fn lost_place(&mut self, at: Moment, owner: NodeId, link: u64) {
        let Some(id) = self.client_of(owner, link) else {
            return;
        };
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        if client.place.link() != Some(link) {
            return;
        }
        client.mate = None;
        let seat = std::mem::replace(&mut client.place, Seat::Here);
        if let Seat::There { ticket, .. } = seat {
            let key = Key::Room(ticket.key.clone());
            let is_adopted = self.exchange.adopt_place(at.now, id, &ticket);
            self.carried_on(at, id, key, is_adopted);
            self.tell_lobby(at, id, true);
        }
    }

    /// The same for its login. Whom it saw in the lobby it sees again when they are there again.
    pub(super) fn lost_login(&mut self, at: Moment, owner: NodeId, link: u64) {
        let Some(id) = self.client_of(owner, link) else {
            return;
        };
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        if client.login.link() != Some(link) {
            return;
        }
        let seat = std::mem::replace(&mut client.login, Seat::Here);
        let seen = std::mem::take(&mut client.seen);
        let calls: Vec<String> = client
            .calls
            .iter()
            .filter(|call| call.owner == owner && call.is_ringing)
            .map(|call| call.call_id.clone())
            .collect();
        client.calls.retain(|call| call.owner != owner);
        for call_id in calls {
            self.send(id, ServerMessage::Unavailable { call_id });
        }
        let users = seen.into_iter().map(|(uid, name)| User {
            uid,
            name,
            busy: false,
        });
        let offline: Vec<User> = users.collect();
        if !offline.is_empty() {
            let changes = Presence {
                offline,
                ..Presence::default()
            };
            self.send(id, ServerMessage::Presence(changes));
        }
        if let Seat::There { ticket, .. } = seat {
            let key = Key::Lobby(ticket.lobby.clone());
            let is_adopted = self.exchange.adopt_login(at.now, id, &ticket);
            self.carried_on(at, id, key, is_adopted);
            let is_elsewhere = self
                .clients
                .get(&id)
                .is_some_and(|c| c.place.link().is_some());
            self.exchange.set_elsewhere(at.now, id, is_elsewhere);
        }
    }

    fn carried_on(&mut self, at: Moment, id: ConnectionId, key: Key, is_adopted: bool) {
        self.drain_exchange(at);
        if !is_adopted {
            self.close(id, CloseReason::Draining);
        } else if self.is_connected(at.now) {
            self.claim_later(at, key, None, true);
        }
    }

    /// Something we hold is another node's: our people go there.
    pub(super) fn give_way(&mut self, at: Moment, key: &Key, owner: NodeId) {
        let connections = self.exchange.connections_of(key);
        match key {
            Key::Room(_) => {
                let tickets = connections
                    .into_iter()
                    .filter_map(|id| Some((id, self.exchange.place_ticket(id)?)));
                let tickets: Vec<(ConnectionId, PlaceTicket)> = tickets.collect();
                for (id, ticket) in tickets {
                    self.exchange.withdraw_place(at.now, id);
                    self.send_place(at, id, ticket, owner);
                }
            }
            Key::Lobby(_) => {
                for id in connections {
                    if let Some(ticket) = self.exchange.withdraw_login(at.now, id) {
                        self.send_login(at, id, ticket, owner);
                    }
                }
            }
            Key::Casts => self.give_codes_up(at, connections),
        }
        self.exchange.forget_key(at.now, key);
        self.drain_exchange(at);
    }

    fn send_place(&mut self, at: Moment, id: ConnectionId, ticket: PlaceTicket, owner: NodeId) {
        if let Some((home, link)) = self.proxied.get(&id).copied() {
            return self.tell(at.now, home, Body::LostPlace { link });
        }
        let link = self.link_to(at, id, owner);
        if let Some(client) = self.clients.get_mut(&id) {
            client.uid = Some(ticket.uid.clone());
            client.mate = ticket.mate().map(|mate| mate.uid.clone());
            client.place = Seat::There {
                link,
                ticket: ticket.clone(),
                owes_word: false,
            };
            self.tell(at.now, owner, Body::AdoptPlace { link, ticket });
            self.tell_lobby(at, id, true);
        }
    }

    fn send_login(&mut self, at: Moment, id: ConnectionId, ticket: LoginTicket, owner: NodeId) {
        // What the exchange says of the lobby comes before what its next owner says.
        self.drain_exchange(at);
        if let Some((home, link)) = self.proxied.get(&id).copied() {
            return self.tell(at.now, home, Body::LostLogin { link });
        }
        let link = self.link_to(at, id, owner);
        if let Some(client) = self.clients.get_mut(&id) {
            client.uid = Some(ticket.uid.clone());
            client.seen.clear();
            client.login = Seat::There {
                link,
                ticket: ticket.clone(),
                owes_word: false,
            };
            self.exchange.set_elsewhere(at.now, id, false);
            self.tell(at.now, owner, Body::AdoptLogin { link, ticket });
            if self.exchange.room_of(id).is_some() {
                self.tell_lobby(at, id, true);
            }
        }
    }
}
