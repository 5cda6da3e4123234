//! One lobby: names and who holds them, and what its people are yet to be told.

use std::collections::BTreeMap;
use std::time::Instant;

use super::Change;

/// The people of a lobby.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    /// Uids by canonical name.
    names: BTreeMap<String, String>,
    /// What changed since the last announcement, by uid.
    pub(super) changes: BTreeMap<String, Change>,
    /// When the next announcement is.
    pub(super) due: Option<Instant>,
}

impl Lobby {
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Who has this name.
    pub(super) fn holder(&self, name_key: &str) -> Option<&str> {
        self.names.get(name_key).map(String::as_str)
    }

    /// Gives the name away; the caller has checked that it is free.
    pub(super) fn admit(&mut self, name_key: &str, uid: &str) {
        let taken_from = self.names.insert(name_key.to_owned(), uid.to_owned());
        assert!(taken_from.is_none(), "a name has one holder");
    }

    pub(super) fn remove(&mut self, name_key: &str) {
        self.names.remove(name_key);
    }

    /// In order of their names.
    pub(super) fn uids(&self) -> impl Iterator<Item = &str> {
        self.names.values().map(String::as_str)
    }
}
