//! Casts: a display shows a code, a presenter has typed it. When the code is used both are in a room, and
//! from there on it is a call like any other, but for two things: the display goes back to a code when
//! the presenter is gone, and the presenter's part ends with the display.

use std::time::{Duration, Instant};

use duet_protocol::{CastRole, ClientMessage};

use super::{Call, Place};
use crate::output::Output;
use crate::state::{CallState, LeaveCause};

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
            cast: Some(Cast {
                role,
                typed,
                is_seated: false,
            }),
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
            room_id.clone_into(&mut place.room_id);
        }
    }

    /// Whether this refusal is about the cast that we asked for.
    pub(super) fn is_cast_refusal(&self, reference: Option<&str>) -> bool {
        let asked = self.place.as_ref().and_then(|place| place.cast.as_ref());
        asked.is_some_and(|cast| !cast.is_seated)
            && reference.is_some_and(|command| CAST_COMMANDS.contains(&command))
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
