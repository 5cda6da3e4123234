//! What a client knows that believes what the server tells it.

use duet_protocol::ServerMessage;

/// A connection as its client knows it.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    /// The bound uid.
    pub(super) uid: Option<String>,
    /// Whom it was told of, and whether they are away.
    pub(super) other: Option<(String, bool)>,
}

/// What a client that believes the server knows after this message.
pub(super) fn note(view: &mut View, message: &ServerMessage) {
    match message {
        ServerMessage::Joined { resumed: true, .. } => view.other = None,
        ServerMessage::RespJoin { remote_uid, .. } | ServerMessage::NewPeer { remote_uid, .. } => {
            view.other = Some((remote_uid.clone(), false));
        }
        ServerMessage::PeerAway { remote_uid } => view.other = Some((remote_uid.clone(), true)),
        ServerMessage::PeerBack { remote_uid } => {
            assert_eq!(
                view.other,
                Some((remote_uid.clone(), true)),
                "back without away"
            );
            view.other = Some((remote_uid.clone(), false));
        }
        ServerMessage::PeerLeave { remote_uid, .. } => {
            let other = view.other.take().map(|(uid, _)| uid);
            assert_eq!(other.as_ref(), Some(remote_uid), "a stranger left");
        }
        ServerMessage::Joined { .. }
        | ServerMessage::Full { .. }
        | ServerMessage::Offer(_)
        | ServerMessage::Answer(_)
        | ServerMessage::Candidate(_)
        | ServerMessage::MediaState { .. }
        | ServerMessage::Leaved { .. }
        | ServerMessage::Login(_)
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
        | ServerMessage::IceServers { .. }
        | ServerMessage::Keepalive
        | ServerMessage::Error { .. } => {}
    }
}
