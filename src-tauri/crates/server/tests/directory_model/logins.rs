//! Who ought to be logged in, and what ought to come of a login.

use std::collections::BTreeMap;
use std::time::Instant;

use duet_protocol::{ClientMessage, ErrorCode, LoginAnswer, LoginRefusal, ServerMessage};
use duet_server::rooms::ConnectionId;

use super::rooms::Place;
use super::step::Proof;
use super::world::{Holder, RESUME_WINDOW, Sends, World, assert_error};

/// A login that ought to be there.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) name: String,
    pub(super) lobby: String,
    pub(super) holder: Holder,
    resume: bool,
    /// The newest token first; the second is good until the client is heard.
    tokens: Vec<String>,
}

/// What ought to come of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Error(ErrorCode),
    NameTaken,
    Again,
    Resumed,
    Entered,
}

impl Login {
    /// The connection is gone: the login is kept, or not.
    pub(super) fn lose(
        logins: &mut BTreeMap<String, Self>,
        uid: &str,
        id: ConnectionId,
        until: Instant,
    ) {
        match logins.get_mut(uid) {
            Some(login) if login.holder == Ok(id) && login.resume => login.holder = Err(until),
            Some(login) if login.holder == Ok(id) => {
                logins.remove(uid);
            }
            Some(_) | None => {}
        }
    }

    /// The client sent something: of its tokens only the newest is good.
    pub(super) fn hear(logins: &mut BTreeMap<String, Self>, id: ConnectionId) {
        for login in logins.values_mut().filter(|login| login.holder == Ok(id)) {
            login.tokens.truncate(1);
        }
    }
}

impl World {
    pub(super) fn login(
        &mut self,
        id: ConnectionId,
        uid: &str,
        name: &str,
        lobby: &str,
        resume: bool,
        proof: &Proof,
    ) {
        let token = self.token_for(uid, proof);
        let expected = self.expected_login(id, uid, name, lobby, token.as_deref());
        let replaced = self.bound_elsewhere(id, uid);
        match expected {
            Expected::Resumed | Expected::Entered => self.expected_close = replaced,
            Expected::Error(_) | Expected::NameTaken | Expected::Again => {}
        }
        let message = ClientMessage::Login {
            name: name.into(),
            uid: uid.into(),
            lobby: Some(lobby.into()),
            resume,
            resume_token: token.clone(),
            token: None,
        };
        let sends = self.say(id, message);
        let resume = resume || token.is_some();
        match expected {
            Expected::Error(code) => return assert_error(&sends, id, code),
            Expected::NameTaken => {
                let refused = LoginAnswer::Refused(LoginRefusal::NameTaken);
                return assert_eq!(sends, [(id, ServerMessage::Login(refused))]);
            }
            Expected::Again => {
                assert_eq!(sends.len(), 1, "nobody else hears of it: {sends:?}");
                let login = self.logins.get_mut(uid).expect("held");
                login.resume |= resume;
                login.tokens.truncate(1);
            }
            Expected::Resumed => {
                self.moved_here(id, uid, replaced);
                let login = self.logins.get_mut(uid).expect("kept or held");
                login.holder = Ok(id);
                login.resume |= resume;
                let presented = token.filter(|token| login.tokens.contains(token));
                login.tokens = vec![presented.unwrap_or_else(|| login.tokens[0].clone())];
            }
            Expected::Entered => {
                self.moved_here(id, uid, replaced);
                let login = Login {
                    name: name.into(),
                    lobby: lobby.into(),
                    holder: Ok(id),
                    resume,
                    tokens: Vec::new(),
                };
                self.logins.insert(uid.into(), login);
            }
        }
        self.note_answer(id, uid, &sends, expected == Expected::Resumed);
        self.follow_calls();
    }

    fn expected_login(
        &self,
        id: ConnectionId,
        uid: &str,
        name: &str,
        lobby: &str,
        token: Option<&str>,
    ) -> Expected {
        let login = self.logins.get(uid);
        let is_proven = token.is_some_and(|token| {
            login.is_some_and(|login| login.tokens.iter().any(|own| own == token))
        });
        if !self.is_ours(id, uid) && self.is_held(uid) && !is_proven {
            return Expected::Error(ErrorCode::UidTaken);
        }
        let is_here = login.is_some_and(|login| login.holder == Ok(id));
        let is_same = login.is_some_and(|login| login.name == name && login.lobby == lobby);
        let is_taken = self
            .logins
            .iter()
            .any(|(other, theirs)| other != uid && theirs.name == name && theirs.lobby == lobby);
        match (is_same, is_here) {
            (true, true) => Expected::Again,
            (true, false) => Expected::Resumed,
            (false, true) => Expected::Error(ErrorCode::AlreadyInRoom),
            (false, false) if is_taken => Expected::NameTaken,
            (false, false) => Expected::Entered,
        }
    }

    /// The uid is this connection's now; what another one had of it is kept, or over.
    fn moved_here(&mut self, id: ConnectionId, uid: &str, replaced: Option<ConnectionId>) {
        self.vanish(uid);
        if let Some(old) = replaced {
            self.bound.remove(&old);
            self.views.remove(&old);
            Place::lose(&mut self.places, uid, old, self.now + RESUME_WINDOW);
        }
        self.bound.insert(id, uid.to_owned());
    }

    /// The answer comes first among what this client is told, and is believed.
    fn note_answer(&mut self, id: ConnectionId, uid: &str, sends: &Sends, is_resumed: bool) {
        let first = sends.iter().find(|(to, _)| *to == id);
        let Some((
            _,
            ServerMessage::Login(LoginAnswer::Accepted {
                uid: told,
                users,
                resume_token,
                resumed,
                ..
            }),
        )) = first
        else {
            panic!("no login: {first:?}");
        };
        assert_eq!((told.as_str(), *resumed), (uid, is_resumed));
        let users = users
            .iter()
            .map(|user| (user.uid.clone(), (user.name.clone(), user.busy)));
        self.views.insert(id, users.collect());
        let token = resume_token.clone().expect("a token");
        let issued = self.issued.entry(uid.to_owned()).or_default();
        assert!(!issued.contains(&token), "an old token");
        issued.push(token.clone());
        let login = self.logins.get_mut(uid).expect("logged in");
        login.tokens.insert(0, token);
    }

    pub(super) fn logout(&mut self, id: ConnectionId) {
        let sends = self.say(id, ClientMessage::Logout);
        assert!(sends.iter().all(|(to, _)| *to != id), "{sends:?}");
        let Some(uid) = self.bound.get(&id).cloned() else {
            return;
        };
        if self.logins.contains_key(&uid) {
            self.vanish(&uid);
            self.logins.remove(&uid);
            self.views.remove(&id);
        }
    }

    pub(super) fn is_ours(&self, id: ConnectionId, uid: &str) -> bool {
        self.bound.get(&id).is_some_and(|bound| bound == uid)
    }

    /// Somebody is bound to this uid, or something is kept for it.
    pub(super) fn is_held(&self, uid: &str) -> bool {
        self.bound.values().any(|bound| bound == uid)
            || self.logins.contains_key(uid)
            || self.places.contains_key(uid)
    }

    fn bound_elsewhere(&self, id: ConnectionId, uid: &str) -> Option<ConnectionId> {
        let mut elsewhere = self.bound.iter().filter(|(other, _)| **other != id);
        let found = elsewhere.find(|(_, bound)| *bound == uid);
        found.map(|(other, _)| *other)
    }

    fn token_for(&self, uid: &str, proof: &Proof) -> Option<String> {
        match proof {
            Proof::None => None,
            Proof::Own { age } => self.issued.get(uid)?.iter().rev().nth(*age).cloned(),
            Proof::Guess => Some("0123456789abcdef0123456789abcdef".into()),
        }
    }
}
