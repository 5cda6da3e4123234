//! One enum for each direction; `cmd` names the variant on the wire.

use serde::{Deserialize, Serialize};

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "cmd",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum ClientMessage {
    /// Take one of the two places of a room.
    Join {
        /// The room, 1–64 characters.
        room_id: String,
        /// The client's id for this session, bound to the connection by the first join.
        uid: String,
        /// The name the other person sees.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Keep the place for 120 s when the connection breaks.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        resume: bool,
        /// Proof that a kept place is ours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume_token: Option<String>,
        /// Admission to a closed server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// A session description offered; `msg` is its JSON.
    Offer(Forward),
    /// The answer to an offer; `msg` is its JSON.
    Answer(Forward),
    /// An ICE candidate; `msg` is its JSON, empty or `null` at the end of the list.
    Candidate(Forward),
    /// A hint for the other's screen: which media we send. It commands nothing.
    MediaState {
        /// The room.
        room_id: String,
        /// The sender.
        uid: String,
        /// The receiver.
        remote_uid: String,
        /// The microphone.
        audio: AudioState,
        /// The camera.
        video: VideoState,
    },
    /// Give the place up.
    Leave {
        /// The room.
        room_id: String,
        /// The leaver.
        uid: String,
    },
    /// Answered with the same.
    #[serde(alias = "keeplive")]
    Keepalive,
}

/// The fields of `offer`, `answer` and `candidate`, the same in both directions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Forward {
    /// The room both are in.
    pub room_id: String,
    /// The sender; the server puts the bound uid here, never the claimed one.
    pub uid: String,
    /// The receiver.
    pub remote_uid: String,
    /// The JSON of the session description or candidate.
    #[serde(deserialize_with = "crate::wire::null_as_empty")]
    pub msg: String,
    /// New for each PeerConnection; plain clients send none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

/// What the server sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "cmd",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum ServerMessage {
    /// The first answer to a successful join.
    Joined {
        /// The room.
        room_id: String,
        /// The bound uid.
        uid: String,
        /// People in the room, the joiner included: 1 or 2.
        user_num: u8,
        /// STUN and TURN servers, in the browser's form.
        #[serde(default)]
        ice_servers: Vec<IceServer>,
        /// Proof for coming back to this place; our server puts a fresh one into each `joined`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume_token: Option<String>,
        /// Whether a kept place was taken back.
        #[serde(default)]
        resumed: bool,
    },
    /// To the joiner: somebody is already there.
    RespJoin {
        /// The one already there.
        remote_uid: String,
        /// Their name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// To the one already there, who makes the first offer.
    NewPeer {
        /// The joiner.
        remote_uid: String,
        /// Their name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Two are in, or kept for; the joiner holds no place.
    Full {
        /// The room.
        room_id: String,
        /// Places taken.
        user_num: u8,
    },
    /// Forwarded from the other.
    Offer(Forward),
    /// Forwarded from the other.
    Answer(Forward),
    /// Forwarded from the other.
    Candidate(Forward),
    /// Forwarded from the other.
    MediaState {
        /// The room.
        room_id: String,
        /// The sender.
        uid: String,
        /// The receiver.
        remote_uid: String,
        /// The microphone.
        audio: AudioState,
        /// The camera.
        video: VideoState,
    },
    /// Our leave is confirmed.
    Leaved {
        /// The room.
        room_id: String,
    },
    /// The other's place is free again.
    PeerLeave {
        /// Who left.
        remote_uid: String,
        /// How.
        reason: LeaveReason,
    },
    /// The other's connection broke; the place is kept.
    PeerAway {
        /// Who is away.
        remote_uid: String,
    },
    /// The other is back in the kept place.
    PeerBack {
        /// Who is back.
        remote_uid: String,
    },
    /// The answer to a keepalive.
    #[serde(alias = "keeplive")]
    Keepalive,
    /// Something was refused.
    Error {
        /// For programs.
        code: ErrorCode,
        /// For a person.
        message: String,
        /// The `cmd` it answers, shortened to 64 characters.
        #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
    },
}

/// A microphone as the other person is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AudioState {
    /// Sending.
    On,
    /// There, but muted.
    Muted,
    /// No microphone.
    None,
}

/// A camera as the other person is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VideoState {
    /// Sending.
    On,
    /// Turned off by the person.
    Off,
    /// The device failed or was unplugged.
    Lost,
    /// A screen instead of the camera.
    Screen,
}

/// Why the other's place became free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeaveReason {
    /// They left.
    Left,
    /// Their connection broke and did not come back; also any reason of a newer server.
    #[serde(other)]
    Lost,
}

/// A STUN or TURN server in the form of the browser's `RTCIceServer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IceServer {
    /// `stun:` and `turn:` addresses; one alone may stand without its list.
    #[serde(deserialize_with = "crate::wire::one_or_many")]
    pub urls: Vec<String>,
    /// TURN user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// TURN password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// Why something was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// No message has this `cmd`.
    UnknownCommand,
    /// Not JSON, a field missing, wrong or out of bounds.
    BadMessage,
    /// Another uid than the bound one.
    UidMismatch,
    /// The uid belongs to another session.
    UidTaken,
    /// Leave the room first.
    AlreadyInRoom,
    /// Only members may do this.
    NotInRoom,
    /// The other is not in the room.
    NoSuchPeer,
    /// Too much, too fast.
    RateLimited,
    /// Over a size limit.
    TooLarge,
    /// Not now.
    Unavailable,
    /// The code was not accepted.
    CastRefused,
    /// A token is missing, expired or foreign.
    NotAllowed,
    /// The server is about to stop.
    ServerDraining,
    /// A code of a newer server; our server never sends it.
    #[serde(other)]
    Unknown,
}

impl ClientMessage {
    /// Every `cmd` a client may send, aliases included.
    pub(crate) const COMMANDS: [&str; 8] = [
        "join",
        "offer",
        "answer",
        "candidate",
        "media-state",
        "leave",
        "keepalive",
        "keeplive",
    ];

    /// The `cmd` on the wire.
    #[must_use]
    pub const fn command(&self) -> &'static str {
        match self {
            Self::Join { .. } => "join",
            Self::Offer(_) => "offer",
            Self::Answer(_) => "answer",
            Self::Candidate(_) => "candidate",
            Self::MediaState { .. } => "media-state",
            Self::Leave { .. } => "leave",
            Self::Keepalive => "keepalive",
        }
    }

    /// The text of the frame.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and flags always serialise")
    }
}

impl ServerMessage {
    /// Every `cmd` a server may send, aliases included.
    pub(crate) const COMMANDS: [&str; 15] = [
        "joined",
        "resp-join",
        "new-peer",
        "full",
        "offer",
        "answer",
        "candidate",
        "media-state",
        "leaved",
        "peer-leave",
        "peer-away",
        "peer-back",
        "keepalive",
        "keeplive",
        "error",
    ];

    /// The text of the frame.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings, numbers and flags always serialise")
    }
}
