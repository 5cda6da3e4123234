//! What the server sends.

use serde::{Deserialize, Serialize};

use super::{
    AudioState, CallMedia, CastRole, ErrorCode, Forward, IceServer, LeaveReason, LoginAnswer,
    Person, Presence, VideoState,
};

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
        /// In the room of a cast: what we are there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<CastRole>,
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
    /// The answer to a login.
    Login(LoginAnswer),
    /// What changed in the lobby. Nobody is told anything twice on purpose, but repetitions may
    /// happen; each list says how it is now.
    Presence(Presence),
    /// To the caller: it rings there.
    Ringing {
        /// The call.
        call_id: String,
        /// The room of the call, shut until somebody accepts.
        room_id: String,
    },
    /// To the callee: somebody calls.
    Ring {
        /// The call.
        call_id: String,
        /// The room of the call, shut until somebody accepts.
        room_id: String,
        /// Who calls.
        from: Person,
        /// What the caller wants to send.
        media: CallMedia,
    },
    /// To the caller: the call was taken; to both when two called each other.
    Accept {
        /// The call.
        call_id: String,
    },
    /// To the caller: the call was refused.
    Decline {
        /// The call.
        call_id: String,
    },
    /// To the callee: the caller gave up, or is gone.
    Cancel {
        /// The call.
        call_id: String,
    },
    /// To the caller: the other is in another call or room.
    Busy {
        /// The call.
        call_id: String,
    },
    /// To the caller: nobody answered.
    NoAnswer {
        /// The call.
        call_id: String,
    },
    /// The call cannot be, or is over already.
    Unavailable {
        /// The call.
        call_id: String,
    },
    /// To the callee: nobody answered a call that rang here.
    Missed {
        /// The call.
        call_id: String,
        /// Who called.
        from: Person,
    },
    /// To a display: the code to show, in the place of the one before.
    CastCode {
        /// As people read it, `XXXX-XXXX`.
        code: String,
        /// The room in which display and presenter will be; nobody can join it by itself.
        room_id: String,
        /// How long the code is good, in seconds. Another one comes when it is not.
        expires_in: u32,
        /// Proof for coming back; our server puts one into each `cast-code`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume_token: Option<String>,
    },
    /// A text from somebody.
    Message {
        /// The uid of the sender.
        from: String,
        /// Their name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The text.
        content: String,
        /// The sender's name for this text.
        id: String,
        /// When the server passed it on, RFC 3339 in UTC.
        time: String,
    },
    /// To the sender of a text: it was passed on.
    Delivered {
        /// The sender's name for the text.
        id: String,
        /// The same time as in the text, so that both sides show one; our server always says it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time: Option<String>,
    },
    /// ICE servers with fresh credentials.
    IceServers {
        /// STUN and TURN servers, in the browser's form.
        #[serde(default)]
        ice_servers: Vec<IceServer>,
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
        /// Which text could not be delivered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
}

impl ServerMessage {
    /// Every `cmd` a server may send, aliases included.
    pub(crate) const COMMANDS: [&str; 30] = [
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
        "login",
        "presence",
        "ringing",
        "ring",
        "accept",
        "decline",
        "cancel",
        "busy",
        "no-answer",
        "unavailable",
        "missed",
        "cast-code",
        "message",
        "delivered",
        "ice-servers",
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
