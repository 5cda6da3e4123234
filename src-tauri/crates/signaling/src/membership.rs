//! What is repeated after a reconnect: the `join` of a room, or the `cast-open` of a display. Sans-IO.
//!
//! A `cast-join` is repeated until it is answered. What it brings is a place in a room like any other.

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage};

/// The place we hold or want.
#[derive(Debug, Default)]
pub struct Membership {
    place: Option<Place>,
    display: Option<Display>,
    entry: Option<Entry>,
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

/// The code we show, or want to show.
#[derive(Debug)]
struct Display {
    uid: String,
    name: Option<String>,
    access_token: Option<String>,
    /// The newest one; a `cast-code` brings it.
    resume_token: Option<String>,
    room_id: Option<String>,
    is_repeated: bool,
}

/// A code of somebody else's that we have sent and not been answered for.
#[derive(Debug)]
struct Entry {
    code: String,
    uid: String,
    name: Option<String>,
    access_token: Option<String>,
}

/// What a message of the server means for the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Pass it on.
    PassOn,
    /// Our place cannot be taken back yet: try again with a new connection after the back-off.
    TryLater(ErrorCode),
}

impl Membership {
    /// What is to be sent for a message handed over: a `join` always asks to be resumed, and
    /// carries the token if the place may still be ours.
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
                    access_token: token,
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
                let same = self.display.take().filter(|display| display.uid == uid);
                let display = self.display.insert(Display {
                    uid,
                    name,
                    access_token: token,
                    resume_token: resume_token.or(same.and_then(|display| display.resume_token)),
                    room_id: None,
                    is_repeated: false,
                });
                display.open()
            }
            ClientMessage::CastJoin {
                code,
                uid,
                name,
                resume: _,
                token,
            } => {
                let entry = self.entry.insert(Entry {
                    code,
                    uid,
                    name,
                    access_token: token,
                });
                entry.join()
            }
            ClientMessage::Leave { .. } => {
                self.display = None;
                self.entry = None;
                self.place = None;
                message
            }
            ClientMessage::Offer(_)
            | ClientMessage::Answer(_)
            | ClientMessage::Candidate(_)
            | ClientMessage::MediaState { .. }
            | ClientMessage::Login { .. }
            | ClientMessage::Logout
            | ClientMessage::Call { .. }
            | ClientMessage::Accept { .. }
            | ClientMessage::Decline { .. }
            | ClientMessage::Cancel { .. }
            | ClientMessage::Message(_)
            | ClientMessage::IceServers
            | ClientMessage::Keepalive => message,
        }
    }

    /// A connection is open: the first thing to send on it.
    #[must_use]
    pub fn join(&self) -> Option<ClientMessage> {
        let place = self.place.as_ref().map(Place::join);
        let entry = self.entry.as_ref().map(Entry::join);
        place
            .or(entry)
            .or_else(|| self.display.as_ref().map(Display::open))
    }

    /// The connection broke after the join had been sent on it.
    pub fn broken(&mut self) {
        if let Some(place) = &mut self.place {
            place.is_repeated = true;
        }
        if let Some(display) = &mut self.display {
            display.is_repeated = true;
        }
    }

    /// What gives the place up, if one may be held.
    pub fn leave(&mut self) -> Option<ClientMessage> {
        if let Some(place) = self.place.take() {
            return Some(ClientMessage::Leave {
                room_id: place.room_id,
                uid: place.uid,
            });
        }
        let display = self.display.take()?;
        Some(ClientMessage::Leave {
            room_id: display.room_id?,
            uid: display.uid,
        })
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
                if let Some(display) = &mut self.display {
                    display.room_id = Some(room_id.clone());
                    display.resume_token.clone_from(resume_token);
                    display.is_repeated = false;
                }
                Verdict::PassOn
            }
            ServerMessage::Full { .. } => {
                self.place = None;
                Verdict::PassOn
            }
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
            | ServerMessage::Login(_)
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

    /// A code was used, ours or another's: there is a place now, which was never asked for by `join`.
    fn take_seat(&mut self, room_id: &str, uid: &str) {
        if self.place.is_some() {
            return;
        }
        let display = self.display.take_if(|display| display.uid == *uid);
        let display = display.map(|display| (display.name, display.access_token));
        let entry = self.entry.take_if(|entry| entry.uid == *uid);
        let entry = entry.map(|entry| (entry.name, entry.access_token));
        let Some((name, access_token)) = display.or(entry) else {
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
        let is_repeated = match (reference, &self.place, &self.display) {
            (Some("join"), Some(place), _) => place.is_repeated,
            (Some("cast-open"), _, Some(display)) => display.is_repeated,
            (Some("cast-join"), _, _) => {
                self.entry = None;
                return Verdict::PassOn;
            }
            (Some(_) | None, _, _) => return Verdict::PassOn,
        };
        match code {
            ErrorCode::UidTaken | ErrorCode::RateLimited | ErrorCode::Unavailable
                if is_repeated =>
            {
                Verdict::TryLater(code)
            }
            // The connection is about to be closed; the join is repeated on the next one.
            ErrorCode::ServerDraining => Verdict::PassOn,
            ErrorCode::UidTaken
            | ErrorCode::RateLimited
            | ErrorCode::Unavailable
            | ErrorCode::UnknownCommand
            | ErrorCode::BadMessage
            | ErrorCode::UidMismatch
            | ErrorCode::AlreadyInRoom
            | ErrorCode::NotInRoom
            | ErrorCode::NoSuchPeer
            | ErrorCode::TooLarge
            | ErrorCode::CastRefused
            | ErrorCode::NotAllowed
            | ErrorCode::Unknown => {
                match reference {
                    Some("cast-open") => self.display = None,
                    Some(_) | None => self.place = None,
                }
                Verdict::PassOn
            }
        }
    }
}

impl Display {
    fn open(&self) -> ClientMessage {
        ClientMessage::CastOpen {
            uid: self.uid.clone(),
            name: self.name.clone(),
            resume: true,
            resume_token: self.resume_token.clone(),
            token: self.access_token.clone(),
        }
    }
}

impl Entry {
    fn join(&self) -> ClientMessage {
        ClientMessage::CastJoin {
            code: self.code.clone(),
            uid: self.uid.clone(),
            name: self.name.clone(),
            resume: true,
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
