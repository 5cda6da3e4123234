//! The room as the server tells of it: our place, the other's coming and going, breaks.
//!
//! Losing the server never ends a call whose media flows. After a return the server introduces the
//! other again (`new-peer` or `resp-join`); for a uid whose PeerConnection lives that starts no new
//! offer, but what may have been lost is sent again. The introduction also sets the roles anew
//! (both sides hear matching words), so that two sides can never both be impolite for long.

use std::time::Instant;

use duet_protocol::limits::CALL_ENTRY_TIMEOUT;
use duet_protocol::{ErrorCode, RoomId, ServerMessage};

use super::Call;
use crate::output::Output;
use crate::remote::{Presence, Remote};
use crate::state::{
    CallState, FailureCause, LeaveCause, ReconnectCause, RemotePeer, ServerProblem,
};
use crate::timing::{CALL_GRACE, NEGOTIATION_TIMEOUT, RECONNECT_TIMEOUT};

impl Call {
    pub(super) fn message(&mut self, now: Instant, message: ServerMessage) {
        let Some(message) = self.directory_message(now, message) else {
            return;
        };
        if self.server.is_leaving() {
            if is_answer_to_leave(&message) {
                self.server.confirmed_leave();
                self.resume_token = None;
            }
            if let ServerMessage::Joined {
                room_id,
                role: Some(_),
                ..
            } = message
            {
                self.refuse_seat(room_id);
            }
            return;
        }
        match message {
            ServerMessage::Joined {
                room_id,
                uid,
                user_num,
                ice_servers,
                resume_token,
                resumed,
                role,
            } => {
                self.take_seat(&room_id, role);
                if uid == self.uid && self.is_our_room(&room_id) {
                    self.take_ice_servers(now, ice_servers);
                    self.resume_token = resume_token;
                    self.joined(now, resumed && user_num <= 1);
                }
            }
            ServerMessage::CastCode {
                code,
                room_id,
                expires_in,
                resume_token: _,
            } => self.cast_code(now, code, room_id, expires_in),
            ServerMessage::RespJoin { remote_uid, name } => {
                self.introduced(now, remote_uid, name, true);
            }
            ServerMessage::NewPeer { remote_uid, name } => {
                self.introduced(now, remote_uid, name, false);
            }
            ServerMessage::Full { room_id, .. } => self.full(now, &room_id),
            ServerMessage::Offer(forward) => self.offer(now, forward),
            ServerMessage::Answer(forward) => self.answer(now, forward),
            ServerMessage::Candidate(forward) => self.candidate(forward),
            ServerMessage::MediaState {
                uid, audio, video, ..
            } => {
                if self.is_remote(&uid) {
                    self.push(Output::RemoteMedia { audio, video });
                }
            }
            ServerMessage::Leaved { .. } | ServerMessage::Keepalive => {}
            // Taken before.
            ServerMessage::Login(_)
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
            | ServerMessage::IceServers { .. } => {}
            ServerMessage::PeerLeave { remote_uid, reason } => {
                if self.is_remote(&remote_uid) {
                    self.peer_leave(now, reason.into());
                }
            }
            ServerMessage::PeerAway { remote_uid } => {
                if self.is_remote(&remote_uid) {
                    self.set_presence(Presence::Away);
                }
            }
            ServerMessage::PeerBack { remote_uid } => {
                if self.is_remote(&remote_uid) {
                    self.set_presence(Presence::Here);
                    self.reachable_again(now);
                }
            }
            ServerMessage::Error {
                code, reference, ..
            } => self.refused(now, code, reference.as_deref()),
        }
    }

    pub(super) fn is_remote(&self, uid: &str) -> bool {
        self.remote
            .as_ref()
            .is_some_and(|remote| remote.peer.uid == uid)
    }

    /// The server compares canonically and echoes our spelling; so do we.
    pub(super) fn is_our_room(&self, room_id: &str) -> bool {
        let Some(place) = &self.place else {
            return false;
        };
        let canonical = |text: &str| RoomId::parse(text).ok().map(|room| room.canonical());
        place.room_id == room_id || canonical(&place.room_id) == canonical(room_id)
    }

    fn set_presence(&mut self, presence: Presence) {
        if let Some(remote) = &mut self.remote {
            remote.presence = presence;
        }
    }

    fn joined(&mut self, now: Instant, other_is_gone: bool) {
        match &self.state {
            CallState::Joining { since, .. } if self.is_named() => {
                let since = *since;
                self.server.joined();
                self.set_state(CallState::Joining {
                    room_id: self.room_id(),
                    since,
                    deadline: now + CALL_ENTRY_TIMEOUT + CALL_GRACE,
                    problem: None,
                });
            }
            CallState::Joining { .. } | CallState::Reconnecting { peer: None, .. } => {
                self.server.joined();
                self.set_state(CallState::WaitingForPeer {
                    room_id: self.room_id(),
                    since: now,
                });
            }
            CallState::WaitingForPeer { .. } | CallState::PeerLeft { .. } => self.server.joined(),
            CallState::Negotiating { .. }
            | CallState::Connected { .. }
            | CallState::Reconnecting { peer: Some(_), .. } => {
                self.server.joined();
                // Who else is there is told next, if anybody is.
                self.set_presence(Presence::Unknown);
                if other_is_gone {
                    self.peer_leave(now, LeaveCause::Lost);
                }
            }
            CallState::Idle
            | CallState::Calling { .. }
            | CallState::Unanswered { .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => {}
        }
    }

    /// The server names the other. The one already there (`polite` false) makes the first offer.
    fn introduced(&mut self, now: Instant, uid: String, name: Option<String>, polite: bool) {
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

    fn is_named(&self) -> bool {
        self.place
            .as_ref()
            .is_some_and(|place| place.named.is_some())
    }

    fn full(&mut self, now: Instant, room_id: &str) {
        if self.server.is_joined() || !self.is_our_room(room_id) {
            return;
        }
        match &self.state {
            CallState::Joining { .. }
            | CallState::WaitingForPeer { .. }
            | CallState::Negotiating { .. }
            | CallState::Reconnecting { .. }
            | CallState::PeerLeft { .. } => {
                self.forget_remote();
                self.set_state(CallState::Full {
                    room_id: self.room_id(),
                    since: now,
                });
            }
            // Media flows; the place was lost in a restart of the server. `Retry` asks again.
            CallState::Connected { .. } => {}
            CallState::Idle
            | CallState::Calling { .. }
            | CallState::Unanswered { .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => {}
        }
    }

    fn refused(&mut self, now: Instant, code: ErrorCode, reference: Option<&str>) {
        let is_ours =
            reference.is_none_or(|command| command == "join") || self.is_cast_refusal(reference);
        if self.server.is_joined() || !is_ours {
            return;
        }
        if code == ErrorCode::ServerDraining {
            return;
        }
        match &self.state {
            CallState::Joining { .. }
            | CallState::WaitingForPeer { .. }
            | CallState::PeerLeft { .. }
            | CallState::Reconnecting { peer: None, .. } => {
                self.server.refused();
                self.forget_remote();
                self.set_state(CallState::Failed {
                    room_id: self.room_id(),
                    cause: FailureCause::Refused(code),
                    since: now,
                    lasted: self.lasted(now),
                });
            }
            CallState::Idle
            | CallState::Calling { .. }
            | CallState::Unanswered { .. }
            | CallState::Negotiating { .. }
            | CallState::Connected { .. }
            | CallState::Reconnecting { peer: Some(_), .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => {}
        }
    }

    /// The other holds no place any more. If only their connection to the server broke and media
    /// flows, the call goes on without one.
    fn peer_leave(&mut self, now: Instant, cause: LeaveCause) {
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

    pub(super) fn signaling_lost(&mut self, now: Instant, lost_by: ServerProblem) {
        self.server.lost();
        self.listing_lost();
        self.named_calls_lost(now);
        match &mut self.state {
            CallState::Joining { problem, .. } => {
                if *problem != Some(lost_by) {
                    *problem = Some(lost_by);
                    let state = self.state.clone();
                    self.push(Output::StateChanged(state));
                }
            }
            CallState::WaitingForPeer { .. } | CallState::PeerLeft { .. } => {
                self.wait_for_server(now);
            }
            CallState::Idle
            | CallState::Calling { .. }
            | CallState::Unanswered { .. }
            | CallState::Negotiating { .. }
            | CallState::Connected { .. }
            | CallState::Reconnecting { .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => {}
        }
    }

    fn wait_for_server(&mut self, now: Instant) {
        self.set_state(CallState::Reconnecting {
            peer: None,
            since: now,
            deadline: now + RECONNECT_TIMEOUT,
            connected_since: None,
            cause: ReconnectCause::Server,
        });
    }

    pub(super) fn signaling_failed(&mut self, now: Instant, problem: ServerProblem) {
        self.server.lost();
        self.listing_lost();
        self.named_calls_lost(now);
        let ends_call = match &self.state {
            CallState::Joining { .. }
            | CallState::WaitingForPeer { .. }
            | CallState::PeerLeft { .. }
            | CallState::Reconnecting { peer: None, .. } => true,
            // The same session goes on elsewhere: media must not flow in two places.
            CallState::Negotiating { .. }
            | CallState::Connected { .. }
            | CallState::Reconnecting { peer: Some(_), .. } => problem == ServerProblem::REPLACED,
            CallState::Idle
            | CallState::Calling { .. }
            | CallState::Unanswered { .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => false,
        };
        if ends_call {
            self.fail(now, FailureCause::Server(problem));
        }
    }
}

fn is_answer_to_leave(message: &ServerMessage) -> bool {
    let is_refusal = matches!(
        message,
        ServerMessage::Error { reference: Some(command), .. } if command == "leave"
    );
    is_refusal || matches!(message, ServerMessage::Leaved { .. })
}
