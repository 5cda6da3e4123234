//! Who has which uid.
//!
//! A uid belongs to one connection, or to what is kept for a broken one: a place, a login, or both. The
//! first `join` or `login` binds it; whoever comes on another connection must prove that it is the same
//! client, for the place or for the login, and has then proven it for both.

use std::sync::Arc;
use std::time::Instant;

use duet_protocol::CloseReason;

use super::{ConnectionId, Output, Rooms};
use crate::address::AddressKey;

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) address: AddressKey,
    pub(super) identity: Option<Identity>,
    /// The canonical id of the room it holds a place in.
    pub(super) room: Option<Arc<str>>,
}

/// What the first join or login bound to a connection.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) uid: Arc<str>,
    pub(super) name: Option<Arc<str>>,
}

/// What a uid has. An entry that has nothing is removed.
#[derive(Debug, Default)]
pub(super) struct Holder {
    /// The connection bound to it.
    pub(super) connection: Option<ConnectionId>,
    /// It is logged in, or its login is kept.
    pub(super) has_login: bool,
}

/// What a uid that asks for something is to this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Nobody has it.
    Free,
    /// This connection is bound to it.
    Ours,
    /// Another connection has it, or something is kept for it, and a token proves that it is the
    /// same client.
    Proven,
    /// Somebody else's.
    Taken,
}

impl Rooms {
    /// Whether this connection is still known: not after it was closed or replaced.
    pub(crate) fn is_connected(&self, id: ConnectionId) -> bool {
        self.connections.contains_key(&id)
    }

    /// Whom limits "per address" count this connection to.
    pub(crate) fn address_of(&self, id: ConnectionId) -> Option<AddressKey> {
        self.connections.get(&id).map(|known| known.address)
    }

    /// The uid bound to a connection.
    pub(crate) fn uid_of(&self, id: ConnectionId) -> Option<&str> {
        let identity = self.connections.get(&id)?.identity.as_ref()?;
        Some(&identity.uid)
    }

    /// The name bound to a connection.
    pub(crate) fn name_of(&self, id: ConnectionId) -> Option<&str> {
        let identity = self.connections.get(&id)?.identity.as_ref()?;
        identity.name.as_deref()
    }

    /// The connection bound to a uid.
    pub(crate) fn connection_of(&self, uid: &str) -> Option<ConnectionId> {
        self.holders.get(uid)?.connection
    }

    /// The canonical id of the room in which a uid has its place, taken or kept.
    pub(crate) fn place_of(&self, uid: &str) -> Option<&str> {
        let holder = self.holders.get(uid)?;
        let taken = holder
            .connection
            .and_then(|connection| self.connections.get(&connection)?.room.as_deref());
        taken.or_else(|| self.kept_rooms.get(uid).map(|key| &**key))
    }

    /// Uids that belong to somebody.
    pub(crate) fn uid_count(&self) -> usize {
        self.holders.len()
    }

    /// What `uid` is to this connection; `is_proven` says that a token was good.
    pub(crate) fn claim(&self, id: ConnectionId, uid: &str, is_proven: bool) -> Claim {
        match self.holders.get(uid) {
            None => Claim::Free,
            Some(holder) if holder.connection == Some(id) => Claim::Ours,
            Some(_) if is_proven => Claim::Proven,
            Some(_) => Claim::Taken,
        }
    }

    /// Binds uid and name to the connection; what is bound already stays. Returns the bound name.
    pub(crate) fn bind(
        &mut self,
        id: ConnectionId,
        uid: &str,
        name: Option<&str>,
    ) -> Option<Option<Arc<str>>> {
        if !self.is_connected(id) {
            return None;
        }
        self.holder_mut(uid).connection = Some(id);
        let shared_uid = self.shared_uid(uid);
        let connection = self.connections.get_mut(&id)?;
        let identity = connection.identity.get_or_insert(Identity {
            uid: shared_uid,
            name: None,
        });
        if identity.name.is_none() {
            identity.name = name.map(Arc::from);
        }
        let bound_name = identity.name.clone();
        self.note_moved(uid);
        Some(bound_name)
    }

    /// Puts the name of a login, which is unique in its lobby, in the place of the bound one.
    pub(crate) fn rename(&mut self, id: ConnectionId, name: &str) {
        let known = self.connections.get_mut(&id);
        if let Some(identity) = known.and_then(|known| known.identity.as_mut()) {
            identity.name = Some(name.into());
        }
    }

    /// Closes the connection that had this uid, unless it is this one. Its place is kept or given up
    /// as if it had broken.
    pub(crate) fn replace(&mut self, now: Instant, id: ConnectionId, uid: &str) {
        if let Some(connection) = self.connection_of(uid).filter(|old| *old != id) {
            self.disconnect(now, connection);
            let reason = CloseReason::Replaced;
            self.outputs.push_back(Output::Close { connection, reason });
        }
    }

    /// The same, while its place is taken over.
    pub(super) fn replace_in_place(&mut self, id: ConnectionId, uid: &str) {
        if let Some(connection) = self.connection_of(uid).filter(|old| *old != id) {
            self.connections.remove(&connection);
            self.unbind(connection, uid);
            let reason = CloseReason::Replaced;
            self.outputs.push_back(Output::Close { connection, reason });
        }
    }

    /// A login holds its uid also while nobody is connected.
    pub(crate) fn set_login(&mut self, uid: &str, has_login: bool) {
        self.holder_mut(uid).has_login = has_login;
        self.forget_unused(uid);
    }

    pub(super) fn unbind(&mut self, id: ConnectionId, uid: &str) {
        let holder = self.holder_mut(uid);
        if holder.connection == Some(id) {
            holder.connection = None;
        }
        self.note_moved(uid);
    }

    /// The entry of a uid; call [`Self::forget_unused`] after taking something away from it.
    pub(super) fn holder_mut(&mut self, uid: &str) -> &mut Holder {
        let uid = self.shared_uid(uid);
        self.holders.entry(uid).or_default()
    }

    /// One copy of a uid for all the books: they are what thousands of idle connections hold.
    pub(super) fn shared_uid(&self, uid: &str) -> Arc<str> {
        let known = self.holders.get_key_value(uid);
        known.map_or_else(|| Arc::from(uid), |(known, _)| Arc::clone(known))
    }

    /// A uid has a place in this room without a connection.
    pub(super) fn keep_room(&mut self, uid: &str, key: Arc<str>) {
        self.holder_mut(uid);
        let uid = self.shared_uid(uid);
        self.kept_rooms.insert(uid, key);
    }

    pub(super) fn forget_unused(&mut self, uid: &str) {
        let is_unused = self
            .holders
            .get(uid)
            .is_some_and(|holder| holder.connection.is_none() && !holder.has_login);
        if is_unused && !self.kept_rooms.contains_key(uid) {
            self.holders.remove(uid);
        }
    }

    /// Whether the address of this connection has tries left for things that failed.
    pub(crate) fn may_try(&mut self, now: Instant, id: ConnectionId) -> bool {
        self.address_of(id)
            .is_some_and(|address| self.failed_joins.has_left(now, address))
    }

    /// Something failed that costs a try.
    pub(crate) fn note_failure(&mut self, now: Instant, id: ConnectionId) {
        if let Some(address) = self.address_of(id) {
            self.failed_joins.note(now, address);
        }
    }

    /// From now on [`Self::poll_moved`] says whose connection or place changed.
    pub(crate) fn watch(&mut self) {
        self.is_watched = true;
    }

    /// The next uid whose connection or place changed.
    pub(crate) fn poll_moved(&mut self) -> Option<String> {
        self.moved.pop_front()
    }

    pub(super) fn note_moved(&mut self, uid: &str) {
        if self.is_watched {
            self.moved.push_back(uid.to_owned());
        }
    }
}
