//! Being called: what rings here, until it is answered or over.

use std::time::Instant;

use duet_protocol::limits::RING_TIMEOUT;
use duet_protocol::{CallMedia, ClientMessage, Person};

use super::Call;
use crate::named::{IncomingCall, NamedCall, RingEnd, UnansweredCause};
use crate::output::Output;
use crate::state::{CallState, RemotePeer};
use crate::timing::CALL_GRACE;

/// The call that rings here.
#[derive(Debug)]
pub(super) struct Incoming {
    call: IncomingCall,
    room_id: String,
    /// The server ends it before; this is for a server that does not.
    deadline: Instant,
}

impl Incoming {
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl Call {
    /// The call that rings here at the moment.
    #[must_use]
    pub fn incoming(&self) -> Option<&IncomingCall> {
        self.incoming.as_ref().map(|incoming| &incoming.call)
    }

    pub(super) fn rings(&self, call_id: &str) -> bool {
        self.incoming().is_some_and(|call| call.call_id == call_id)
    }

    pub(super) fn rings_from(&self, uid: &str) -> Option<String> {
        let incoming = self.incoming.as_ref()?;
        (incoming.call.from.uid == uid).then(|| incoming.call.call_id.clone())
    }

    pub(super) fn ring(
        &mut self,
        now: Instant,
        call_id: String,
        room_id: String,
        from: Person,
        media: CallMedia,
    ) {
        if !self.listing.is_online() || from.uid == self.uid || self.known_calls.contains(&call_id)
        {
            return;
        }
        if self.outgoing.is_calling(&from.uid) {
            // Two who call each other: the server makes one call of it, and does not ask us. Its id
            // stays unknown, since `ringing` brings it as the first answer to our `call`.
            return;
        }
        self.known_calls.add(&call_id);
        if self.incoming.is_some() {
            return self.signal(ClientMessage::Decline { call_id });
        }
        let call = IncomingCall {
            call_id,
            from: RemotePeer {
                uid: from.uid,
                name: Some(from.name),
            },
            media,
        };
        self.incoming = Some(Incoming {
            call: call.clone(),
            room_id,
            deadline: now + RING_TIMEOUT + CALL_GRACE,
        });
        self.push(Output::Ring(call));
    }

    pub(super) fn accept_call(&mut self, now: Instant, call_id: &str) {
        if !self.rings(call_id) {
            return;
        }
        // The room of the call is open only to somebody who is in no other.
        self.leave(now);
        let Some(Incoming { call, room_id, .. }) = self.incoming.take() else {
            return;
        };
        self.signal(ClientMessage::Accept {
            call_id: call.call_id.clone(),
        });
        let named = NamedCall {
            peer: call.from.clone(),
            media: call.media,
        };
        let call_id = call.call_id.clone();
        self.push(Output::RingEnded {
            call,
            cause: RingEnd::Answered,
        });
        self.enter_call(now, named, call_id, room_id);
    }

    pub(super) fn decline_call(&mut self, call_id: &str) {
        if self.rings(call_id) {
            self.decline_present();
        }
    }

    pub(super) fn decline_present(&mut self) {
        if let Some(incoming) = &self.incoming {
            let call_id = incoming.call.call_id.clone();
            self.signal(ClientMessage::Decline { call_id });
            self.end_ring(RingEnd::Declined);
        }
    }

    /// `cancel`, `missed` or `unavailable` came for a call that may ring here, or that we have
    /// accepted while its end was on the way.
    pub(super) fn ring_over(&mut self, now: Instant, call_id: &str, cause: RingEnd) {
        if self.rings(call_id) {
            self.end_ring(cause);
        } else if self.is_awaited_call(call_id) {
            self.nobody_came(now);
        }
    }

    pub(super) fn end_ring(&mut self, cause: RingEnd) {
        if let Some(Incoming { call, .. }) = self.incoming.take() {
            self.push(Output::RingEnded { call, cause });
        }
    }

    /// The connection is gone, and what was under way on it.
    pub(super) fn named_calls_lost(&mut self, now: Instant) {
        self.calling_lost(now);
        self.end_ring(RingEnd::Lost);
        self.texts_lost();
    }

    /// We are about to be listed no longer, or otherwise.
    pub(super) fn end_named_calls(&mut self, now: Instant) {
        if matches!(self.state, CallState::Calling { .. }) {
            self.cancel(now);
        }
        self.decline_present();
    }

    pub(super) fn expire_ring(&mut self, now: Instant) {
        let is_over = |incoming: &Incoming| incoming.deadline <= now;
        if self.incoming.as_ref().is_some_and(is_over) {
            self.end_ring(RingEnd::Missed);
        }
    }

    /// `unavailable`: about a call of ours, about one that rings here, or a word that came too late.
    pub(super) fn unavailable(&mut self, now: Instant, call_id: &str) {
        if !self.call_ended(now, call_id, UnansweredCause::Unavailable) {
            self.ring_over(now, call_id, RingEnd::Lost);
        }
    }
}
