//! The call as the page shows it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::people::{CallMedia, UnansweredReason};

/// The call, one variant for each state of the machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export, export_to = "view.ts")]
pub enum CallView {
    /// No call.
    Idle,
    /// We call somebody; nothing but the call itself was sent.
    Calling {
        /// Whom.
        name: String,
        /// With a picture or without.
        media: CallMedia,
        /// Since when it rings there; null before it does.
        ringing_since_ms: Option<i64>,
    },
    /// A call by name that did not come about.
    Unanswered {
        /// Whom we called.
        name: String,
        /// For a text instead; null when they could not get one either.
        uid: Option<String>,
        /// With a picture or without.
        media: CallMedia,
        /// Why.
        reason: UnansweredReason,
    },
    /// Asking the server for a place.
    Joining {
        /// The room.
        room_id: String,
    },
    /// In the room, alone.
    WaitingForPeer {
        /// The room.
        room_id: String,
        /// What to send to the other person.
        invite_url: String,
    },
    /// Both are there; the connection is being made.
    Negotiating {
        /// The room.
        room_id: String,
        /// The other person.
        peer: PeerView,
    },
    /// They see and hear each other.
    Connected {
        /// The room.
        room_id: String,
        /// The other person.
        peer: PeerView,
        /// When the call connected first.
        since_ms: i64,
        /// The way the media takes.
        path: CallPath,
        /// How well it goes; null while not known.
        quality: Option<Quality>,
    },
    /// The connection broke and is being mended.
    Reconnecting {
        /// The room.
        room_id: String,
        /// The other person.
        peer: PeerView,
        /// When the call connected first.
        since_ms: i64,
        /// When it broke.
        lost_ms: i64,
        /// When Duet gives up.
        deadline_ms: i64,
        /// Why.
        cause: ReconnectCause,
    },
    /// The other has gone; the room is still ours.
    PeerLeft {
        /// The room.
        room_id: String,
        /// The other person.
        peer: PeerView,
        /// How they went.
        reason: PeerLeftReason,
        /// How long the call lasted, when there was one.
        duration_ms: Option<i64>,
        /// What to send to the other person.
        invite_url: String,
    },
    /// Two are in the room already.
    Full {
        /// The room.
        room_id: String,
    },
    /// The call could not start or could not go on.
    Failed {
        /// The room.
        room_id: String,
        /// Why.
        failure: Failure,
    },
    /// We left.
    Left {
        /// The room.
        room_id: String,
        /// With whom we were.
        peer_name: Option<String>,
        /// How long the call lasted, when there was one.
        duration_ms: Option<i64>,
        /// Who ended it.
        ended_by: EndedBy,
        /// A call by name: it is called again, not joined again.
        by_name: bool,
    },
}

/// The other person: their name (null when they gave none) and what they say they send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct PeerView {
    /// Their name.
    pub name: Option<String>,
    /// Their microphone.
    pub audio: RemoteAudio,
    /// Their camera.
    pub video: RemoteVideo,
    /// Their camera comes beside their screen, as a picture of its own.
    pub tile: bool,
}

/// The other's microphone, as they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum RemoteAudio {
    /// Sending.
    On,
    /// There, but muted.
    Muted,
    /// No microphone.
    None,
}

/// The other's camera, as they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum RemoteVideo {
    /// Sending.
    On,
    /// Turned off.
    Off,
    /// The device failed.
    Lost,
    /// A screen instead.
    Screen,
}

/// The way the media takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum CallPath {
    /// Not known yet.
    Unknown,
    /// Inside one network.
    Local,
    /// Across networks, without a relay.
    Direct,
    /// Through a relay.
    Relay,
}

/// How well the call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum Quality {
    /// Nothing to notice.
    Excellent,
    /// Hardly anything to notice.
    Good,
    /// Sometimes disturbed.
    Fair,
    /// Often disturbed.
    Poor,
}

/// Why the connection broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum ReconnectCause {
    /// The network changed.
    NetworkChanged,
    /// Nothing arrives.
    NoPackets,
    /// The other lost the server too.
    PeerAway,
    /// The server is out of reach.
    ServerLost,
}

/// How the other went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum PeerLeftReason {
    /// By leaving.
    Left,
    /// Their connection did not come back.
    Lost,
}

/// Why a call could not start or could not go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(
    tag = "code",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export, export_to = "view.ts")]
pub enum Failure {
    /// The server does not answer.
    ServerUnreachable {
        /// Its host.
        host: String,
    },
    /// Nobody known vouches for the server.
    UntrustedCertificate {
        /// Its host.
        host: String,
        /// Its certificate.
        sha256_fingerprint: String,
    },
    /// No path between the two was found.
    ConnectionFailed,
    /// The other's certificate is not the one announced: somebody may stand between.
    WrongCertificate,
    /// Only relays may be used, and none is known.
    NoRelay,
    /// The connection could not be mended in time.
    ReconnectTimedOut,
    /// The server refused.
    Refused {
        /// The server's code.
        server_code: String,
        /// The server, for people.
        host: String,
    },
    /// The same person joined from elsewhere.
    Replaced,
    /// A fault of Duet.
    Internal,
}

/// Who ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum EndedBy {
    /// We left.
    Us,
    /// They left.
    Peer,
    /// Their connection did not come back.
    PeerLost,
}
