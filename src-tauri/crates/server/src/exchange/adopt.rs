//! What moves between the nodes of a cluster, and what one node must know of the others.
//!
//! A room or a lobby is decided by one node, its owner. When the owner changes, places and logins go from
//! the books of one exchange into those of another, and the people hear of a break at most.

use std::time::Instant;

use duet_protocol::{Presence as Changes, ServerMessage, canonical_name};
use serde::{Deserialize, Serialize};

use super::Exchange;
use crate::directory::{Login, in_messages};
use crate::rooms::{ConnectionId, PlaceTicket, Presence};
use crate::tokens::ResumeTokens;

/// Something that one node of a cluster decides about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Key {
    /// A room, by its canonical id.
    Room(String),
    /// A lobby, by its canonical name.
    Lobby(String),
    /// The codes that displays show, all of them.
    Casts,
}

/// What another node must know of a login to carry it on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LoginTicket {
    pub(crate) uid: String,
    pub(crate) name: String,
    /// The canonical name of the lobby.
    pub(crate) lobby: String,
    pub(crate) resume: bool,
    /// The resume token it was given last.
    pub(crate) token: String,
}

impl Exchange {
    /// Whether anything is known here of a room or a lobby.
    pub(crate) fn holds(&self, key: &Key) -> bool {
        match key {
            Key::Room(room) => self.rooms.holds_room(room),
            Key::Lobby(lobby) => self.directory.has_lobby(lobby),
            Key::Casts => self.casts.len() > 0,
        }
    }

    /// All rooms and lobbies of which something is known here.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let rooms = self.rooms.room_keys().map(|key| Key::Room(key.to_owned()));
        let lobbies = self.directory.lobby_keys().cloned().map(Key::Lobby);
        let casts = self.holds(&Key::Casts).then_some(Key::Casts);
        rooms.chain(lobbies).chain(casts).collect()
    }

    /// The connections that a room or a lobby has here.
    pub(crate) fn connections_of(&self, key: &Key) -> Vec<ConnectionId> {
        match key {
            Key::Room(room) => self.rooms.connections_in(room),
            Key::Lobby(lobby) => self.directory.connections_in(lobby),
            Key::Casts => self.casts.connections(),
        }
    }

    /// The canonical id of the room in which a connection has its place here.
    pub(crate) fn room_of(&self, id: ConnectionId) -> Option<&str> {
        self.rooms.room_of(id)
    }

    /// The uid of the other in the room of a connection.
    pub(crate) fn mate_of(&self, id: ConnectionId) -> Option<&str> {
        self.rooms.room_mate(id).map(|(uid, _)| uid)
    }

    /// The canonical name of the lobby in which a connection is logged in here.
    pub(crate) fn lobby_of(&self, id: ConnectionId) -> Option<&str> {
        let uid = self.logged_in(id)?;
        let login = self.directory.login_of(&uid)?;
        Some(&login.lobby)
    }

    /// The name under which a connection is logged in here.
    pub(crate) fn login_name(&self, id: ConnectionId) -> Option<&str> {
        let uid = self.logged_in(id)?;
        let login = self.directory.login_of(&uid)?;
        Some(&login.name)
    }

    /// What another node would need to carry on the room of this connection.
    pub(crate) fn place_ticket(&self, id: ConnectionId) -> Option<PlaceTicket> {
        self.rooms.ticket(id)
    }

    /// What another node would need to carry on the login of this connection.
    pub(crate) fn login_ticket(&self, id: ConnectionId) -> Option<LoginTicket> {
        let uid = self.logged_in(id)?;
        let login = self.directory.login_of(&uid)?;
        Some(LoginTicket {
            name: login.name.clone(),
            lobby: login.lobby.clone(),
            resume: login.resume,
            token: login.tokens.current(),
            uid,
        })
    }

    /// See [`crate::rooms::Rooms::withdraw_place`].
    pub(crate) fn withdraw_place(&mut self, now: Instant, id: ConnectionId) -> Option<PlaceTicket> {
        let ticket = self.rooms.withdraw_place(id);
        self.settle(now);
        ticket
    }

    /// Takes a login out of the books without a word to the lobby, which goes on elsewhere. Its client
    /// forgets whom it saw here; the next owner tells it who is there.
    pub(crate) fn withdraw_login(&mut self, now: Instant, id: ConnectionId) -> Option<LoginTicket> {
        let uid = self.logged_in(id)?;
        self.vanish(now, &uid);
        let ticket = self.login_ticket(id)?;
        for offline in in_messages(self.directory.others(&ticket.lobby, &uid), |user| user) {
            let changes = Changes {
                offline,
                ..Changes::default()
            };
            self.rooms.send(id, ServerMessage::Presence(changes));
        }
        self.directory.remove(now, &uid);
        self.rooms.set_login(&uid, false);
        Some(ticket)
    }

    /// Forgets what is left of a room or a lobby whose people went on elsewhere.
    pub(crate) fn forget_key(&mut self, now: Instant, key: &Key) {
        match key {
            Key::Room(room) => self.rooms.forget_room(room),
            Key::Lobby(lobby) => {
                for uid in self.directory.uids_in(lobby) {
                    self.end_login(now, &uid);
                }
            }
            Key::Casts => {
                for uid in self.casts.uids() {
                    self.end_cast(&uid);
                }
            }
        }
        self.settle(now);
    }

    /// See [`crate::rooms::Rooms::adopt`].
    pub(crate) fn adopt_place(
        &mut self,
        now: Instant,
        id: ConnectionId,
        ticket: &PlaceTicket,
    ) -> bool {
        let is_adopted = self.rooms.adopt(now, id, ticket);
        self.settle(now);
        is_adopted
    }

    /// Takes over a login from another node. False if it cannot be: somebody else has the name or the
    /// uid, or the lobby is full.
    pub(crate) fn adopt_login(
        &mut self,
        now: Instant,
        id: ConnectionId,
        ticket: &LoginTicket,
    ) -> bool {
        let uid = &ticket.uid;
        let Some(name_key) = canonical_name(&ticket.name) else {
            return false;
        };
        let holder = self.rooms.connection_of(uid);
        let Some(address) = self.rooms.address_of(id) else {
            return false;
        };
        if holder.is_some_and(|held| held != id) || self.rooms.uid_of(id).is_some_and(|u| u != uid)
        {
            return false;
        }
        let kept = self.directory.login_of(uid);
        if kept.is_some_and(|login| !login.tokens.admits(&ticket.token)) {
            return false;
        }
        let checked = self.directory.check_entry(uid, &ticket.lobby, &name_key);
        if checked.is_err() {
            return false;
        }
        self.end_login(now, uid);
        self.rooms.bind(id, uid, Some(&ticket.name));
        self.rooms.rename(id, &ticket.name);
        self.rooms.set_login(uid, true);
        let login = Login {
            name: ticket.name.clone(),
            name_key,
            lobby: ticket.lobby.clone(),
            presence: Presence::Here(id),
            address,
            resume: ticket.resume,
            tokens: ResumeTokens::known(&ticket.token),
            is_busy: self.is_occupied(uid),
        };
        self.directory.admit(now, uid, login);
        for online in in_messages(self.directory.others(&ticket.lobby, uid), |user| user) {
            let changes = Changes {
                online,
                ..Changes::default()
            };
            self.rooms.send(id, ServerMessage::Presence(changes));
        }
        self.settle(now);
        true
    }

    /// A connection came into a room of another node, or left it: meanwhile it cannot be called, and shows
    /// no code.
    pub(crate) fn set_elsewhere(&mut self, now: Instant, id: ConnectionId, is_elsewhere: bool) {
        if is_elsewhere {
            self.elsewhere.insert(id);
            self.take_code_back(id);
        } else {
            self.elsewhere.remove(&id);
        }
        if let Some(uid) = self.rooms.uid_of(id).map(str::to_owned) {
            self.update_busy(now, &uid);
        }
    }

    /// Puts the name of a login at another node in the place of the bound one.
    pub(crate) fn rename(&mut self, id: ConnectionId, name: &str) {
        self.rooms.rename(id, name);
    }

    /// A client that takes part here through another node was heard there.
    pub(crate) fn heard_elsewhere(&mut self, id: ConnectionId, message_spends_login: bool) {
        self.rooms.heard(id);
        if message_spends_login {
            self.use_up_token(id, &duet_protocol::ClientMessage::Keepalive);
        }
    }

    /// The ICE servers that everybody is told of.
    pub(crate) fn ice_servers(&self) -> Vec<duet_protocol::IceServer> {
        self.rooms.ice_servers()
    }
}
