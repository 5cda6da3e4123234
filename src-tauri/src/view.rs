//! The boundary between Rust and the page: every type that crosses it. ts-rs writes the page's side,
//! `ui/src/generated/view.ts`, when the tests run.
//!
//! Times are Unix milliseconds of this computer's clock. Texts for people are never sent: only codes
//! and data. The whole [`View`] is sent with every change, so that a page that reloads is right at
//! once and no event can be missed; what changes often (levels, frames) has its own way.

mod answers;
mod call;
mod people;
mod screen;
mod settings;
mod surroundings;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use answers::{
    CommandError, CommandErrorCode, FrameSocket, InviteProblem, InviteResult, JoinRequest, Level,
    PathStatistics, RendererHint, SoundStatistics, StatisticsView, VideoStatistics,
};
pub use call::{
    CallPath, CallView, EndedBy, Failure, PeerLeftReason, PeerView, Quality, ReconnectCause,
    RemoteAudio, RemoteVideo,
};
pub use people::{
    CallMedia, ChatView, IncomingView, IncomingWindowView, LoginProblem, MessageState, MessageView,
    PeopleView, PersonState, PersonView, Presence, SendProblem, UnansweredReason,
};
pub use screen::{
    CastCodeView, CastView, ScreenProblem, ScreenView, ScreensAnswer, ShareView, SharingWindowView,
};
pub use settings::{
    CameraFormat, IcePolicy, IceServerSetting, LanguageChoice, RendererChoice, Settings,
    SettingsPatch, ThemeChoice,
};
pub use surroundings::{
    ConfirmServerView, DeviceKind, DeviceKindView, DeviceProblem, DeviceView, DevicesView,
    LocalMediaView, NetworkView, Notice, NoticeAction, NoticeData, NoticeLevel, ServerReach,
    ServerView,
};

/// Everything the page shows, sent whole with every change (event `view`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct View {
    /// The call.
    pub call: CallView,
    /// The lobby, while it is open.
    pub lobby: Option<LobbyView>,
    /// Our microphone.
    pub microphone: LocalMediaView,
    /// Our camera.
    pub camera: LocalMediaView,
    /// The devices.
    pub devices: DevicesView,
    /// The server.
    pub server: ServerView,
    /// A question about another server.
    pub confirm_server: Option<ConfirmServerView>,
    /// Toasts, oldest first.
    pub notices: Vec<Notice>,
    /// Calls and rooms of late, newest first.
    pub recents: Vec<Recent>,
    /// Who is online.
    pub people: PeopleView,
    /// Somebody calls; absent in do-not-disturb.
    pub incoming: Option<IncomingView>,
    /// The open conversation.
    pub chat: Option<ChatView>,
    /// Texts of the person in the call that were not looked at.
    pub call_unread: u32,
    /// The settings.
    pub settings: Settings,
    /// Figures, while their panel is open.
    pub statistics: Option<StatisticsView>,
    /// The test tone plays.
    pub speaker_test_running: bool,
    /// What we show to the other, while we do.
    pub share: Option<ShareView>,
    /// What we are in a cast, while we are in one.
    pub cast: Option<CastView>,
    /// The window fills the screen.
    pub full_screen: bool,
    /// The window was to be closed during a call.
    pub close_requested: bool,
}

/// The lobby is open for this room; nothing is sent while it is. `serverHost` is set when the room is on another server than the configured one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct LobbyView {
    /// The room.
    pub room_id: String,
    /// The other server.
    pub server_host: Option<String>,
}

/// A call or a room of late.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct Recent {
    /// How we met.
    #[serde(default)]
    pub kind: RecentKind,
    /// The room; empty for a call by name.
    pub room_id: String,
    /// Its server, when it is not the configured one.
    pub server_url: Option<String>,
    /// Who was there, or who called.
    pub peer_name: Option<String>,
    /// With a picture or without; a room has none of its own.
    #[serde(default)]
    pub media: CallMedia,
    /// When it ended.
    pub ended_ms: i64,
    /// How long the call lasted.
    pub duration_ms: Option<i64>,
}

/// How two people met, or did not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum RecentKind {
    /// In a room.
    #[default]
    Room,
    /// We called.
    Called,
    /// They called.
    CalledYou,
    /// They called and got no answer.
    Missed,
}
