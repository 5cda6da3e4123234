//! The boundary between Rust and the page: every type that crosses it. ts-rs writes the page's side,
//! `ui/src/generated/view.ts`, when the tests run.
//!
//! Times are Unix milliseconds of this computer's clock. Texts for people are never sent: only codes
//! and data. The whole [`View`] is sent with every change, so that a page that reloads is right at
//! once and no event can be missed; what changes often (levels, frames) has its own way.

mod answers;
mod call;
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
    CallPath, CallView, Failure, PeerLeftReason, PeerView, Quality, ReconnectCause, RemoteAudio,
    RemoteVideo,
};
pub use screen::{CastCodeView, CastView, ScreenProblem, ScreenView, ScreensAnswer, ShareView};
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
    /// Rooms joined lately, newest first.
    pub recents: Vec<RecentRoom>,
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

/// A room joined lately.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct RecentRoom {
    /// The room.
    pub room_id: String,
    /// Its server, when it is not the configured one.
    pub server_url: Option<String>,
    /// Who was there.
    pub peer_name: Option<String>,
    /// When we left.
    pub ended_ms: i64,
    /// How long the call lasted.
    pub duration_ms: Option<i64>,
}
