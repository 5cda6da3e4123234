//! `cast-open` and `cast-join`: a display shows a code, somebody types it, and both are in a room.

use std::time::Instant;

use duet_protocol::{CastCode, ErrorCode, ServerMessage};

use super::Exchange;
use crate::rooms::{Claim, ConnectionId, Seat};
use crate::tokens::ResumeTokens;

/// The fields of a `cast-open`, already checked.
pub(super) struct Opening {
    pub(super) uid: String,
    pub(super) name: Option<String>,
    pub(super) resume: bool,
    pub(super) resume_token: Option<String>,
}

/// The fields of a `cast-join`; all but the code are checked.
pub(super) struct Entry {
    pub(super) code: String,
    pub(super) uid: String,
    pub(super) name: Option<String>,
    pub(super) resume: bool,
}

impl Exchange {
    pub(super) fn cast_open(&mut self, now: Instant, id: ConnectionId, opening: Opening) {
        let Opening {
            uid,
            name,
            resume,
            resume_token,
        } = opening;
        let token = resume_token.as_deref();
        let was_used = self.rooms.is_display_proven(&uid, token);
        let is_shown = self.is_code_proven(&uid, token);
        if !self.admit_caster(now, id, &uid, was_used || is_shown, "cast-open") {
            return;
        }
        if was_used {
            return self.rooms.return_display(id, &uid, resume_token);
        }
        if self.rooms.place_of(&uid).is_some() {
            return self.rooms.refuse(id, "cast-open", ErrorCode::AlreadyInRoom);
        }
        self.rooms.replace(now, id, &uid);
        self.rooms.bind(id, &uid, name.as_deref());
        let presented = token.filter(|_| is_shown);
        self.casts.open(now, &uid, id, resume, presented);
        if let Some(display) = self.casts.display_of(&uid) {
            self.rooms.shut(&display.room_id);
        }
        self.show_code(&uid);
    }

    /// Whether this token proves the code that is shown, or the place behind it.
    pub(super) fn is_cast_proven(&self, uid: &str, token: Option<&str>) -> bool {
        self.rooms.is_display_proven(uid, token) || self.is_code_proven(uid, token)
    }

    fn is_code_proven(&self, uid: &str, token: Option<&str>) -> bool {
        let display = self.casts.display_of(uid);
        display
            .zip(token)
            .is_some_and(|(display, token)| display.tokens.admits(token))
    }

    pub(super) fn cast_join(&mut self, now: Instant, id: ConnectionId, entry: Entry) {
        let Entry {
            code,
            uid,
            name,
            resume,
        } = entry;
        if !self.admit_caster(now, id, &uid, false, "cast-join") {
            return;
        }
        if self.rooms.place_of(&uid).is_some() {
            return self.rooms.refuse(id, "cast-join", ErrorCode::AlreadyInRoom);
        }
        let Some(address) = self.rooms.address_of(id) else {
            return;
        };
        if !self.casts.may_guess(now, address) {
            return self.rooms.refuse(id, "cast-join", ErrorCode::RateLimited);
        }
        // Wrong, used and expired are the same: no display shows it.
        let Some((display_uid, display)) = self.casts.take(CastCode::parse(&code), &uid) else {
            self.casts.note_guess(now, address);
            return self.rooms.refuse(id, "cast-join", ErrorCode::CastRefused);
        };
        self.rooms.bind(id, &uid, name.as_deref());
        let mut tokens = display.tokens;
        // The one it was shown with stays good until it is heard of.
        tokens.rotate(None);
        let presenter = Seat {
            connection: id,
            uid,
            resume,
            tokens: ResumeTokens::new(),
        };
        let shown = Seat {
            connection: display.connection,
            uid: display_uid,
            resume: display.resume,
            tokens,
        };
        self.rooms.seat(&display.room_id, presenter, shown);
    }

    /// Whether this connection may cast as `uid`; if not, it is told.
    fn admit_caster(
        &mut self,
        now: Instant,
        id: ConnectionId,
        uid: &str,
        is_proven: bool,
        reference: &str,
    ) -> bool {
        if self.rooms.uid_of(id).is_some_and(|bound| bound != uid) {
            self.rooms.refuse(id, reference, ErrorCode::UidMismatch);
            return false;
        }
        match self.rooms.claim(id, uid, is_proven) {
            Claim::Free | Claim::Ours | Claim::Proven => true,
            Claim::Taken => {
                let code = if self.rooms.may_try(now, id) {
                    ErrorCode::UidTaken
                } else {
                    ErrorCode::RateLimited
                };
                self.rooms.note_failure(now, id);
                self.rooms.refuse(id, reference, code);
                false
            }
        }
    }

    /// Tells a display the code to show.
    fn show_code(&mut self, uid: &str) {
        let lifetime_s = self.casts.code_lifetime().as_secs();
        let Some(display) = self.casts.display_of(uid) else {
            return;
        };
        let message = ServerMessage::CastCode {
            code: display.code.to_string(),
            room_id: display.room_id.clone(),
            expires_in: u32::try_from(lifetime_s).unwrap_or(u32::MAX),
            resume_token: Some(display.tokens.current()),
        };
        self.rooms.send(display.connection, message);
    }

    /// Codes that are over are followed by others, for as long as the display is there.
    pub(super) fn renew_codes(&mut self, now: Instant) {
        while let Some(uid) = self.casts.poll_renewed(now) {
            self.show_code(&uid);
        }
        self.casts.forget_old(now);
    }

    /// `leave` by a display that shows a code. False if it shows none for that room.
    pub(super) fn close_cast(&mut self, id: ConnectionId, room_id: &str) -> bool {
        let Some(uid) = self.rooms.uid_of(id).map(str::to_owned) else {
            return false;
        };
        let display = self.casts.display_of(&uid);
        if display.is_none_or(|display| display.connection != id || display.room_id != room_id) {
            return false;
        }
        self.end_cast(&uid);
        self.rooms.confirm_closed(id, room_id.to_owned());
        true
    }

    /// A display whose connection is gone, or that is in a room, shows no code.
    pub(super) fn follow_cast(&mut self, uid: &str) {
        let Some(display) = self.casts.display_of(uid) else {
            return;
        };
        let is_there = self.rooms.connection_of(uid) == Some(display.connection);
        if !is_there || self.rooms.place_of(uid).is_some() {
            self.end_cast(uid);
        }
    }

    /// A connection that is in a room of another node shows no code here.
    pub(crate) fn take_code_back(&mut self, id: ConnectionId) {
        let Some(uid) = self.rooms.uid_of(id).map(str::to_owned) else {
            return;
        };
        let display = self.casts.display_of(&uid);
        if display.is_some_and(|display| display.connection == id) {
            self.end_cast(&uid);
        }
    }

    pub(super) fn end_cast(&mut self, uid: &str) {
        if let Some(display) = self.casts.remove(uid) {
            self.rooms.release(&display.room_id);
        }
    }
}
