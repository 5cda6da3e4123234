//! Passing on what two members say to each other. What leaves here carries the bound uid.

use duet_protocol::limits::MAX_CANDIDATES_PER_NEGOTIATION;
use duet_protocol::{ClientMessage, ErrorCode, Forward, ServerMessage};

use super::room::Room;
use super::{ConnectionId, Rooms};

impl Rooms {
    pub(super) fn forward(&mut self, id: ConnectionId, message: ClientMessage) {
        let reference = message.command();
        let (room_id, uid, remote_uid) = match addressing(&message) {
            Some(addressing) => addressing,
            None => return,
        };
        let key = match self.check_membership(id, room_id, uid) {
            Ok(key) => key,
            Err(code) => return self.refuse(id, reference, code),
        };
        let Some(room) = self.rooms.get_mut(&key) else {
            return;
        };
        let (to, spelled_room_id) = match receiver(room, uid, remote_uid) {
            Ok(receiver) => receiver,
            Err(code) => return self.refuse(id, reference, code),
        };
        if !spend_candidate(room, uid, &message) {
            return;
        }
        if let Some(forwarded) = for_receiver(message, spelled_room_id) {
            self.send(to, forwarded);
        }
    }
}

/// `roomId`, `uid` and `remoteUid`; none for messages that go to nobody else.
fn addressing(message: &ClientMessage) -> Option<(&str, &str, &str)> {
    match message {
        ClientMessage::Offer(forward)
        | ClientMessage::Answer(forward)
        | ClientMessage::Candidate(forward) => {
            Some((&forward.room_id, &forward.uid, &forward.remote_uid))
        }
        ClientMessage::MediaState {
            room_id,
            uid,
            remote_uid,
            ..
        } => Some((room_id, uid, remote_uid)),
        ClientMessage::Join { .. }
        | ClientMessage::Leave { .. }
        | ClientMessage::Login { .. }
        | ClientMessage::Logout
        | ClientMessage::Call { .. }
        | ClientMessage::Accept { .. }
        | ClientMessage::Decline { .. }
        | ClientMessage::Cancel { .. }
        | ClientMessage::CastOpen { .. }
        | ClientMessage::CastJoin { .. }
        | ClientMessage::Message(_)
        | ClientMessage::IceServers
        | ClientMessage::Keepalive => None,
    }
}

/// The connection of the other member and its spelling of the room id.
fn receiver(room: &Room, uid: &str, remote_uid: &str) -> Result<(ConnectionId, String), ErrorCode> {
    let other = room
        .other(uid)
        .filter(|other| *other.uid == *remote_uid)
        .ok_or(ErrorCode::NoSuchPeer)?;
    let connection = other.connection().ok_or(ErrorCode::Unavailable)?;
    Ok((connection, other.room_id.to_string()))
}

/// Counts candidates; false when this one is over the limit. A description of the sender's own
/// starts the next negotiation.
fn spend_candidate(room: &mut Room, uid: &str, message: &ClientMessage) -> bool {
    let Some(sender) = room.member_mut(uid) else {
        return false;
    };
    match message {
        ClientMessage::Offer(_) | ClientMessage::Answer(_) => sender.candidates = 0,
        ClientMessage::Candidate(_) => sender.candidates = sender.candidates.saturating_add(1),
        ClientMessage::MediaState { .. }
        | ClientMessage::Join { .. }
        | ClientMessage::Leave { .. }
        | ClientMessage::Login { .. }
        | ClientMessage::Logout
        | ClientMessage::Call { .. }
        | ClientMessage::Accept { .. }
        | ClientMessage::Decline { .. }
        | ClientMessage::Cancel { .. }
        | ClientMessage::CastOpen { .. }
        | ClientMessage::CastJoin { .. }
        | ClientMessage::Message(_)
        | ClientMessage::IceServers
        | ClientMessage::Keepalive => {}
    }
    sender.candidates <= MAX_CANDIDATES_PER_NEGOTIATION
        || !matches!(message, ClientMessage::Candidate(_))
}

/// The same message for the other side. The uid in it was compared with the bound one before.
fn for_receiver(message: ClientMessage, room_id: String) -> Option<ServerMessage> {
    let readdressed = |forward: Forward, room_id: String| Forward { room_id, ..forward };
    match message {
        ClientMessage::Offer(forward) => Some(ServerMessage::Offer(readdressed(forward, room_id))),
        ClientMessage::Answer(forward) => {
            Some(ServerMessage::Answer(readdressed(forward, room_id)))
        }
        ClientMessage::Candidate(forward) => {
            Some(ServerMessage::Candidate(readdressed(forward, room_id)))
        }
        ClientMessage::MediaState {
            room_id: _,
            uid,
            remote_uid,
            audio,
            video,
        } => Some(ServerMessage::MediaState {
            room_id,
            uid,
            remote_uid,
            audio,
            video,
        }),
        ClientMessage::Join { .. }
        | ClientMessage::Leave { .. }
        | ClientMessage::Login { .. }
        | ClientMessage::Logout
        | ClientMessage::Call { .. }
        | ClientMessage::Accept { .. }
        | ClientMessage::Decline { .. }
        | ClientMessage::Cancel { .. }
        | ClientMessage::CastOpen { .. }
        | ClientMessage::CastJoin { .. }
        | ClientMessage::Message(_)
        | ClientMessage::IceServers
        | ClientMessage::Keepalive => None,
    }
}
