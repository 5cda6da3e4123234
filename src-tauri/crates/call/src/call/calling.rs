//! Calling somebody by name, until they accept or it comes to nothing.
//!
//! A call has no id until the server's first answer, and each `call` gets exactly one first answer, in
//! order. So a call that is given up before its answer is cancelled when the answer comes, and the next
//! one waits for that. No device, no description and no candidate is touched in here: the room machine
//! begins with the `join` that follows the other's `accept`.

use std::time::Instant;

use duet_protocol::limits::RING_TIMEOUT;
use duet_protocol::{CallMedia, ClientMessage, ErrorCode};

use super::{Call, Named, Place};
use crate::named::{NamedCall, RingEnd, UnansweredCause};
use crate::state::{CallState, RemotePeer};
use crate::timing::{CALL_ANSWER_TIMEOUT, CALL_GRACE};

/// Calls of ours that nobody has accepted.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// The one that the state shows.
    current: Option<Current>,
    /// A call was given up before the server's first answer to it.
    awaits_abandoned: bool,
    /// The last one cancelled: the other may have accepted before.
    cancelled: Option<Ids>,
}

#[derive(Debug)]
struct Current {
    peer: RemotePeer,
    media: CallMedia,
    is_asked: bool,
    ids: Option<Ids>,
}

#[derive(Debug, Clone)]
struct Ids {
    call_id: String,
    room_id: String,
}

impl Outgoing {
    fn is_current(&self, call_id: &str) -> bool {
        let ids = self.current.as_ref().and_then(|call| call.ids.as_ref());
        ids.is_some_and(|ids| ids.call_id == call_id)
    }

    /// The next first answer of the server is about the call that the state shows.
    fn awaits_answer(&self) -> bool {
        let current = self.current.as_ref();
        !self.awaits_abandoned && current.is_some_and(|call| call.is_asked && call.ids.is_none())
    }

    pub(super) fn is_calling(&self, uid: &str) -> bool {
        let current = self.current.as_ref();
        current.is_some_and(|call| call.peer.uid == uid)
    }
}

impl Call {
    pub(super) fn call_somebody(&mut self, now: Instant, uid: String, media: CallMedia) {
        if self.state.is_active() {
            tracing::debug!("a call while in a room or call is ignored");
            return;
        }
        let peer = RemotePeer { uid, name: None };
        self.call_person(now, NamedCall { peer, media });
    }

    /// Calls whoever it is now: the uid may be new since the last time.
    pub(super) fn call_person(&mut self, now: Instant, call: NamedCall) {
        let NamedCall { mut peer, media } = call;
        let Some(user) = self.listing.find(&peer) else {
            let cause = if self.listing.is_online() {
                UnansweredCause::Unavailable
            } else {
                UnansweredCause::NotOnline
            };
            return self.unanswered(now, NamedCall { peer, media }, cause);
        };
        peer.uid.clone_from(&user.uid);
        peer.name = Some(user.name.clone());
        if let Some(call_id) = self.rings_from(&peer.uid) {
            return self.accept_call(now, &call_id);
        }
        self.decline_present();
        self.forget_remote();
        self.place = None;
        self.last_call = Some(NamedCall {
            peer: peer.clone(),
            media,
        });
        self.outgoing.current = Some(Current {
            peer: peer.clone(),
            media,
            is_asked: false,
            ids: None,
        });
        self.set_state(CallState::Calling {
            peer,
            media,
            since: now,
            ringing: false,
            deadline: now + CALL_ANSWER_TIMEOUT,
        });
        self.ask_for_call();
    }

    fn ask_for_call(&mut self) {
        if self.outgoing.awaits_abandoned {
            return;
        }
        let Some(call) = self.outgoing.current.as_mut().filter(|call| !call.is_asked) else {
            return;
        };
        call.is_asked = true;
        let message = ClientMessage::Call {
            to: call.peer.uid.clone(),
            media: call.media,
        };
        self.signal(message);
    }

    pub(super) fn ringing(&mut self, now: Instant, call_id: String, room_id: String) {
        let ids = Ids { call_id, room_id };
        if self.known_calls.contains(&ids.call_id) {
            return self.merged(ids);
        }
        if self.outgoing.awaits_abandoned {
            self.cancel_at_server(ids);
            return self.abandoned_answered();
        }
        if !self.outgoing.awaits_answer() {
            return;
        }
        self.known_calls.add(&ids.call_id);
        if let Some(call) = &mut self.outgoing.current {
            call.ids = Some(ids);
        }
        if let CallState::Calling {
            peer, media, since, ..
        } = &self.state
        {
            let state = CallState::Calling {
                peer: peer.clone(),
                media: *media,
                since: *since,
                ringing: true,
                deadline: now + RING_TIMEOUT + CALL_GRACE,
            };
            self.set_state(state);
        }
    }

    /// A call that rings here is the answer to one of ours: the server takes ours for its acceptance.
    /// That can only be one that was given up, since otherwise it would not have rung.
    fn merged(&mut self, ids: Ids) {
        if !self.outgoing.awaits_abandoned {
            return;
        }
        if self.rings(&ids.call_id) {
            self.end_ring(RingEnd::Cancelled);
            self.outgoing.cancelled = Some(ids);
        }
        self.abandoned_answered();
    }

    fn abandoned_answered(&mut self) {
        self.outgoing.awaits_abandoned = false;
        self.ask_for_call();
    }

    /// `busy`, `decline`, `no-answer` or `unavailable` came. True if it was about a call of ours.
    pub(super) fn call_ended(
        &mut self,
        now: Instant,
        call_id: &str,
        cause: UnansweredCause,
    ) -> bool {
        if self.outgoing.is_current(call_id) {
            self.end_calling(now, cause);
            return true;
        }
        if self.known_calls.contains(call_id) {
            return false;
        }
        self.call_refused(now, cause)
    }

    /// An `error` in answer to `call`.
    pub(super) fn call_failed(&mut self, now: Instant, code: ErrorCode) {
        let cause = match code {
            ErrorCode::RateLimited => UnansweredCause::RateLimited,
            ErrorCode::ServerDraining => UnansweredCause::ServerLost,
            ErrorCode::NotAllowed => UnansweredCause::NotOnline,
            ErrorCode::UnknownCommand
            | ErrorCode::BadMessage
            | ErrorCode::UidMismatch
            | ErrorCode::UidTaken
            | ErrorCode::AlreadyInRoom
            | ErrorCode::NotInRoom
            | ErrorCode::NoSuchPeer
            | ErrorCode::TooLarge
            | ErrorCode::Unavailable
            | ErrorCode::CastRefused
            | ErrorCode::Unknown => UnansweredCause::Unavailable,
        };
        self.call_refused(now, cause);
    }

    /// The first answer to a `call` is that there is none.
    fn call_refused(&mut self, now: Instant, cause: UnansweredCause) -> bool {
        if self.outgoing.awaits_abandoned {
            self.abandoned_answered();
            return true;
        }
        let is_ours = self.outgoing.awaits_answer();
        if is_ours {
            self.end_calling(now, cause);
        }
        is_ours
    }

    pub(super) fn call_accepted(&mut self, now: Instant, call_id: &str) {
        if self.outgoing.is_current(call_id) {
            if let Some(Current {
                peer,
                media,
                ids: Some(ids),
                ..
            }) = self.outgoing.current.take()
            {
                self.enter_call(now, NamedCall { peer, media }, ids.call_id, ids.room_id);
            }
            return;
        }
        let is_cancelled = |ids: &mut Ids| ids.call_id == call_id;
        if let Some(ids) = self.outgoing.cancelled.take_if(is_cancelled)
            && !self.state.is_active()
        {
            self.show_up_and_leave(ids.room_id);
        }
    }

    /// Our cancel came too late: the other would wait in the room for us.
    fn show_up_and_leave(&mut self, room_id: String) {
        let place = Place {
            room_id,
            name: None,
            named: None,
            cast: None,
        };
        let present = self.place.replace(place);
        self.send_join();
        self.give_place_up();
        self.place = present;
    }

    /// The room of a call that was accepted, by whomever.
    pub(super) fn enter_call(
        &mut self,
        now: Instant,
        call: NamedCall,
        call_id: String,
        room_id: String,
    ) {
        self.last_call = Some(call.clone());
        let name = self.listing.wanted.as_ref().map(|own| own.name.clone());
        self.place = Some(Place {
            room_id,
            name,
            named: Some(Named {
                call,
                call_id,
                is_met: false,
            }),
            cast: None,
        });
        self.enter_place(now);
    }

    /// The person gives up. The state is the caller's business.
    pub(super) fn abandon_call(&mut self) {
        let Some(call) = self.outgoing.current.take() else {
            return;
        };
        match call.ids {
            Some(ids) => self.cancel_at_server(ids),
            None => self.outgoing.awaits_abandoned |= call.is_asked,
        }
    }

    fn cancel_at_server(&mut self, ids: Ids) {
        self.known_calls.add(&ids.call_id);
        self.signal(ClientMessage::Cancel {
            call_id: ids.call_id.clone(),
        });
        self.outgoing.cancelled = Some(ids);
    }

    /// The time of an unanswered call is over.
    pub(super) fn calling_overdue(&mut self, now: Instant, was_ringing: bool) {
        let call = self.current_call();
        self.abandon_call();
        let cause = if was_ringing {
            UnansweredCause::NoAnswer
        } else {
            UnansweredCause::ServerLost
        };
        if let Some(call) = call {
            self.unanswered(now, call, cause);
        }
    }

    fn end_calling(&mut self, now: Instant, cause: UnansweredCause) {
        let call = self.current_call();
        self.outgoing.current = None;
        if let Some(call) = call {
            self.unanswered(now, call, cause);
        }
    }

    fn current_call(&self) -> Option<NamedCall> {
        self.outgoing.current.as_ref().map(|call| NamedCall {
            peer: call.peer.clone(),
            media: call.media,
        })
    }

    pub(super) fn unanswered(&mut self, now: Instant, call: NamedCall, cause: UnansweredCause) {
        self.last_call = Some(call.clone());
        self.set_state(CallState::Unanswered {
            peer: call.peer,
            media: call.media,
            cause,
            since: now,
        });
    }

    /// The connection on which calls were made is gone, and the server ends them with it.
    pub(super) fn calling_lost(&mut self, now: Instant) {
        self.outgoing.awaits_abandoned = false;
        self.outgoing.cancelled = None;
        self.end_calling(now, UnansweredCause::ServerLost);
    }

    /// A call that was accepted, and nobody came to its room.
    pub(super) fn nobody_came(&mut self, now: Instant) {
        let named = self.place.as_ref().and_then(|place| place.named.clone());
        self.give_place_up();
        if let Some(named) = named {
            self.unanswered(now, named.call, UnansweredCause::Unavailable);
        }
    }

    /// The server speaks of an accepted call whose other side was not seen yet.
    pub(super) fn is_awaited_call(&self, call_id: &str) -> bool {
        let is_joining = matches!(self.state, CallState::Joining { .. });
        let named = self.place.as_ref().and_then(|place| place.named.as_ref());
        is_joining && named.is_some_and(|named| named.call_id == call_id && !named.is_met)
    }
}
