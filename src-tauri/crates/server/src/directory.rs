//! The directory: who is logged in under which name, and which calls ring. Only the books; the flows
//! that write them, and tell people, are in `exchange`.
//!
//! Invariants, checked by a model test: a name of a lobby has one holder; a lobby has at most 200; a
//! person takes part in one call; whoever holds a name is connected, or was within the last 120 s.

mod calls;
mod changes;
mod lobby;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use duet_protocol::limits::LOBBY_PLACES;
use duet_protocol::{LoginRefusal, User, limits};

use crate::address::{AddressCounts, AddressKey};
use crate::budget::AddressBudget;
use crate::rooms::{ConnectionId, Presence};
use crate::tokens::ResumeTokens;
pub(crate) use calls::{Call, Calls, Stage};
use changes::Change;
pub(crate) use changes::in_messages;
use lobby::Lobby;

/// The settings of the directory; the defaults are the protocol's.
#[derive(Debug, Clone)]
pub struct DirectoryConfig {
    /// How long the login of a broken connection is kept.
    pub resume_window: Duration,
    /// How long a call rings.
    pub ring_timeout: Duration,
    /// How soon after `accept` somebody must be in the call's room.
    pub call_entry_timeout: Duration,
    /// How long changes are collected before a lobby is told.
    pub presence_interval: Duration,
    /// Calls in a minute, by address.
    pub calls_per_minute: u32,
    /// Logins kept at the same time for one address; `None` is without limit.
    pub max_kept_logins_per_address: Option<usize>,
    /// Logins kept at the same time for all.
    pub max_kept_logins: usize,
}

impl Default for DirectoryConfig {
    fn default() -> Self {
        Self {
            resume_window: limits::RESUME_WINDOW,
            ring_timeout: limits::RING_TIMEOUT,
            call_entry_timeout: limits::CALL_ENTRY_TIMEOUT,
            presence_interval: limits::PRESENCE_INTERVAL,
            calls_per_minute: 60,
            max_kept_logins_per_address: Some(50),
            max_kept_logins: 10_000,
        }
    }
}

/// The books of a server.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) config: DirectoryConfig,
    pub(crate) calls: Calls,
    pub(crate) call_budget: AddressBudget,
    /// Rooms of calls that nobody accepted, and until when they stay shut.
    pub(crate) shut_rooms: VecDeque<(Instant, String)>,
    /// By canonical name. A lobby without people is removed at once.
    lobbies: HashMap<String, Lobby>,
    /// By uid.
    logins: HashMap<String, Login>,
    kept_logins: AddressCounts,
    /// When which uid's kept login is given up.
    expiries: BTreeSet<(Instant, String)>,
    /// When which lobby is told what changed.
    announcements: BTreeSet<(Instant, String)>,
}

/// Somebody who is logged in.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) name: String,
    /// The canonical forms of the name and of the lobby's.
    pub(crate) name_key: String,
    pub(crate) lobby: String,
    pub(crate) presence: Presence,
    pub(crate) address: AddressKey,
    /// Whether the login is kept when the connection breaks.
    pub(crate) resume: bool,
    pub(crate) tokens: ResumeTokens,
    /// What the lobby knows, or is about to be told.
    pub(crate) is_busy: bool,
}

impl Directory {
    pub(crate) fn new(config: DirectoryConfig) -> Self {
        Self {
            call_budget: AddressBudget::new(config.calls_per_minute),
            config,
            calls: Calls::default(),
            shut_rooms: VecDeque::new(),
            lobbies: HashMap::new(),
            logins: HashMap::new(),
            kept_logins: AddressCounts::default(),
            expiries: BTreeSet::new(),
            announcements: BTreeSet::new(),
        }
    }

    pub(crate) fn login_of(&self, uid: &str) -> Option<&Login> {
        self.logins.get(uid)
    }

    pub(crate) fn login_mut(&mut self, uid: &str) -> Option<&mut Login> {
        self.logins.get_mut(uid)
    }

    pub(crate) fn login_count(&self) -> usize {
        self.logins.len()
    }

    /// Whether anybody is in a lobby.
    pub(crate) fn has_lobby(&self, lobby_key: &str) -> bool {
        self.lobbies.contains_key(lobby_key)
    }

    /// The canonical names of the lobbies in which somebody is.
    pub(crate) fn lobby_keys(&self) -> impl Iterator<Item = &String> {
        self.lobbies.keys()
    }

    /// The uids of everybody in a lobby.
    pub(crate) fn uids_in(&self, lobby_key: &str) -> Vec<String> {
        let uids = self.lobbies.get(lobby_key).map(Lobby::uids);
        uids.into_iter().flatten().map(str::to_owned).collect()
    }

    /// The connections of a lobby's people.
    pub(crate) fn connections_in(&self, lobby_key: &str) -> Vec<ConnectionId> {
        let uids = self.uids_in(lobby_key).into_iter();
        uids.filter_map(|uid| self.logins.get(&uid)?.presence.connection())
            .collect()
    }

    /// Whether `uid` could log in under this name, seen without the login it may have now.
    pub(crate) fn check_entry(
        &self,
        uid: &str,
        lobby_key: &str,
        name_key: &str,
    ) -> Result<(), LoginRefusal> {
        let Some(lobby) = self.lobbies.get(lobby_key) else {
            return Ok(());
        };
        if lobby.holder(name_key).is_some_and(|holder| holder != uid) {
            return Err(LoginRefusal::NameTaken);
        }
        let own_login = self.logins.get(uid);
        let own_places = usize::from(own_login.is_some_and(|own| own.lobby == lobby_key));
        if lobby.len() - own_places >= LOBBY_PLACES {
            return Err(LoginRefusal::LobbyFull);
        }
        Ok(())
    }

    /// Enters a login that [`Self::check_entry`] found possible.
    pub(crate) fn admit(&mut self, now: Instant, uid: &str, login: Login) {
        let lobby = self.lobbies.entry(login.lobby.clone()).or_default();
        lobby.admit(&login.name_key, uid);
        self.note(now, &login.lobby, uid, Change::Online);
        let replaced = self.logins.insert(uid.to_owned(), login);
        assert!(replaced.is_none(), "a uid is logged in once");
    }

    /// Takes a login out of the books.
    pub(crate) fn remove(&mut self, now: Instant, uid: &str) {
        let Some(login) = self.logins.remove(uid) else {
            return;
        };
        self.end_keeping(uid, login.presence);
        let offline = Change::Offline { name: login.name };
        self.note(now, &login.lobby, uid, offline);
        let Some(lobby) = self.lobbies.get_mut(&login.lobby) else {
            return;
        };
        lobby.remove(&login.name_key);
        if lobby.is_empty() {
            self.forget_lobby(&login.lobby);
        }
    }

    /// The connection of a login broke. False if the login cannot be kept.
    pub(crate) fn keep(&mut self, now: Instant, uid: &str) -> bool {
        let limit = self.config.max_kept_logins_per_address;
        let Some(login) = self.logins.get_mut(uid) else {
            return false;
        };
        let address = login.address;
        // Every login that is kept has a time when it is given up.
        let has_room = self.expiries.len() < self.config.max_kept_logins
            && limit.is_none_or(|limit| self.kept_logins.of(address) < limit);
        if !login.resume || !has_room {
            return false;
        }
        let until = now + self.config.resume_window;
        login.presence = Presence::away(until, address);
        self.kept_logins.add(address);
        self.expiries.insert((until, uid.to_owned()));
        true
    }

    /// A login that was kept is kept no longer.
    pub(crate) fn end_keeping(&mut self, uid: &str, presence: Presence) {
        match presence {
            Presence::Here(_) => {}
            Presence::Away(kept) => {
                self.kept_logins.remove(kept.address);
                self.expiries.remove(&(kept.until, uid.to_owned()));
            }
        }
    }

    /// Notes whether somebody can be called, for the lobby.
    pub(crate) fn set_busy(&mut self, now: Instant, uid: &str, is_busy: bool) {
        let Some(login) = self.logins.get_mut(uid) else {
            return;
        };
        if login.is_busy != is_busy {
            login.is_busy = is_busy;
            let lobby_key = login.lobby.clone();
            self.note(now, &lobby_key, uid, Change::Busyness);
        }
    }

    /// Everybody in a lobby but one, by name.
    pub(crate) fn others(&self, lobby_key: &str, uid: &str) -> Vec<User> {
        let uids = self.lobbies.get(lobby_key).map(Lobby::uids);
        uids.into_iter()
            .flatten()
            .filter(|other| *other != uid)
            .filter_map(|other| self.user(other))
            .collect()
    }

    fn user(&self, uid: &str) -> Option<User> {
        self.logins.get(uid).map(|login| User {
            uid: uid.to_owned(),
            name: login.name.clone(),
            busy: login.is_busy,
        })
    }

    /// The uid of a kept login whose time is over.
    pub(crate) fn poll_expired(&self, now: Instant) -> Option<String> {
        let (until, uid) = self.expiries.first()?;
        (*until <= now).then(|| uid.clone())
    }

    /// The next time at which something is due.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let times = [
            self.expiries.first().map(|(at, _)| *at),
            self.announcements.first().map(|(at, _)| *at),
            self.shut_rooms.front().map(|(at, _)| *at),
            self.calls.next_deadline(),
            self.call_budget.next_cleaning(),
        ];
        times.into_iter().flatten().min()
    }
}
