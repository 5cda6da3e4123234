//! Figures and small answers to the page.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::call::CallPath;

/// Once a second while the panel is open. Null means not known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct StatisticsView {
    /// On the path of the media.
    pub round_trip_ms: Option<f64>,
    /// Packets lost of those received lately.
    pub loss_ratio: Option<f64>,
    /// Bits a second.
    pub receive_bps: Option<u64>,
    /// Bits a second.
    pub send_bps: Option<u64>,
    /// Their pictures.
    pub video_in: Option<VideoStatistics>,
    /// Our pictures.
    pub video_out: Option<VideoStatistics>,
    /// Their sound.
    pub sound_in: Option<SoundStatistics>,
    /// The path.
    pub path: Option<PathStatistics>,
}

/// Pictures in one direction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct VideoStatistics {
    /// Its name.
    pub codec: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Over the last second.
    pub frames_per_second: f64,
    /// Since the call connected.
    pub frames_dropped: Option<u64>,
    /// From camera to decoder, where both share a clock.
    pub latency_ms: Option<f64>,
}

/// Sound received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct SoundStatistics {
    /// Its name.
    pub codec: String,
    /// In the jitter buffer.
    pub buffer_ms: Option<f64>,
    /// Made up, of what was played.
    pub concealed_ratio: Option<f64>,
}

/// The path of the media.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct PathStatistics {
    /// Which way.
    pub kind: CallPath,
    /// `udp` or `tcp`.
    pub protocol: String,
}

/// Event `level`, about 20 a second while a microphone is open; −100 is silence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct Level {
    /// Root mean square.
    pub microphone_dbfs: f32,
}

/// What the lobby asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct JoinRequest {
    /// Our name.
    pub name: String,
    /// Whether we are heard.
    pub microphone_on: bool,
    /// Whether we are seen.
    pub camera_on: bool,
}

/// Answer to `preview_invite` and `open_lobby`: what the text means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export, export_to = "view.ts")]
pub enum InviteResult {
    /// A room on our server.
    Room {
        /// Which.
        room_id: String,
    },
    /// A room on another server.
    OtherServer {
        /// Which.
        room_id: String,
        /// The server.
        host: String,
    },
    /// Nothing to join.
    Invalid {
        /// Why.
        code: InviteProblem,
    },
}

/// Why a text is no invite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum InviteProblem {
    /// Nothing was typed.
    Empty,
    /// More than 64 characters.
    TooLong,
    /// A link to something else.
    NotAnInvite,
}

/// Where frames come from. The token is single use: ask again for each connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct FrameSocket {
    /// The socket.
    pub url: String,
    /// The first message.
    pub token: String,
    /// What the machine has.
    pub hint: RendererHint,
}

/// Whether there is a graphics processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum RendererHint {
    /// Not known.
    Unknown,
    /// There is none.
    NoGpu,
    /// There is one.
    Gpu,
}

/// A command that was refused: a code for the page, a detail for the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct CommandError {
    /// For the page.
    pub code: CommandErrorCode,
    /// For the log.
    pub detail: String,
}

/// Why a command was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum CommandErrorCode {
    /// The arguments make no sense.
    Invalid,
    /// Not in this state.
    NotNow,
    /// A device.
    Device,
    /// The network.
    Network,
    /// A fault of Duet.
    Internal,
}
