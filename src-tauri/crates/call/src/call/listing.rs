//! Being listed: the login, and who else is there.
//!
//! The signaling client repeats the login after a break. What is decided here is what a refusal means
//! and when to ask again: a name that is taken may be our own of a minute ago, kept for a program that
//! was ended the hard way.

use std::collections::BTreeMap;
use std::time::Instant;

use duet_protocol::limits::LOBBY_PLACES;
use duet_protocol::{
    ClientMessage, ErrorCode, LoginAnswer, LoginRefusal, Presence, User, canonical_name,
};

use super::Call;
use crate::directory::{DirectoryStatus, Listed};
use crate::output::Output;
use crate::state::RemotePeer;
use crate::timing::LOGIN_RETRY;

/// Our entry in the directory, and the others'.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) wanted: Option<Listed>,
    /// The signaling client of the moment is for the server where we are listed.
    is_home: bool,
    is_online: bool,
    /// Proof that a kept login is ours; an outdated one does no harm.
    token: Option<String>,
    refusal: Option<(&'static str, bool)>,
    retry_at: Option<Instant>,
    /// By uid; never more than a lobby holds.
    users: BTreeMap<String, User>,
    told: DirectoryStatus,
}

impl Default for Listing {
    fn default() -> Self {
        Self {
            wanted: None,
            is_home: true,
            is_online: false,
            token: None,
            refusal: None,
            retry_at: None,
            users: BTreeMap::new(),
            told: DirectoryStatus::Off,
        }
    }
}

impl Listing {
    pub(super) fn is_online(&self) -> bool {
        self.is_online
    }

    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// The one with this uid; after a restart of their program, the one with this name.
    pub(super) fn find(&self, peer: &RemotePeer) -> Option<&User> {
        self.users.get(&peer.uid).or_else(|| {
            let name = canonical_name(peer.name.as_deref()?);
            self.users
                .values()
                .find(|user| canonical_name(&user.name) == name)
        })
    }

    fn status(&self) -> DirectoryStatus {
        match (&self.wanted, self.refusal) {
            (None, _) => DirectoryStatus::Off,
            (Some(_), _) if !self.is_home => DirectoryStatus::Paused,
            (Some(_), _) if self.is_online => {
                let mut users: Vec<User> = self.users.values().cloned().collect();
                users.sort_by_cached_key(|user| (user.name.to_lowercase(), user.uid.clone()));
                DirectoryStatus::Online { users }
            }
            (Some(_), Some((code, retries))) => DirectoryStatus::Refused { code, retries },
            (Some(_), None) => DirectoryStatus::Connecting,
        }
    }

    fn forget(&mut self) {
        self.is_online = false;
        self.refusal = None;
        self.retry_at = None;
        self.users.clear();
    }

    fn note(&mut self, user: User) {
        if self.users.len() < LOBBY_PLACES || self.users.contains_key(&user.uid) {
            self.users.insert(user.uid.clone(), user);
        }
    }
}

impl Call {
    pub(super) fn set_listed(&mut self, now: Instant, wanted: Option<Listed>, is_home: bool) {
        if self.listing.wanted == wanted && self.listing.is_home == is_home {
            return;
        }
        self.end_named_calls(now);
        if self.listing.wanted.is_some() && self.listing.is_home {
            self.signal(ClientMessage::Logout);
        }
        self.listing.forget();
        self.listing.wanted = wanted;
        self.listing.is_home = is_home;
        self.send_login();
        self.tell_directory();
    }

    pub(super) fn signaling_started(&mut self, now: Instant, is_home: bool, is_same_server: bool) {
        self.server.lost();
        self.named_calls_lost(now);
        if !is_same_server {
            // A token is a secret between us and the server that gave it.
            self.resume_token = None;
            self.listing.token = None;
            self.ice_servers.clear();
            self.credentials_at = None;
        }
        self.listing.forget();
        self.listing.is_home = is_home;
        self.send_login();
        self.tell_directory();
    }

    /// The signaling client keeps this message and repeats it after breaks, with the newest token.
    fn send_login(&mut self) {
        let Some(listed) = self.listing.wanted.clone().filter(|_| self.listing.is_home) else {
            return;
        };
        self.listing.retry_at = None;
        self.signal(ClientMessage::Login {
            name: listed.name,
            uid: self.uid.clone(),
            lobby: listed.lobby,
            resume: true,
            resume_token: self.listing.token.clone(),
            token: None,
        });
    }

    /// No connection: who is there is not known any more. A refusal stays to be shown.
    pub(super) fn listing_lost(&mut self) {
        self.listing.is_online = false;
        self.listing.users.clear();
        self.tell_directory();
    }

    pub(super) fn pursue_login(&mut self, now: Instant) {
        if self.listing.retry_at.is_some_and(|due| due <= now) {
            self.send_login();
        }
    }

    pub(super) fn login_answered(&mut self, now: Instant, answer: LoginAnswer) {
        if self.listing.wanted.is_none() || !self.listing.is_home {
            return;
        }
        match answer {
            LoginAnswer::Accepted {
                uid,
                users,
                ice_servers,
                resume_token,
                resumed: _,
            } => {
                if uid != self.uid {
                    return;
                }
                self.listing.forget();
                self.listing.is_online = true;
                self.listing.token = resume_token;
                self.take_ice_servers(now, ice_servers);
                for user in users {
                    self.note_user(user);
                }
            }
            LoginAnswer::Refused(refusal) => match refusal {
                LoginRefusal::NameTaken => self.login_refused("name-taken", Some(now)),
                LoginRefusal::LobbyFull => self.login_refused("lobby-full", Some(now)),
                LoginRefusal::NameInvalid => self.login_refused("name-invalid", None),
                LoginRefusal::Unknown => self.login_refused("refused", None),
            },
        }
        self.tell_directory();
    }

    /// `error` in answer to a login.
    pub(super) fn login_failed(&mut self, now: Instant, code: ErrorCode) {
        if self.listing.wanted.is_none() || !self.listing.is_home {
            return;
        }
        match code {
            ErrorCode::ServerDraining => {}
            // It passes by itself: kept by the server for a connection that broke, too many tries.
            ErrorCode::UidTaken | ErrorCode::RateLimited | ErrorCode::Unavailable => {
                self.listing.retry_at = Some(now + LOGIN_RETRY);
            }
            ErrorCode::AlreadyInRoom => {
                self.signal(ClientMessage::Logout);
                self.listing.retry_at = Some(now + LOGIN_RETRY);
            }
            ErrorCode::NotAllowed => self.login_refused("not-allowed", None),
            ErrorCode::UnknownCommand => self.login_refused("not-offered", None),
            ErrorCode::BadMessage
            | ErrorCode::UidMismatch
            | ErrorCode::NotInRoom
            | ErrorCode::NoSuchPeer
            | ErrorCode::TooLarge
            | ErrorCode::CastRefused
            | ErrorCode::Unknown => self.login_refused("refused", None),
        }
        self.tell_directory();
    }

    fn login_refused(&mut self, code: &'static str, retry_from: Option<Instant>) {
        self.listing.forget();
        self.listing.refusal = Some((code, retry_from.is_some()));
        self.listing.retry_at = retry_from.map(|now| now + LOGIN_RETRY);
    }

    pub(super) fn presence(&mut self, presence: Presence) {
        if !self.listing.is_online {
            return;
        }
        for user in presence.offline {
            self.listing.users.remove(&user.uid);
        }
        for user in presence.online {
            self.note_user(user);
        }
        for (users, is_busy) in [(presence.busy, true), (presence.free, false)] {
            for user in users {
                if let Some(known) = self.listing.users.get_mut(&user.uid) {
                    known.busy = is_busy;
                }
            }
        }
        self.tell_directory();
    }

    fn note_user(&mut self, user: User) {
        if user.uid != self.uid {
            self.listing.note(user);
        }
    }

    fn tell_directory(&mut self) {
        let status = self.listing.status();
        if status != self.listing.told {
            self.listing.told = status.clone();
            self.push(Output::Directory(status));
        }
    }
}
