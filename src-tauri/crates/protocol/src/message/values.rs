//! What messages of the rooms carry, and the codes of refusals.

use serde::{Deserialize, Serialize};

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

/// What somebody is in the room of a cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CastRole {
    /// Shows what comes; sends nothing.
    Display,
    /// Shows a screen, and makes the first offer.
    Presenter,
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

impl ErrorCode {
    /// Asked again after a while, the same may be granted: the server still holds an earlier connection of ours, there
    /// were too many tries, or a part of the server is away. `server-draining` is none of these: the connection
    /// ends with it, and what was asked is asked again on the next.
    #[must_use]
    pub fn is_passing(self) -> bool {
        match self {
            Self::UidTaken | Self::RateLimited | Self::Unavailable => true,
            Self::UnknownCommand
            | Self::BadMessage
            | Self::UidMismatch
            | Self::AlreadyInRoom
            | Self::NotInRoom
            | Self::NoSuchPeer
            | Self::TooLarge
            | Self::CastRefused
            | Self::NotAllowed
            | Self::ServerDraining
            | Self::Unknown => false,
        }
    }
}
