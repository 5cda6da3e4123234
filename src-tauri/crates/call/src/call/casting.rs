//! Casts: a display shows a code, a presenter has typed it. When the code is used both are in a room, and
//! from there on it is a call like any other, but for two things: the display goes back to a code when
//! the presenter is gone, and the presenter's part ends with the display.
//!
//! A display asks again for its code when the refusal passes by itself: who keeps the codes is out of reach, for
//! instance. Often nobody is near it to press a button. (After a break the signaling client repeats the
//! request, and tries it again too.)

use std::time::{Duration, Instant};

use duet_protocol::{CastRole, ClientMessage, ErrorCode};

use super::{Call, Place};
use crate::output::Output;
use crate::state::{CallState, LeaveCause};
use crate::timing::{CAST_RETRY_FIRST, CAST_RETRY_LONGEST};

/// The requests whose refusal ends it.
const CAST_COMMANDS: [&str; 2] = ["cast-open", "cast-join"];

/// How a place came or comes about.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    role: CastRole,
    /// The code that was typed; a display gets its own from the server.
    typed: Option<String>,
    /// The code was used: the room is ours, and is come back to by `join`.
    is_seated: bool,
    /// A display was refused its code: when it asks again.
    retry_at: Option<Instant>,
    /// Between then and the time after.
    next_delay: Duration,
}

impl Cast {
    fn new(role: CastRole, typed: Option<String>) -> Self {
        Self {
            role,
            typed,
            is_seated: false,
            retry_at: None,
            next_delay: CAST_RETRY_FIRST,
        }
    }

    /// The server gave what was asked for.
    fn answered(&mut self) {
        self.retry_at = None;
        self.next_delay = CAST_RETRY_FIRST;
    }
}

impl Call {
    pub(super) fn open_cast(&mut self, now: Instant, name: Option<String>) {
        self.enter_cast(now, name, CastRole::Display, None);
    }

    pub(super) fn join_cast(&mut self, now: Instant, code: String, name: Option<String>) {
        self.enter_cast(now, name, CastRole::Presenter, Some(code));
    }

    fn enter_cast(
        &mut self,
        now: Instant,
        name: Option<String>,
        role: CastRole,
        typed: Option<String>,
    ) {
        if self.state.is_active() {
            tracing::debug!("a cast while in a room is ignored");
            return;
        }
        self.last_call = None;
        self.place = Some(Place {
            room_id: String::new(),
            name,
            named: None,
            cast: Some(Cast::new(role, typed)),
        });
        self.rejoin(now);
    }

    /// What we are in the cast that we are in, or want to be in.
    #[must_use]
    pub fn cast_role(&self) -> Option<CastRole> {
        let place = self.place.as_ref().filter(|_| self.state.is_active())?;
        place.cast.as_ref().map(|cast| cast.role)
    }

    /// The message that brings the place of a cast about; none when it is a room already.
    pub(super) fn cast_request(&self, place: &Place) -> Option<ClientMessage> {
        let cast = place.cast.as_ref().filter(|cast| !cast.is_seated)?;
        let (uid, name) = (self.uid.clone(), place.name.clone());
        Some(match &cast.typed {
            Some(code) => ClientMessage::CastJoin {
                code: code.clone(),
                uid,
                name,
                resume: true,
                token: None,
            },
            None => ClientMessage::CastOpen {
                uid,
                name,
                resume: true,
                resume_token: None,
                token: None,
            },
        })
    }

    /// The place is asked for anew: a room that was left is not come back to.
    pub(super) fn unseat(&mut self) {
        if let Some(place) = &mut self.place
            && let Some(cast) = &mut place.cast
        {
            cast.is_seated = false;
            cast.answered();
            place.room_id.clear();
        }
    }

    /// The server gave our display a code.
    pub(super) fn cast_code(
        &mut self,
        now: Instant,
        code: String,
        room_id: String,
        expires_in_s: u32,
    ) {
        let Some(place) = &mut self.place else {
            return;
        };
        let shows = |cast: &Cast| cast.role == CastRole::Display && !cast.is_seated;
        if !place.cast.as_ref().is_some_and(shows) {
            return;
        }
        place.room_id.clone_from(&room_id);
        if let Some(cast) = &mut place.cast {
            cast.answered();
        }
        match &self.state {
            CallState::Joining { .. }
            | CallState::WaitingForPeer { .. }
            | CallState::Reconnecting { peer: None, .. } => {}
            CallState::Idle
            | CallState::Calling { .. }
            | CallState::Unanswered { .. }
            | CallState::Negotiating { .. }
            | CallState::Connected { .. }
            | CallState::Reconnecting { peer: Some(_), .. }
            | CallState::PeerLeft { .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => return,
        }
        if !matches!(self.state, CallState::WaitingForPeer { .. }) {
            let since = now;
            self.set_state(CallState::WaitingForPeer { room_id, since });
        }
        let expires_at = now + Duration::from_secs(expires_in_s.into());
        self.push(Output::CastCode { code, expires_at });
    }

    /// The server says that we have a place with this role: ours, if that is what we wanted.
    pub(super) fn take_seat(&mut self, room_id: &str, role: Option<CastRole>) {
        if let Some(place) = &mut self.place
            && let Some(cast) = &mut place.cast
            && !cast.is_seated
            && role == Some(cast.role)
        {
            cast.is_seated = true;
            cast.answered();
            room_id.clone_into(&mut place.room_id);
        }
    }

    /// Whether this refusal is about the cast that we asked for.
    pub(super) fn is_cast_refusal(&self, reference: Option<&str>) -> bool {
        let asked = self.place.as_ref().and_then(|place| place.cast.as_ref());
        asked.is_some_and(|cast| !cast.is_seated)
            && reference.is_some_and(|command| CAST_COMMANDS.contains(&command))
    }

    /// Our display got no code. True if it waits and asks again.
    pub(super) fn postpone_code(&mut self, now: Instant, code: ErrorCode) -> bool {
        let cast = self.place.as_mut().and_then(|place| place.cast.as_mut());
        let shows = |cast: &&mut Cast| cast.role == CastRole::Display && !cast.is_seated;
        let Some(cast) = cast.filter(shows).filter(|_| code.is_passing()) else {
            return false;
        };
        cast.retry_at = Some(now + cast.next_delay);
        cast.next_delay = (cast.next_delay * 2).min(CAST_RETRY_LONGEST);
        if !matches!(self.state, CallState::Reconnecting { .. }) {
            self.wait_for_server(now);
        }
        true
    }

    /// When our display asks for a code again.
    pub(super) fn code_due(&self) -> Option<Instant> {
        let waits = matches!(self.state, CallState::Reconnecting { peer: None, .. });
        let place = self.place.as_ref().filter(|_| waits)?;
        place.cast.as_ref()?.retry_at
    }

    pub(super) fn pursue_code(&mut self, now: Instant) {
        if self.code_due().is_none_or(|due| due > now) {
            return;
        }
        if let Some(cast) = self.place.as_mut().and_then(|place| place.cast.as_mut()) {
            cast.retry_at = None;
        }
        self.send_join();
    }

    /// The other of a cast is gone. False if this is no cast.
    pub(super) fn cast_over(&mut self, now: Instant, cause: LeaveCause) -> bool {
        match self.cast_role() {
            None => return false,
            Some(CastRole::Presenter) => self.end(now, cause.into()),
            Some(CastRole::Display) => {
                self.give_place_up();
                self.enter_place(now);
            }
        }
        true
    }

    /// A place that we gave up before we were told of it.
    pub(super) fn refuse_seat(&mut self, room_id: String) {
        let uid = self.uid.clone();
        self.signal(ClientMessage::Leave { room_id, uid });
        self.server.left();
    }
}
