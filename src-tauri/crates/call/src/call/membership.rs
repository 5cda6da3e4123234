//! The room as the server tells of it: our place, the other's coming and going, breaks.
//!
//! Losing the server never ends a call whose media flows. After a return the server introduces the
//! other again (`new-peer` or `resp-join`); for a uid whose PeerConnection lives that starts no new
//! offer, but what may have been lost is sent again. The introduction also sets the roles anew
//! (both sides hear matching words), so that two sides can never both be impolite for long.

use std::time::Instant;

use duet_protocol::{ErrorCode, RoomId, ServerMessage};

use super::Call;
use crate::output::Output;
use crate::remote::{Presence, Remote};
use crate::state::{
    CallState, FailureCause, LeaveCause, ReconnectCause, RemotePeer, ServerProblem,
};
use crate::timing::{NEGOTIATION_TIMEOUT, RECONNECT_TIMEOUT};

impl Call {
    pub(super) fn message(&mut self, now: Instant, message: ServerMessage) {
        if self.server.is_leaving() {
            if is_answer_to_leave(&message) {
                self.server.confirmed_leave();
                self.resume_token = None;
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
                role: _,
            } => {
                if uid == self.uid && self.is_our_room(&room_id) {
                    self.ice_servers = ice_servers;
                    self.resume_token = resume_token;
                    self.joined(now, resumed && user_num <= 1);
                }
            }
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
            // A call by name has a machine of its own; this one begins in the room.
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
            | ServerMessage::CastCode { .. }
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
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => {}
        }
    }

    /// The server names the other. The one already there (`polite` false) makes the first offer.
    fn introduced(&mut self, now: Instant, uid: String, name: Option<String>, polite: bool) {
        if !self.server.is_joined() || uid == self.uid {
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
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => {}
        }
    }

    fn refused(&mut self, now: Instant, code: ErrorCode, reference: Option<&str>) {
        if self.server.is_joined() || reference.is_some_and(|command| command != "join") {
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
