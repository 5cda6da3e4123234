//! Who may speak here at all, on a closed server.
//!
//! Judged before anything else, so that the answer says nothing about rooms, uids and names. Only the
//! messages that bind a uid are judged: without one, a connection gets nothing from any other.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use duet_protocol::{ClientMessage, ErrorCode};

use super::Exchange;
use crate::access::{AccessKeys, Asked, Grant};
use crate::rooms::ConnectionId;

impl Exchange {
    /// From now on only those are admitted who have a token of these keys.
    pub fn close_with(&mut self, keys: AccessKeys) {
        self.access = Some(keys);
    }

    /// Whether the message may be handled. A name in the token goes before the one in the message.
    pub(super) fn admits(
        &mut self,
        now: Instant,
        wall: SystemTime,
        id: ConnectionId,
        message: &mut ClientMessage,
    ) -> bool {
        let Some(keys) = &self.access else {
            return true;
        };
        let (asked, token) = match &*message {
            ClientMessage::Join { room_id, token, .. } => (Asked::Join(room_id), token),
            ClientMessage::Login { token, .. } => (Asked::Login, token),
            ClientMessage::CastOpen { token, .. } => (Asked::CastOpen, token),
            ClientMessage::CastJoin { token, .. } => (Asked::CastJoin, token),
            ClientMessage::Offer(_)
            | ClientMessage::Answer(_)
            | ClientMessage::Candidate(_)
            | ClientMessage::MediaState { .. }
            | ClientMessage::Leave { .. }
            | ClientMessage::Logout
            | ClientMessage::Call { .. }
            | ClientMessage::Accept { .. }
            | ClientMessage::Decline { .. }
            | ClientMessage::Cancel { .. }
            | ClientMessage::Message(_)
            | ClientMessage::IceServers
            | ClientMessage::Keepalive => return true,
        };
        let now_s = wall
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs());
        let presented = token.as_ref().and_then(|token| keys.open(token, now_s));
        let held = presented.or_else(|| self.grants.get(&id).cloned());
        if let Some(grant) = held.filter(|grant| grant.covers(asked)) {
            set_name(message, &grant);
            self.grants.insert(id, grant);
            return true;
        }
        // Who was admitted once may come back to what is kept, also after the token's last second:
        // a broken connection ends no call.
        if self.rooms.is_return(message)
            || self.is_login_return(message)
            || self.is_cast_return(message)
        {
            return true;
        }
        let command = message.command();
        let code = match self.rooms.may_try(now, id) {
            true => ErrorCode::NotAllowed,
            false => ErrorCode::RateLimited,
        };
        self.rooms.note_failure(now, id);
        self.rooms.refuse(id, command, code);
        false
    }

    fn is_cast_return(&self, message: &ClientMessage) -> bool {
        match message {
            ClientMessage::CastOpen {
                uid, resume_token, ..
            } => self.is_cast_proven(uid, resume_token.as_deref()),
            _ => false,
        }
    }

    fn is_login_return(&self, message: &ClientMessage) -> bool {
        match message {
            ClientMessage::Login {
                uid, resume_token, ..
            } => self.is_login_proven(uid, resume_token.as_deref()),
            _ => false,
        }
    }
}

fn set_name(message: &mut ClientMessage, grant: &Grant) {
    let Some(granted) = &grant.name else {
        return;
    };
    match message {
        ClientMessage::Join { name, .. } => *name = Some(granted.clone()),
        ClientMessage::CastOpen { name, .. } | ClientMessage::CastJoin { name, .. } => {
            *name = Some(granted.clone());
        }
        ClientMessage::Login { name, .. } => name.clone_from(granted),
        _ => {}
    }
}
