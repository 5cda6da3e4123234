//! The `login` that is repeated after a reconnect, and with it the `join` of a room or the `cast-open` of a
//! display. Sans-IO.
//!
//! A `cast-join` is repeated until it is answered. What it brings is a place in a room like any other.

mod casting;

use duet_protocol::{AccessToken, ClientMessage, ErrorCode, LoginAnswer, ServerMessage};

use casting::Casting;

/// The login and the place we hold or want.
#[derive(Debug, Default)]
pub struct Membership {
    /// For messages that bring no token of their own.
    access: Option<AccessToken>,
    login: Option<Login>,
    /// Logins sent on this connection and not answered: only the last answer counts.
    unanswered_logins: u32,
    place: Option<Place>,
    casting: Casting,
}

#[derive(Debug)]
struct Login {
    name: String,
    uid: String,
    lobby: Option<String>,
    access_token: Option<String>,
    /// The newest one; a `login` of the server brings it.
    resume_token: Option<String>,
}

#[derive(Debug)]
struct Place {
    room_id: String,
    uid: String,
    name: Option<String>,
    access_token: Option<String>,
    /// The newest one; a `joined` brings it.
    resume_token: Option<String>,
    /// This join was sent on an earlier connection: the server may still hold the place.
    is_repeated: bool,
}

/// What a message of the server means for the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Pass it on.
    PassOn,
    /// It is about something that we have asked otherwise since.
    Ignore,
    /// Our place cannot be taken back yet: try again with a new connection after the back-off.
    TryLater(ErrorCode),
}

impl Membership {
    /// On a server that may be closed.
    #[must_use]
    pub fn with_access(access: Option<AccessToken>) -> Self {
        Self {
            access,
            ..Self::default()
        }
    }

    /// What is to be sent for a message handed over: a `join` always asks to be resumed, and
    /// carries the token if the place may still be ours; a `login` likewise.
    pub fn outgoing(&mut self, message: ClientMessage) -> ClientMessage {
        match message {
            ClientMessage::Join {
                room_id,
                uid,
                name,
                resume: _,
                resume_token,
                token,
            } => {
                let access_token = self.access_token(token);
                let same = self
                    .place
                    .take()
                    .filter(|place| place.room_id == room_id && place.uid == uid);
                let (kept_token, is_repeated) = same
                    .map(|place| (place.resume_token, place.is_repeated))
                    .unwrap_or_default();
                let place = self.place.insert(Place {
                    room_id,
                    uid,
                    name,
                    access_token,
                    resume_token: resume_token.or(kept_token),
                    is_repeated,
                });
                place.join()
            }
            ClientMessage::CastOpen {
                uid,
                name,
                resume: _,
                resume_token,
                token,
            } => {
                let access_token = self.access_token(token);
                self.casting.open(uid, name, resume_token, access_token)
            }
            ClientMessage::CastJoin {
                code,
                uid,
                name,
                resume: _,
                token,
            } => {
                let access_token = self.access_token(token);
                self.casting.enter(code, uid, name, access_token)
            }
            ClientMessage::Leave { .. } => {
                self.casting = Casting::default();
                self.place = None;
                message
            }
            ClientMessage::Login {
                name,
                uid,
                lobby,
                resume: _,
                resume_token,
                token,
            } => {
                let access_token = self.access_token(token);
                let same = self
                    .login
                    .take()
                    .filter(|login| login.uid == uid && login.name == name && login.lobby == lobby);
                let kept_token = same.and_then(|login| login.resume_token);
                let login = self.login.insert(Login {
                    name,
                    uid,
                    lobby,
                    access_token,
                    resume_token: resume_token.or(kept_token),
                });
                self.unanswered_logins = self.unanswered_logins.saturating_add(1);
                login.login()
            }
            ClientMessage::Logout => {
                self.login = None;
                message
            }
            ClientMessage::Offer(_)
            | ClientMessage::Answer(_)
            | ClientMessage::Candidate(_)
            | ClientMessage::MediaState { .. }
            | ClientMessage::Call { .. }
            | ClientMessage::Accept { .. }
            | ClientMessage::Decline { .. }
            | ClientMessage::Cancel { .. }
            | ClientMessage::Message(_)
            | ClientMessage::IceServers
            | ClientMessage::Keepalive => message,
        }
    }

    fn access_token(&self, own: Option<String>) -> Option<String> {
        let general = self.access.as_ref().map(AccessToken::expose);
        own.or_else(|| general.map(str::to_owned))
    }

    /// A connection is open: the first things to send on it. The login stands first, as it proves
    /// whose the place is.
    pub fn opened(&mut self) -> Vec<ClientMessage> {
        self.unanswered_logins = u32::from(self.login.is_some());
        let login = self.login.as_ref().map(Login::login);
        let place = self.place.as_ref().map(Place::join);
        let join = place.or_else(|| self.casting.repeated());
        login.into_iter().chain(join).collect()
    }

    /// The connection broke after these had been sent on it.
    pub fn broken(&mut self) {
        if let Some(place) = &mut self.place {
            place.is_repeated = true;
        }
        self.casting.broken();
    }

    /// What gives the place and the login up, if they may be held.
    pub fn leave(&mut self) -> Vec<ClientMessage> {
        let place = self.place.take().map(|place| (place.room_id, place.uid));
        let shown = self.casting.close();
        let leave = place
            .or(shown)
            .map(|(room_id, uid)| ClientMessage::Leave { room_id, uid });
        let logout = self.login.take().map(|_| ClientMessage::Logout);
        leave.into_iter().chain(logout).collect()
    }

    /// The server sent a message.
    pub fn incoming(&mut self, message: &ServerMessage) -> Verdict {
        match message {
            ServerMessage::Joined {
                room_id,
                uid,
                resume_token,
                ..
            } => {
                self.take_seat(room_id, uid);
                if let Some(place) = self.place.as_mut().filter(|place| place.uid == *uid) {
                    place.resume_token.clone_from(resume_token);
                    place.is_repeated = false;
                }
                Verdict::PassOn
            }
            ServerMessage::CastCode {
                room_id,
                resume_token,
                ..
            } => {
                self.casting.code_shown(room_id, resume_token.as_deref());
                Verdict::PassOn
            }
            ServerMessage::Full { .. } => {
                self.place = None;
                Verdict::PassOn
            }
            ServerMessage::Login(answer) => self.login_answered(answer),
            ServerMessage::Error {
                code, reference, ..
            } if reference.as_deref() == Some("login") => self.login_failed(*code),
            ServerMessage::Error {
                code, reference, ..
            } => self.refused(*code, reference.as_deref()),
            ServerMessage::RespJoin { .. }
            | ServerMessage::NewPeer { .. }
            | ServerMessage::Offer(_)
            | ServerMessage::Answer(_)
            | ServerMessage::Candidate(_)
            | ServerMessage::MediaState { .. }
            | ServerMessage::Leaved { .. }
            | ServerMessage::PeerLeave { .. }
            | ServerMessage::PeerAway { .. }
            | ServerMessage::PeerBack { .. }
            | ServerMessage::Presence(_)
            | ServerMessage::Ringing { .. }
            | ServerMessage::Ring { .. }
            | ServerMessage::Accept { .. }
            | ServerMessage::Decline { .. }
            | ServerMessage::Cancel { .. }
            | ServerMessage::Busy { .. }
            | ServerMessage::NoAnswer { .. }
            | ServerMessage::Unavailable { .. }
            | ServerMessage::Missed { .. }
            | ServerMessage::Message { .. }
            | ServerMessage::Delivered { .. }
            | ServerMessage::IceServers { .. }
            | ServerMessage::Keepalive => Verdict::PassOn,
        }
    }

    fn login_answered(&mut self, answer: &LoginAnswer) -> Verdict {
        self.unanswered_logins = self.unanswered_logins.saturating_sub(1);
        if self.unanswered_logins > 0 {
            return Verdict::Ignore;
        }
        match answer {
            LoginAnswer::Accepted { resume_token, .. } => {
                if let Some(login) = &mut self.login {
                    login.resume_token.clone_from(resume_token);
                }
            }
            LoginAnswer::Refused(_) => self.login = None,
        }
        Verdict::PassOn
    }

    /// `error` in answer to a login. The owner asks again where that may help.
    fn login_failed(&mut self, code: ErrorCode) -> Verdict {
        // The connection is about to be closed; the login is repeated on the next one.
        if code == ErrorCode::ServerDraining {
            return Verdict::PassOn;
        }
        self.unanswered_logins = self.unanswered_logins.saturating_sub(1);
        if self.unanswered_logins > 0 {
            return Verdict::Ignore;
        }
        self.login = None;
        Verdict::PassOn
    }

    /// A code was used, ours or another's: there is a place now, which was never asked for by `join`.
    fn take_seat(&mut self, room_id: &str, uid: &str) {
        if self.place.is_some() {
            return;
        }
        let Some((name, access_token)) = self.casting.seated(uid) else {
            return;
        };
        self.place = Some(Place {
            room_id: room_id.to_owned(),
            uid: uid.to_owned(),
            name,
            access_token,
            resume_token: None,
            is_repeated: false,
        });
    }

    fn refused(&mut self, code: ErrorCode, reference: Option<&str>) -> Verdict {
        let is_repeated = match (reference, &self.place) {
            (Some("join"), Some(place)) => place.is_repeated,
            (Some("cast-open"), _) => self.casting.is_display_repeated(),
            (Some("cast-join"), _) => {
                self.casting.refuse_entry();
                return Verdict::PassOn;
            }
            (Some(_) | None, _) => return Verdict::PassOn,
        };
        if is_repeated && code.is_passing() {
            return Verdict::TryLater(code);
        }
        // A server that drains is about to close the connection; the join is repeated on the next one.
        if code != ErrorCode::ServerDraining {
            match reference {
                Some("cast-open") => self.casting.refuse_display(),
                Some(_) | None => self.place = None,
            }
        }
        Verdict::PassOn
    }
}

impl Login {
    fn login(&self) -> ClientMessage {
        ClientMessage::Login {
            name: self.name.clone(),
            uid: self.uid.clone(),
            lobby: self.lobby.clone(),
            resume: true,
            resume_token: self.resume_token.clone(),
            token: self.access_token.clone(),
        }
    }
}

impl Place {
    fn join(&self) -> ClientMessage {
        ClientMessage::Join {
            room_id: self.room_id.clone(),
            uid: self.uid.clone(),
            name: self.name.clone(),
            resume: true,
            resume_token: self.resume_token.clone(),
            token: self.access_token.clone(),
        }
    }
}
