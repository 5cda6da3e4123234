//! `accept`, `decline`, `cancel`: the first of them, of a break and of the time-out decides, and whoever
//! comes later is told `unavailable`.

use std::time::Instant;

use duet_protocol::ServerMessage;

use super::Exchange;
use crate::directory::Stage;
use crate::rooms::ConnectionId;

/// What somebody is in a call that they name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The one who called; it rings.
    Calling,
    /// The one who is called; it rings.
    Called,
    /// The one who was called and has accepted.
    HasAccepted,
    /// Nothing (any more). Strangers learn no more than late-comers.
    None,
}

impl Exchange {
    pub(super) fn accept(&mut self, now: Instant, id: ConnectionId, call_id: String) {
        match self.role(id, &call_id) {
            Role::Called => self.open(now, &call_id),
            // Said twice is said once.
            Role::HasAccepted => {}
            Role::Calling | Role::None => self.too_late(id, call_id),
        }
    }

    pub(super) fn decline(&mut self, now: Instant, id: ConnectionId, call_id: String) {
        match self.role(id, &call_id) {
            Role::Called => {
                if let Some(call) = self.end_call(now, &call_id) {
                    self.tell(&call.caller.uid, ServerMessage::Decline { call_id });
                }
            }
            Role::HasAccepted | Role::Calling | Role::None => self.too_late(id, call_id),
        }
    }

    pub(super) fn cancel(&mut self, now: Instant, id: ConnectionId, call_id: String) {
        match self.role(id, &call_id) {
            Role::Calling => {
                if let Some(call) = self.end_call(now, &call_id) {
                    self.tell(&call.callee, ServerMessage::Cancel { call_id });
                }
            }
            Role::HasAccepted | Role::Called | Role::None => self.too_late(id, call_id),
        }
    }

    fn role(&self, id: ConnectionId, call_id: &str) -> Role {
        let (Some(uid), Some(call)) = (self.rooms.uid_of(id), self.directory.calls.get(call_id))
        else {
            return Role::None;
        };
        match call.stage {
            Stage::Ringing if call.callee == uid => Role::Called,
            Stage::Ringing if call.caller.uid == uid => Role::Calling,
            Stage::Accepted { .. } if call.callee == uid => Role::HasAccepted,
            Stage::Ringing | Stage::Accepted { .. } => Role::None,
        }
    }

    fn too_late(&mut self, id: ConnectionId, call_id: String) {
        self.rooms.send(id, ServerMessage::Unavailable { call_id });
    }
}
