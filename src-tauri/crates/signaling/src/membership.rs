//! The `join` that is repeated after a reconnect. Sans-IO.

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage};

/// The place we hold or want.
#[derive(Debug, Default)]
pub struct Membership {
    place: Option<Place>,
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
            ClientMessage::Leave { .. } => {
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
        self.place.as_ref().map(Place::join)
    }

    /// The connection broke after the join had been sent on it.
    pub fn broken(&mut self) {
        if let Some(place) = &mut self.place {
            place.is_repeated = true;
        }
    }

    /// What gives the place up, if one may be held.
    pub fn leave(&mut self) -> Option<ClientMessage> {
        let place = self.place.take()?;
        Some(ClientMessage::Leave {
            room_id: place.room_id,
            uid: place.uid,
        })
    }

    /// The server sent a message.
    pub fn incoming(&mut self, message: &ServerMessage) -> Verdict {
        match message {
            ServerMessage::Joined {
                uid, resume_token, ..
            } => {
                if let Some(place) = self.place.as_mut().filter(|place| place.uid == *uid) {
                    place.resume_token.clone_from(resume_token);
                    place.is_repeated = false;
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

    fn refused(&mut self, code: ErrorCode, reference: Option<&str>) -> Verdict {
        let Some(place) = &self.place else {
            return Verdict::PassOn;
        };
        if reference != Some("join") {
            return Verdict::PassOn;
        }
        match code {
            ErrorCode::UidTaken | ErrorCode::RateLimited | ErrorCode::Unavailable
                if place.is_repeated =>
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
                self.place = None;
                Verdict::PassOn
            }
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
