//! The other in the room, as the server tells of them: their coming and going.
//!
//! After a return the server introduces the other again (`new-peer` or `resp-join`); for a uid whose
//! PeerConnection lives that starts no new offer, but what may have been lost is sent again. The introduction
//! also sets the roles anew (both sides hear matching words), so that two sides can never both be impolite for
//! long.

use std::time::Instant;

use super::Call;
use crate::remote::{Presence, Remote};
use crate::state::{CallState, LeaveCause, RemotePeer};
use crate::timing::NEGOTIATION_TIMEOUT;

impl Call {
    pub(super) fn is_remote(&self, uid: &str) -> bool {
        self.remote
            .as_ref()
            .is_some_and(|remote| remote.peer.uid == uid)
    }

    pub(super) fn set_presence(&mut self, presence: Presence) {
        if let Some(remote) = &mut self.remote {
            remote.presence = presence;
        }
    }

    /// The server names the other. The one already there (`polite` false) makes the first offer.
    pub(super) fn introduced(
        &mut self,
        now: Instant,
        uid: String,
        name: Option<String>,
        polite: bool,
    ) {
        if !self.server.is_joined() || uid == self.uid || !self.meet(&uid) {
            return;
        }
        if self.is_remote(&uid) {
            if let Some(remote) = &mut self.remote {
                remote.presence = Presence::Here;
                remote.polite = polite;
            }
            self.reachable_again(now);
            return;
        }
        self.forget_remote();
        let peer = RemotePeer { uid, name };
        self.remote = Some(Remote {
            peer: peer.clone(),
            presence: Presence::Here,
            polite,
            speaks_sessions: false,
        });
        self.set_state(CallState::Negotiating {
            peer,
            since: now,
            deadline: now + NEGOTIATION_TIMEOUT,
        });
        self.tell_media();
        self.start_negotiation(now);
    }

    /// The room of a call by name is for the other alone.
    fn meet(&mut self, uid: &str) -> bool {
        let named = self.place.as_mut().and_then(|place| place.named.as_mut());
        named.is_none_or(|named| {
            let is_other = named.call.peer.uid == uid;
            named.is_met |= is_other;
            is_other
        })
    }

    pub(super) fn is_named(&self) -> bool {
        self.place
            .as_ref()
            .is_some_and(|place| place.named.is_some())
    }

    /// The other holds no place any more. If only their connection to the server broke and media
    /// flows, the call goes on without one.
    pub(super) fn peer_leave(&mut self, now: Instant, cause: LeaveCause) {
        let media_flows = self.link.as_ref().is_some_and(|link| link.is_connected);
        if cause == LeaveCause::Lost && media_flows {
            self.set_presence(Presence::Gone);
        } else {
            self.peer_gone(now, cause);
        }
    }

    /// The other is gone and we are alone.
    pub(super) fn peer_gone(&mut self, now: Instant, cause: LeaveCause) {
        if self.is_named() {
            // Nobody else will ever come to this room.
            return self.end(now, cause.into());
        }
        if self.cast_over(now, cause) {
            return;
        }
        let lasted = self.lasted(now);
        let peer = self.state.peer().cloned();
        self.forget_remote();
        let alone = match (lasted, peer) {
            (Some(lasted), Some(peer)) => CallState::PeerLeft {
                peer,
                cause,
                since: now,
                lasted,
            },
            (Some(_) | None, Some(_) | None) => CallState::WaitingForPeer {
                room_id: self.room_id(),
                since: now,
            },
        };
        self.set_state(alone);
        if !self.server.is_joined() {
            self.wait_for_server(now);
        }
    }
}
