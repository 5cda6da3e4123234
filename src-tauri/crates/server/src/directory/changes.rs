//! What lobbies are told: changes, collected for a quarter of a second.
//!
//! Only that something changed is collected; what is announced is how it is then. So whoever logged in
//! meanwhile, and got a list that holds half of the changes, ends up right as well.

use std::time::Instant;

use duet_protocol::limits::{LOBBY_PLACES, MAX_MESSAGE_BYTES};
use duet_protocol::{Presence, User};

use super::Directory;
use crate::rooms::ConnectionId;

/// What a message may hold besides its users.
const RESERVED_BYTES: usize = 16 * 1024;
/// The JSON of a user besides uid and name: `{"uid":"","name":"","busy":false},`
const USER_OVERHEAD_BYTES: usize = 40;

/// What happened to somebody since the last announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// Logged in, and perhaps busy meanwhile.
    Online,
    /// Out of the lobby. The name is not in the books any more.
    Offline { name: String },
    /// Busy or free.
    Busyness,
}

/// Which list of `presence` somebody belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Online,
    Offline,
    Busy,
    Free,
}

impl Directory {
    /// Notes a change, to be announced soon.
    pub(super) fn note(&mut self, now: Instant, lobby_key: &str, uid: &str, change: Change) {
        let Some(lobby) = self.lobbies.get_mut(lobby_key) else {
            return;
        };
        match (lobby.changes.get(uid), &change) {
            // Who comes is announced with what they are.
            (Some(Change::Online), Change::Busyness) => {}
            (Some(_) | None, _) => {
                lobby.changes.insert(uid.to_owned(), change);
            }
        }
        if lobby.due.is_none() {
            let due = now + self.config.presence_interval;
            lobby.due = Some(due);
            self.announcements.insert((due, lobby_key.to_owned()));
        }
    }

    /// The announcements whose time has come: who is told what.
    pub(crate) fn take_announcements(&mut self, now: Instant) -> Vec<(ConnectionId, Presence)> {
        let mut told = Vec::new();
        while let Some((due, lobby_key)) = self.announcements.first().cloned() {
            if due > now {
                break;
            }
            self.announcements.pop_first();
            self.announce(&lobby_key, &mut told);
        }
        told
    }

    fn announce(&mut self, lobby_key: &str, told: &mut Vec<(ConnectionId, Presence)>) {
        let Some(lobby) = self.lobbies.get_mut(lobby_key) else {
            return;
        };
        lobby.due = None;
        let changes = std::mem::take(&mut lobby.changes);
        let changed = changes
            .into_iter()
            .filter_map(|(uid, change)| self.listed(uid, change))
            .collect();
        let parts = in_messages(changed, |(_, user)| user);
        let Some(lobby) = self.lobbies.get(lobby_key) else {
            return;
        };
        for uid in lobby.uids() {
            let login = self.logins.get(uid);
            let Some(connection) = login.and_then(|login| login.presence.connection()) else {
                continue;
            };
            let presences = parts.iter().filter_map(|part| presence_for(uid, part));
            told.extend(presences.map(|presence| (connection, presence)));
        }
    }

    /// Somebody as they are now, and the list they belong to.
    fn listed(&self, uid: String, change: Change) -> Option<(List, User)> {
        match change {
            Change::Online => Some((List::Online, self.user(&uid)?)),
            Change::Busyness => {
                let user = self.user(&uid)?;
                let list = if user.busy { List::Busy } else { List::Free };
                Some((list, user))
            }
            Change::Offline { name } => {
                let busy = false;
                Some((List::Offline, User { uid, name, busy }))
            }
        }
    }

    /// Nobody is left to be told anything.
    pub(super) fn forget_lobby(&mut self, lobby_key: &str) {
        let lobby = self.lobbies.remove(lobby_key);
        if let Some(due) = lobby.and_then(|lobby| lobby.due) {
            self.announcements.remove(&(due, lobby_key.to_owned()));
        }
    }
}

/// The lists for one receiver, who is told nothing of themselves; `None` if nothing is left.
fn presence_for(receiver: &str, part: &[(List, User)]) -> Option<Presence> {
    let mut presence = Presence::default();
    let mut is_empty = true;
    for (list, user) in part.iter().filter(|(_, user)| user.uid != receiver) {
        is_empty = false;
        let users = match list {
            List::Online => &mut presence.online,
            List::Offline => &mut presence.offline,
            List::Busy => &mut presence.busy,
            List::Free => &mut presence.free,
        };
        users.push(user.clone());
    }
    (!is_empty).then_some(presence)
}

/// Parts of a list that fit into a message each, however long the names are.
pub(crate) fn in_messages<T>(items: Vec<T>, user_of: impl Fn(&T) -> &User) -> Vec<Vec<T>> {
    let mut parts: Vec<Vec<T>> = Vec::new();
    let mut part_bytes = 0;
    for item in items {
        let bytes = json_bytes(user_of(&item));
        match parts.last_mut() {
            Some(part)
                if part.len() < LOBBY_PLACES
                    && part_bytes + bytes <= MAX_MESSAGE_BYTES - RESERVED_BYTES =>
            {
                part_bytes += bytes;
                part.push(item);
            }
            Some(_) | None => {
                part_bytes = bytes;
                parts.push(vec![item]);
            }
        }
    }
    parts
}

/// At most so much: every character that JSON escapes here becomes two bytes.
fn json_bytes(user: &User) -> usize {
    let escaped = |text: &str| -> usize { text.chars().map(|shown| shown.len_utf8().max(2)).sum() };
    escaped(&user.uid) + escaped(&user.name) + USER_OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_names_are_parted_and_the_usual_ones_are_not() {
        let user = |uid: String, name: &str| User {
            uid,
            name: name.repeat(64),
            busy: false,
        };
        let longest: Vec<User> = (0..LOBBY_PLACES)
            .map(|n| user(format!("{n:\u{1d11e}>64}"), "\u{1d11e}"))
            .collect();
        let parts = in_messages(longest.clone(), |user| user);
        assert!(parts.len() > 1);
        assert_eq!(parts.concat(), longest);
        for part in parts {
            let text = serde_json::to_string(&part).expect("plain data");
            assert!(
                text.len() <= MAX_MESSAGE_BYTES - RESERVED_BYTES,
                "{}",
                text.len()
            );
        }
        let quoted = user("u".into(), "\"");
        let text = serde_json::to_string(&quoted).expect("plain data");
        assert!(text.len() <= json_bytes(&quoted));
        let usual = (0..LOBBY_PLACES).map(|n| user(format!("{n:032}"), "n"));
        assert_eq!(in_messages(usual.collect(), |user| user).len(), 1);
        assert!(in_messages(Vec::<User>::new(), |user| user).is_empty());
    }
}
