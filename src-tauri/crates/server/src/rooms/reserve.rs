//! Rooms that are not for everybody: the rooms of calls and of casts.
//!
//! While a call rings its room is shut, even for the two; when it is accepted the room admits these two
//! alone. The reservation ends with the room, when the last one leaves it: afterwards the id, which
//! nobody else ever learned, is that of any room. So two whose server restarted meet again in it. The room
//! of a cast is shut while its code is shown, and admits nobody but who comes back to a place in it.

use super::{ConnectionId, Rooms};

/// Whom a room admits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reservation {
    /// Nobody.
    Shut,
    /// These two.
    For([String; 2]),
    /// Those who have a place, which the code of a cast gave them.
    Cast,
}

impl Rooms {
    /// Lets nobody into a room, until it is opened or released.
    pub(crate) fn shut(&mut self, key: &str) {
        self.reservations.insert(key.to_owned(), Reservation::Shut);
    }

    /// Lets these two into a room, and nobody else.
    pub(crate) fn open_for(&mut self, key: &str, uids: [String; 2]) {
        self.reservations
            .insert(key.to_owned(), Reservation::For(uids));
    }

    /// It is a room like any other again.
    pub(crate) fn release(&mut self, key: &str) {
        self.reservations.remove(key);
    }

    /// Rooms that are not for everybody.
    pub(crate) fn reservation_count(&self) -> usize {
        self.reservations.len()
    }

    /// Whether nobody has a place there, taken or kept.
    pub(crate) fn is_empty(&self, key: &str) -> bool {
        !self.rooms.contains_key(key)
    }

    pub(super) fn is_admitted(&self, key: &str, uid: &str) -> bool {
        match self.reservations.get(key) {
            None => true,
            Some(Reservation::Shut) => false,
            Some(Reservation::Cast) => self.place_of(uid) == Some(key),
            Some(Reservation::For(uids)) => uids.iter().any(|admitted| admitted == uid),
        }
    }

    /// The other member of the room this connection is in: uid, and connection unless away.
    pub(crate) fn room_mate(&self, id: ConnectionId) -> Option<(&str, Option<ConnectionId>)> {
        let connection = self.connections.get(&id)?;
        let uid = &*connection.identity.as_ref()?.uid;
        let other = self.rooms.get(connection.room.as_ref()?)?.other(uid)?;
        Some((&other.uid, other.connection()))
    }

    /// Whether this connection has its place in the room with this canonical id.
    pub(crate) fn is_in(&self, id: ConnectionId, key: &str) -> bool {
        let room = self
            .connections
            .get(&id)
            .and_then(|known| known.room.as_deref());
        room == Some(key)
    }
}
