//! The room as the server tells of it: what each message is for, and our place.

use std::time::Instant;

use duet_protocol::limits::CALL_ENTRY_TIMEOUT;
use duet_protocol::{ErrorCode, RoomId, ServerMessage};

use super::Call;
use crate::output::Output;
use crate::remote::Presence;
use crate::state::{CallState, FailureCause, LeaveCause};
use crate::timing::CALL_GRACE;

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

    /// The server compares canonically and echoes our spelling; so do we.
    pub(super) fn is_our_room(&self, room_id: &str) -> bool {
        let Some(place) = &self.place else {
            return false;
        };
        let canonical = |text: &str| RoomId::parse(text).ok().map(|room| room.canonical());
        place.room_id == room_id || canonical(&place.room_id) == canonical(room_id)
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
        let is_entering = matches!(
            self.state,
            CallState::Joining { .. } | CallState::Reconnecting { peer: None, .. }
        );
        if is_entering && self.postpone_code(now, code) {
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
}

fn is_answer_to_leave(message: &ServerMessage) -> bool {
    let is_refusal = matches!(
        message,
        ServerMessage::Error { reference: Some(command), .. } if command == "leave"
    );
    is_refusal || matches!(message, ServerMessage::Leaved { .. })
}
