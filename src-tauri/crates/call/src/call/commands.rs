//! What the person asks for, and giving up when a time is over.

use std::time::{Duration, Instant};

use duet_protocol::{AudioState, ClientMessage, VideoState};

use super::{Call, Place};
use crate::named::EndedBy;
use crate::output::Output;
use crate::state::{CallState, FailureCause, ReconnectCause};
use crate::timing::JOIN_TIMEOUT;

impl Call {
    pub(super) fn join(&mut self, now: Instant, room_id: String, name: Option<String>) {
        if self.state.is_active() {
            tracing::debug!("join while in a room is ignored");
            return;
        }
        self.last_call = None;
        self.place = Some(Place {
            room_id,
            name,
            named: None,
            cast: None,
        });
        self.rejoin(now);
    }

    /// The same room, or the same person, again.
    pub(super) fn rejoin(&mut self, now: Instant) {
        if self.state.is_active() {
            return;
        }
        match self.last_call.clone() {
            Some(call) => self.call_person(now, call),
            None => self.enter_place(now),
        }
    }

    pub(super) fn enter_place(&mut self, now: Instant) {
        self.unseat();
        let Some(place) = &self.place else {
            return;
        };
        let room_id = place.room_id.clone();
        self.forget_remote();
        self.send_join();
        self.set_state(CallState::Joining {
            room_id,
            since: now,
            deadline: now + JOIN_TIMEOUT,
            problem: None,
        });
    }

    /// The signaling client keeps this message and repeats it after breaks, with the newest token.
    pub(super) fn send_join(&mut self) {
        let Some(place) = self.place.clone() else {
            return;
        };
        if let Some(request) = self.cast_request(&place) {
            return self.signal(request);
        }
        self.signal(ClientMessage::Join {
            room_id: place.room_id,
            uid: self.uid.clone(),
            name: place.name,
            resume: true,
            resume_token: self.resume_token.clone(),
            token: None,
        });
    }

    pub(super) fn cancel(&mut self, now: Instant) {
        match &self.state {
            CallState::Idle => {}
            CallState::Calling { .. } => {
                self.abandon_call();
                self.set_state(CallState::Idle);
            }
            CallState::Joining { .. }
            | CallState::WaitingForPeer { .. }
            | CallState::Negotiating { .. } => {
                self.give_place_up();
                self.set_state(CallState::Idle);
            }
            CallState::Connected { .. }
            | CallState::Reconnecting { .. }
            | CallState::PeerLeft { .. } => self.leave(now),
            CallState::Unanswered { .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => {
                self.set_state(CallState::Idle);
            }
        }
    }

    pub(super) fn leave(&mut self, now: Instant) {
        if !self.state.is_active() {
            return;
        }
        if matches!(self.state, CallState::Calling { .. }) {
            return self.cancel(now);
        }
        self.end(now, EndedBy::Us);
    }

    /// The call is over, and the place given up.
    pub(super) fn end(&mut self, now: Instant, by: EndedBy) {
        let lasted = self.lasted(now);
        self.give_place_up();
        let named = self.place.as_ref().and_then(|place| place.named.clone());
        self.set_state(CallState::Left {
            room_id: self.room_id(),
            since: now,
            lasted,
            named: named.map(|named| named.call),
            by,
        });
    }

    pub(super) fn retry(&mut self, now: Instant) {
        match &self.state {
            CallState::Calling { .. } | CallState::Joining { .. } => {
                self.push(Output::RetrySignaling);
            }
            CallState::Reconnecting { .. } => {
                if !self.server.is_open() {
                    self.push(Output::RetrySignaling);
                } else if !self.server.is_joined() {
                    self.send_join();
                }
                self.recover_now(now);
            }
            CallState::Unanswered { .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => {
                self.push(Output::RetrySignaling);
                self.rejoin(now);
            }
            CallState::Idle
            | CallState::WaitingForPeer { .. }
            | CallState::Negotiating { .. }
            | CallState::Connected { .. }
            | CallState::PeerLeft { .. } => {}
        }
    }

    pub(super) fn wait(&mut self, now: Instant) {
        match &self.state {
            CallState::PeerLeft { .. } => self.set_state(CallState::WaitingForPeer {
                room_id: self.room_id(),
                since: now,
            }),
            CallState::Idle
            | CallState::Calling { .. }
            | CallState::Unanswered { .. }
            | CallState::Joining { .. }
            | CallState::WaitingForPeer { .. }
            | CallState::Negotiating { .. }
            | CallState::Connected { .. }
            | CallState::Reconnecting { .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => {}
        }
    }

    pub(super) fn set_media(&mut self, audio: AudioState, video: VideoState) {
        if self.media == Some((audio, video)) {
            return;
        }
        self.media = Some((audio, video));
        self.tell_media();
    }

    /// Tells the other what we send, if they can be told.
    pub(super) fn tell_media(&mut self) {
        let (Some((audio, video)), Some(remote), true) =
            (self.media, &self.remote, self.can_signal())
        else {
            return;
        };
        let message = ClientMessage::MediaState {
            room_id: self.room_id(),
            uid: self.uid.clone(),
            remote_uid: remote.peer.uid.clone(),
            audio,
            video,
        };
        self.signal(message);
    }

    /// The deadline of the state has come.
    pub(super) fn give_up(&mut self, now: Instant) {
        let cause = match &self.state {
            CallState::Calling { ringing, .. } => {
                let was_ringing = *ringing;
                return self.calling_overdue(now, was_ringing);
            }
            CallState::Joining { .. } if self.server.is_joined() => return self.nobody_came(now),
            CallState::Joining { problem, .. } => FailureCause::ServerUnreachable(*problem),
            CallState::Negotiating { .. } => FailureCause::NegotiationTimeout,
            CallState::Reconnecting { cause, .. } => match cause {
                ReconnectCause::Media => FailureCause::ConnectionLost,
                ReconnectCause::Server => FailureCause::ServerUnreachable(None),
            },
            CallState::Idle
            | CallState::Unanswered { .. }
            | CallState::WaitingForPeer { .. }
            | CallState::Connected { .. }
            | CallState::PeerLeft { .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => return,
        };
        self.fail(now, cause);
    }

    /// Ends the call with a reason; the place is given up.
    pub(super) fn fail(&mut self, now: Instant, cause: FailureCause) {
        let lasted = self.lasted(now);
        self.give_place_up();
        self.set_state(CallState::Failed {
            room_id: self.room_id(),
            cause,
            since: now,
            lasted,
        });
    }

    /// The server holds no place for us any more, or soon: nothing of the call is left.
    pub(super) fn give_place_up(&mut self) {
        self.forget_remote();
        let room_id = self.room_id();
        let message = ClientMessage::Leave {
            // A cast whose code was never used may have none yet; the server says so, and that is all.
            room_id: if room_id.is_empty() {
                "none".to_owned()
            } else {
                room_id
            },
            uid: self.uid.clone(),
        };
        self.signal(message);
        self.server.left();
    }

    pub(super) fn lasted(&self, now: Instant) -> Option<Duration> {
        match &self.state {
            CallState::PeerLeft { lasted, .. } => Some(*lasted),
            CallState::Idle
            | CallState::Calling { .. }
            | CallState::Unanswered { .. }
            | CallState::Joining { .. }
            | CallState::WaitingForPeer { .. }
            | CallState::Negotiating { .. }
            | CallState::Connected { .. }
            | CallState::Reconnecting { .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => self
                .state
                .connected_since()
                .map(|since| now.saturating_duration_since(since)),
        }
    }
}
