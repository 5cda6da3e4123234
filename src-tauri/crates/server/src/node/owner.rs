//! The owner's end of links: clients of other nodes take part in our exchange.

use duet_protocol::limits::DEFAULT_LOBBY;
use duet_protocol::{ClientMessage, CloseReason, RoomId};

use super::wire::Body;
use super::{Command, MAX_PROXIED, Moment, Node, NodeId};
use crate::address::AddressKey;
use crate::exchange::Key;
use crate::rooms::ConnectionId;

impl Node {
    /// Another node says something.
    pub(super) fn take_body(&mut self, at: Moment, peer: NodeId, body: Body) {
        match body {
            Body::Open { link, address } => self.open(at, peer, link, address),
            Body::Handle { link, message } => self.handle_proxied(at, peer, link, message),
            Body::Heard { link, spends_login } => {
                if let Some(id) = self.proxies.get(&(peer, link)) {
                    self.exchange.heard_elsewhere(*id, spends_login);
                }
            }
            Body::Elsewhere { link, is_elsewhere } => {
                if let Some(id) = self.proxies.get(&(peer, link)) {
                    self.exchange.set_elsewhere(at.now, *id, is_elsewhere);
                }
            }
            Body::Arrived { link } => self.text_arrived(at, peer, link),
            Body::Name { link, name } => {
                if let Some(id) = self.proxies.get(&(peer, link)) {
                    self.exchange.rename(*id, &name);
                }
            }
            Body::Broken { link } => {
                if let Some(id) = self.proxies.remove(&(peer, link)) {
                    self.proxied.remove(&id);
                    self.texts_lost(at, id);
                    self.exchange.broken(at.now, id);
                }
            }
            Body::AdoptPlace { link, ticket } => {
                let key = Key::Room(ticket.key.clone());
                let Some(id) = self.admitted_to(at, peer, link, &key) else {
                    return self.tell(at.now, peer, Body::LostPlace { link });
                };
                let is_adopted = self.exchange.adopt_place(at.now, id, &ticket);
                self.adopted(at, id, &key, is_adopted);
            }
            Body::AdoptLogin { link, ticket } => {
                let key = Key::Lobby(ticket.lobby.clone());
                let Some(id) = self.admitted_to(at, peer, link, &key) else {
                    return self.tell(at.now, peer, Body::LostLogin { link });
                };
                let is_adopted = self.exchange.adopt_login(at.now, id, &ticket);
                self.adopted(at, id, &key, is_adopted);
            }
            Body::Send { link, message } => self.sent_from_afar(at, peer, link, message),
            Body::Close { link, code } => self.closed_from_afar(peer, link, code),
            Body::Vouch { link, ticket } => self.vouched(peer, link, ticket),
            Body::VouchLogin { link, ticket } => self.vouched_login(at, peer, link, ticket),
            Body::Bounced { link, message } => self.bounced(at, peer, link, &message),
            Body::LostPlace { link } => self.lost_place(at, peer, link),
            Body::LostLogin { link } => self.lost_login(at, peer, link),
            Body::NoLink { link } => self.lost_link(at, peer, link),
            Body::Unknown => self.unknown += 1,
        }
    }

    fn open(&mut self, at: Moment, peer: NodeId, link: u64, address: AddressKey) {
        if self.proxies.contains_key(&(peer, link)) {
            return;
        }
        if self.proxied.len() >= MAX_PROXIED {
            let code = CloseReason::Draining.code();
            return self.tell(at.now, peer, Body::Close { link, code });
        }
        let id = ConnectionId(self.next_proxied);
        self.next_proxied += 1;
        self.proxied.insert(id, (peer, link));
        self.proxies.insert((peer, link), id);
        self.exchange.connected(id, address);
    }

    fn handle_proxied(&mut self, at: Moment, peer: NodeId, link: u64, message: ClientMessage) {
        let Some(id) = self.proxies.get(&(peer, link)).copied() else {
            return self.tell(at.now, peer, Body::NoLink { link });
        };
        if let Some(key) = self.wanted_key(id, &message)
            && !self.may_decide_for_others(at, &key)
        {
            // Redis may believe that it is ours, because a release was lost.
            if !self.claims.contains_key(&key) && !self.exchange.holds(&key) {
                let me = self.me;
                self.commands.push_back(Command::Release { key, me });
            }
            return self.tell(at.now, peer, Body::Bounced { link, message });
        }
        self.exchange.heard(id);
        self.exchange.handle(at.now, at.wall, id, message);
    }

    /// What a message asks to be let into.
    fn wanted_key(&self, id: ConnectionId, message: &ClientMessage) -> Option<Key> {
        match message {
            ClientMessage::Join { room_id, .. } if self.exchange.room_of(id).is_none() => {
                Some(Key::Room(RoomId::parse(room_id).ok()?.canonical()))
            }
            ClientMessage::Login { lobby, .. } if self.exchange.lobby_of(id).is_none() => {
                let lobby = lobby.as_deref().unwrap_or(DEFAULT_LOBBY);
                Some(Key::Lobby(RoomId::parse(lobby).ok()?.canonical()))
            }
            ClientMessage::CastOpen { .. } | ClientMessage::CastJoin { .. }
                if self.exchange.room_of(id).is_none() =>
            {
                Some(Key::Casts)
            }
            _ => None,
        }
    }

    fn may_decide_for_others(&self, at: Moment, key: &Key) -> bool {
        self.owned.contains(key) && self.may_decide(at.now, key)
    }

    fn admitted_to(&self, at: Moment, peer: NodeId, link: u64, key: &Key) -> Option<ConnectionId> {
        let id = self.proxies.get(&(peer, link)).copied()?;
        self.may_decide_for_others(at, key).then_some(id)
    }

    /// A place or login that could not be carried on ends the connection: its client comes back by
    /// itself, and is told how it is.
    fn adopted(&mut self, at: Moment, id: ConnectionId, key: &Key, is_adopted: bool) {
        if is_adopted {
            self.drain_exchange(at);
            if let Key::Room(_) = key {
                let touched = self.exchange.connections_of(key);
                self.vouch_for(at, touched);
            }
            return;
        }
        if let Some((peer, link)) = self.proxied.remove(&id) {
            self.proxies.remove(&(peer, link));
            self.texts_lost(at, id);
            self.exchange.broken(at.now, id);
            let code = CloseReason::Draining.code();
            self.tell(at.now, peer, Body::Close { link, code });
        }
    }
}
