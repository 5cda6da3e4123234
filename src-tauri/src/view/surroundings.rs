//! Devices, the server and notices as the page shows them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The person's own switch. A device that fails leaves `on` as it was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct LocalMediaView {
    /// As chosen.
    pub on: bool,
    /// Why it does not work, if it does not.
    pub problem: Option<DeviceProblem>,
}

/// All devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct DevicesView {
    /// Cameras.
    pub cameras: DeviceKindView,
    /// Microphones.
    pub microphones: DeviceKindView,
    /// Speakers.
    pub speakers: DeviceKindView,
    /// Speakers again, to ring on.
    pub ringers: DeviceKindView,
}

/// `selectedId` null follows the system default. `absent` is remembered but not connected; `activeName` is what is used meanwhile.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct DeviceKindView {
    /// Those connected.
    pub list: Vec<DeviceView>,
    /// The chosen one.
    pub selected_id: Option<String>,
    /// The name of the system's default.
    pub default_name: Option<String>,
    /// The name of the one in use.
    pub active_name: Option<String>,
    /// The chosen one while it is not connected.
    pub absent: Option<DeviceView>,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct DeviceView {
    /// Stable.
    pub id: String,
    /// For people.
    pub name: String,
}

/// Which device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum DeviceKind {
    /// Camera.
    Camera,
    /// Microphone.
    Microphone,
    /// Speaker.
    Speaker,
    /// The speaker to ring on.
    Ringer,
}

/// Why a device does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum DeviceProblem {
    /// None is connected.
    NoneFound,
    /// Another program uses it.
    InUse,
    /// The system forbids it.
    NotAllowed,
    /// It gives nothing.
    Stalled,
    /// Something else.
    Failed,
}

/// `network` says whether the embedded server is open to other computers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct ServerView {
    /// Where it is.
    pub url: String,
    /// Its host, for people.
    pub host: String,
    /// Whether it runs inside this application.
    pub embedded: bool,
    /// Whether we have a token for it, should it be closed.
    pub has_token: bool,
    /// Whether it answers.
    pub reach: ServerReach,
    /// Whether others can reach the embedded server.
    pub network: NetworkView,
}

/// Whether the server answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export, export_to = "view.ts")]
pub enum ServerReach {
    /// Not known yet.
    Checking,
    /// It answers.
    Reachable {
        /// In this time.
        round_trip_ms: Option<f64>,
    },
    /// It does not.
    Unreachable {
        /// When it is tried again.
        retry_at_ms: Option<i64>,
    },
    /// Nobody known vouches for it.
    Untrusted {
        /// Its certificate.
        sha256_fingerprint: String,
    },
}

/// Whether others can reach the embedded server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export, export_to = "view.ts")]
pub enum NetworkView {
    /// There is no embedded server.
    NotEmbedded,
    /// This computer only.
    Closed,
    /// About to open.
    Opening,
    /// Everybody on this network.
    Open {
        /// Where.
        address: String,
    },
    /// The port could not be opened.
    Failed,
}

/// An invite points to a server that is not the configured one: the person decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct ConfirmServerView {
    /// The room.
    pub room_id: String,
    /// The server.
    pub url: String,
    /// Its host, for people.
    pub host: String,
}

/// Something that happened, for a toast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct Notice {
    /// For `dismiss_notice`.
    pub id: u32,
    /// How bad.
    pub level: NoticeLevel,
    /// What.
    pub data: NoticeData,
    /// What can be done.
    pub actions: Vec<NoticeAction>,
}

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum NoticeLevel {
    /// Good to know.
    Info,
    /// Good news.
    Ok,
    /// Something is worse.
    Warn,
    /// Something does not work.
    Error,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(
    tag = "code",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export, export_to = "view.ts")]
pub enum NoticeData {
    /// A device went away.
    DeviceLost {
        /// Which kind.
        device: DeviceKind,
        /// Its name.
        name: String,
        /// What is used instead.
        fallback_name: Option<String>,
    },
    /// A device came back.
    DeviceBack {
        /// Which kind.
        device: DeviceKind,
        /// Its name.
        name: String,
    },
    /// A device does not work.
    DeviceFailed {
        /// Which kind.
        device: DeviceKind,
        /// Its name.
        name: String,
        /// Why.
        problem: DeviceProblem,
    },
    /// The server is out of reach; the call goes on.
    SignalingLost,
    /// The server is back.
    SignalingBack,
    /// The settings could not be read.
    SettingsReset {
        /// Where the old file is.
        kept_as: String,
    },
    /// A screen is shown no longer, and nobody asked for that.
    ShareEnded {
        /// Why.
        problem: super::ScreenProblem,
    },
    /// The display shows our screen no longer.
    CastEnded,
    /// Somebody called and got no answer.
    MissedCall {
        /// Who.
        name: String,
    },
    /// A text came from somebody whose conversation is not open.
    TextArrived {
        /// From whom, for the answer.
        uid: String,
        /// Their name.
        name: String,
    },
    /// The link could not be opened.
    LinkFailed,
    /// The other is there.
    PeerJoined {
        /// Their name.
        name: Option<String>,
    },
}

/// What can be done about a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum NoticeAction {
    /// Take it back.
    Undo,
    /// Try again.
    Retry,
    /// Choose another device.
    PickAnother,
    /// Look at what came.
    Open,
}
