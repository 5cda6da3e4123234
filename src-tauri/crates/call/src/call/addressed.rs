//! Which part of the call a message of the server is for: the directory, or the room.

use std::time::Instant;

use duet_protocol::ServerMessage;

use super::Call;
use crate::named::{RingEnd, UnansweredCause};
use crate::output::Output;
use crate::state::RemotePeer;
use crate::text::{ReceivedText, TextEvent};

impl Call {
    /// Takes what is not about the room; gives back what is.
    pub(super) fn directory_message(
        &mut self,
        now: Instant,
        message: ServerMessage,
    ) -> Option<ServerMessage> {
        match message {
            ServerMessage::Login(answer) => self.login_answered(now, answer),
            ServerMessage::Presence(presence) => self.presence(presence),
            ServerMessage::Ringing { call_id, room_id } => self.ringing(now, call_id, room_id),
            ServerMessage::Ring {
                call_id,
                room_id,
                from,
                media,
            } => self.ring(now, call_id, room_id, from, media),
            ServerMessage::Accept { call_id } => self.call_accepted(now, &call_id),
            ServerMessage::Decline { call_id } => {
                self.call_ended(now, &call_id, UnansweredCause::Declined);
            }
            ServerMessage::Busy { call_id } => {
                self.call_ended(now, &call_id, UnansweredCause::Busy);
            }
            ServerMessage::NoAnswer { call_id } => {
                self.call_ended(now, &call_id, UnansweredCause::NoAnswer);
            }
            ServerMessage::Unavailable { call_id } => self.unavailable(now, &call_id),
            ServerMessage::Cancel { call_id } => {
                self.ring_over(now, &call_id, RingEnd::Cancelled);
            }
            ServerMessage::Missed { call_id, from: _ } => {
                self.ring_over(now, &call_id, RingEnd::Missed);
            }
            ServerMessage::Message {
                from,
                name,
                content,
                id,
                time,
            } => self.push(Output::Text(TextEvent::Received(ReceivedText {
                from: RemotePeer { uid: from, name },
                content,
                id,
                time,
            }))),
            ServerMessage::Delivered { id, time } => self.text_delivered(id, time),
            ServerMessage::IceServers { ice_servers } => self.take_ice_servers(now, ice_servers),
            ServerMessage::Error {
                code,
                message,
                reference,
                id,
            } => match reference.as_deref() {
                Some("login") => self.login_failed(now, code),
                Some("call") => self.call_failed(now, code),
                Some("message") => self.text_refused(code, id),
                Some("logout" | "accept" | "decline" | "cancel" | "ice-servers") => {
                    tracing::debug!(?code, "a word to the directory was refused");
                }
                Some(_) | None => {
                    return Some(ServerMessage::Error {
                        code,
                        message,
                        reference,
                        id,
                    });
                }
            },
            ServerMessage::Joined { .. }
            | ServerMessage::RespJoin { .. }
            | ServerMessage::NewPeer { .. }
            | ServerMessage::CastCode { .. }
            | ServerMessage::Full { .. }
            | ServerMessage::Offer(_)
            | ServerMessage::Answer(_)
            | ServerMessage::Candidate(_)
            | ServerMessage::MediaState { .. }
            | ServerMessage::Leaved { .. }
            | ServerMessage::PeerLeave { .. }
            | ServerMessage::PeerAway { .. }
            | ServerMessage::PeerBack { .. }
            | ServerMessage::Keepalive => return Some(message),
        }
        None
    }
}
