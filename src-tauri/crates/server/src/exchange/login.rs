//! `login` and `logout`: taking a name, keeping it, taking it back.

use std::time::Instant;

use duet_protocol::limits::DEFAULT_LOBBY;
use duet_protocol::{
    ErrorCode, LoginAnswer, LoginRefusal, Presence as Changes, RoomId, ServerMessage,
    canonical_name, check_name,
};

use super::Exchange;
use crate::directory::{Login, in_messages};
use crate::rooms::{Claim, ConnectionId, Presence};
use crate::tokens::ResumeTokens;

/// The fields of a `login`; all but the name are checked.
pub(super) struct Request {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) lobby: Option<String>,
    pub(super) resume: bool,
    pub(super) resume_token: Option<String>,
}

impl Request {
    /// Coming back with a token says that one wants to be able to come back.
    fn wants_resume(&self) -> bool {
        self.resume || self.resume_token.is_some()
    }
}

/// What is asked for, in canonical form.
struct Goal {
    name: String,
    name_key: String,
    lobby: String,
}

impl Exchange {
    pub(super) fn login(&mut self, now: Instant, id: ConnectionId, request: Request) {
        if self.rooms.uid_of(id).is_some_and(|uid| uid != request.uid) {
            return self.rooms.refuse(id, "login", ErrorCode::UidMismatch);
        }
        let claim = self.rooms.claim(
            id,
            &request.uid,
            self.is_login_proven(&request.uid, request.resume_token.as_deref()),
        );
        let has_login = self.directory.login_of(&request.uid).is_some();
        // Somebody whose login it is, is let in, whatever others behind the address did.
        let is_known = claim == Claim::Proven || (claim == Claim::Ours && has_login);
        if !is_known && !self.rooms.may_try(now, id) {
            return self.rooms.refuse(id, "login", ErrorCode::RateLimited);
        }
        if claim == Claim::Taken {
            self.rooms.note_failure(now, id);
            return self.rooms.refuse(id, "login", ErrorCode::UidTaken);
        }
        let Some(goal) = goal_of(&request) else {
            return self.refuse_login(now, id, LoginRefusal::NameInvalid);
        };
        match self.directory.login_of(&request.uid) {
            Some(login) if login.lobby == goal.lobby && login.name_key == goal.name_key => {
                if login.presence == Presence::Here(id) {
                    self.confirm_login(id, &request);
                } else {
                    self.take_login_back(now, id, &request);
                }
            }
            Some(login) if login.presence == Presence::Here(id) => {
                let text = "log out first";
                self.rooms
                    .refuse_because(id, "login", ErrorCode::AlreadyInRoom, text);
            }
            Some(_) | None => self.enter_lobby(now, id, goal, &request),
        }
    }

    /// Whether this token proves that a login belongs to whoever shows it.
    pub(super) fn is_login_proven(&self, uid: &str, resume_token: Option<&str>) -> bool {
        let login = self.directory.login_of(uid);
        match (resume_token, login) {
            (Some(token), Some(login)) => login.tokens.admits(token),
            (Some(_) | None, _) => false,
        }
    }

    /// A login that was never there, is there no longer, or is given up for this one.
    fn enter_lobby(&mut self, now: Instant, id: ConnectionId, goal: Goal, request: &Request) {
        let uid = &request.uid;
        let checked = self.directory.check_entry(uid, &goal.lobby, &goal.name_key);
        if let Err(code) = checked {
            return self.refuse_login(now, id, code);
        }
        let Some(address) = self.rooms.address_of(id) else {
            return;
        };
        self.rooms.replace(now, id, uid);
        self.end_login(now, uid);
        self.rooms.bind(id, uid, Some(&goal.name));
        self.rooms.rename(id, &goal.name);
        self.rooms.set_login(uid, true);
        let login = Login {
            name: goal.name,
            name_key: goal.name_key,
            lobby: goal.lobby,
            presence: Presence::Here(id),
            address,
            resume: request.wants_resume(),
            tokens: ResumeTokens::new(),
            is_busy: self.is_occupied(uid),
        };
        self.directory.admit(now, uid, login);
        self.send_login(id, uid, false);
    }

    /// The login was kept, or is still held by a connection that the client has given up.
    fn take_login_back(&mut self, now: Instant, id: ConnectionId, request: &Request) {
        let uid = &request.uid;
        // The connection that called or was called is no more.
        self.vanish(now, uid);
        self.rooms.replace(now, id, uid);
        let Some(address) = self.rooms.address_of(id) else {
            return;
        };
        let Some(login) = self.directory.login_mut(uid) else {
            return;
        };
        let before = std::mem::replace(&mut login.presence, Presence::Here(id));
        login.address = address;
        login.resume |= request.wants_resume();
        login.tokens.rotate(request.resume_token.as_deref());
        let name = login.name.clone();
        self.directory.end_keeping(uid, before);
        self.rooms.bind(id, uid, Some(&name));
        self.rooms.rename(id, &name);
        self.update_busy(now, uid);
        self.send_login(id, uid, true);
    }

    /// The same login once more: the same answer, with a fresh token, and nobody else hears of it.
    fn confirm_login(&mut self, id: ConnectionId, request: &Request) {
        if let Some(login) = self.directory.login_mut(&request.uid) {
            login.resume |= request.wants_resume();
            login.tokens.rotate(None);
        }
        self.send_login(id, &request.uid, false);
    }

    fn send_login(&mut self, id: ConnectionId, uid: &str, resumed: bool) {
        let Some(login) = self.directory.login_of(uid) else {
            return;
        };
        let resume_token = Some(login.tokens.current());
        let others = self.directory.others(&login.lobby, uid);
        let mut parts = in_messages(others, |user| user).into_iter();
        let answer = LoginAnswer::Accepted {
            uid: uid.to_owned(),
            users: parts.next().unwrap_or_default(),
            ice_servers: self.rooms.ice_servers(),
            resume_token,
            resumed,
        };
        self.rooms.send(id, ServerMessage::Login(answer));
        for online in parts {
            let rest = Changes {
                online,
                ..Changes::default()
            };
            self.rooms.send(id, ServerMessage::Presence(rest));
        }
    }

    fn refuse_login(&mut self, now: Instant, id: ConnectionId, code: LoginRefusal) {
        match code {
            LoginRefusal::NameTaken | LoginRefusal::LobbyFull => self.rooms.note_failure(now, id),
            LoginRefusal::NameInvalid | LoginRefusal::Unknown => {}
        }
        let answer = LoginAnswer::Refused(code);
        self.rooms.send(id, ServerMessage::Login(answer));
    }

    pub(super) fn logout(&mut self, now: Instant, id: ConnectionId) {
        if let Some(uid) = self.rooms.uid_of(id).map(str::to_owned) {
            self.end_login(now, &uid);
        }
    }

    /// The connection of a login is gone.
    pub(super) fn login_broken(&mut self, now: Instant, uid: &str) {
        self.vanish(now, uid);
        if self.directory.keep(now, uid) {
            self.update_busy(now, uid);
        } else {
            self.end_login(now, uid);
        }
    }

    /// A login is over: by logout, by a break, by time, or for another one.
    pub(super) fn end_login(&mut self, now: Instant, uid: &str) {
        if self.directory.login_of(uid).is_none() {
            return;
        }
        self.vanish(now, uid);
        self.directory.remove(now, uid);
        self.rooms.set_login(uid, false);
    }
}

/// `None` if the name cannot be one.
fn goal_of(request: &Request) -> Option<Goal> {
    let name = check_name(&request.name).ok()?.to_owned();
    let name_key = canonical_name(&name)?;
    let lobby = request.lobby.as_deref().unwrap_or(DEFAULT_LOBBY);
    let lobby = RoomId::parse(lobby).ok()?.canonical();
    Some(Goal {
        name,
        name_key,
        lobby,
    })
}
