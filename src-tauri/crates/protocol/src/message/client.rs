//! What a client sends.

use serde::{Deserialize, Serialize};

use super::{AudioState, CallMedia, Forward, VideoState};

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
    /// Be listed in a lobby under a name, and be called by it.
    Login {
        /// The name, unique in the lobby. Parsing leaves a bad one as it is: the answer to it is
        /// [`super::LoginRefusal::NameInvalid`], not a fault.
        name: String,
        /// The client's id for this session, bound to the connection.
        uid: String,
        /// The lobby; `main` if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lobby: Option<String>,
        /// Keep name and place for 120 s when the connection breaks.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        resume: bool,
        /// Proof that a kept login is ours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume_token: Option<String>,
        /// Admission to a closed server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// Be listed no longer.
    Logout,
    /// Call somebody of the same lobby.
    Call {
        /// Their uid.
        to: String,
        /// What the caller wants to send.
        media: CallMedia,
    },
    /// Take a call that rings here.
    Accept {
        /// The call.
        call_id: String,
    },
    /// Refuse a call that rings here.
    Decline {
        /// The call.
        call_id: String,
    },
    /// Give up a call that rings there.
    Cancel {
        /// The call.
        call_id: String,
    },
    /// Show a code by which somebody may show a screen here.
    CastOpen {
        /// The client's id for this session, bound to the connection.
        uid: String,
        /// The name the presenter sees.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Keep the display's place for 120 s when the connection breaks.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        resume: bool,
        /// Proof that the code shown last, or the place behind it, is ours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume_token: Option<String>,
        /// Admission to a closed server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// Show a screen on the display that shows this code.
    CastJoin {
        /// The code as a person typed it. Parsing leaves a bad one as it is: the answer to it is
        /// [`super::ErrorCode::CastRefused`], not a fault.
        code: String,
        /// The client's id for this session, bound to the connection.
        uid: String,
        /// The name the display shows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Keep the presenter's place for 120 s when the connection breaks.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        resume: bool,
        /// Admission to a closed server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// A text for one person.
    Message(Text),
    /// Asks for ICE servers with fresh credentials.
    IceServers,
    /// Answered with the same.
    #[serde(alias = "keeplive")]
    Keepalive,
}

/// The fields of a text on its way to the server: either `to` or `roomId`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Text {
    /// The uid of the receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The room whose other member is the receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_id: Option<String>,
    /// The text, at most 4 KiB.
    pub content: String,
    /// The sender's name for this text, repeated in the answer.
    pub id: String,
}

impl ClientMessage {
    /// Every `cmd` a client may send, aliases included.
    pub(crate) const COMMANDS: [&str; 18] = [
        "join",
        "offer",
        "answer",
        "candidate",
        "media-state",
        "leave",
        "login",
        "logout",
        "call",
        "accept",
        "decline",
        "cancel",
        "cast-open",
        "cast-join",
        "message",
        "ice-servers",
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
            Self::Login { .. } => "login",
            Self::Logout => "logout",
            Self::Call { .. } => "call",
            Self::Accept { .. } => "accept",
            Self::Decline { .. } => "decline",
            Self::Cancel { .. } => "cancel",
            Self::CastOpen { .. } => "cast-open",
            Self::CastJoin { .. } => "cast-join",
            Self::Message(_) => "message",
            Self::IceServers => "ice-servers",
            Self::Keepalive => "keepalive",
        }
    }

    /// The text of the frame.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and flags always serialise")
    }
}
