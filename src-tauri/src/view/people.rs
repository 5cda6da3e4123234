//! Who is online, calls by name and texts as the page shows them.
//!
//! Names and texts come from strangers: they go to the page as they are, which shows them as text
//! and nothing else.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::settings::{LanguageChoice, ThemeChoice};

/// Ourselves and the others of the lobby.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct PeopleView {
    /// Whether we are listed.
    pub presence: Presence,
    /// The others, as the server sorts them, and behind them those we wrote with who are not listed.
    pub list: Vec<PersonView>,
}

/// Whether we are listed in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export, export_to = "view.ts")]
pub enum Presence {
    /// The person did not turn it on: nothing is sent.
    Off,
    /// On, and on the way.
    Connecting,
    /// Listed: others see the name and may call.
    Online,
    /// On, but logged out while we are in a room on another server.
    Paused,
    /// On, but the server does not list us.
    Refused {
        /// Why.
        problem: LoginProblem,
    },
}

/// Why we are not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum LoginProblem {
    /// There is no name yet.
    NoName,
    /// Somebody else has the name.
    NameTaken,
    /// The name cannot be one.
    NameInvalid,
    /// The lobby has no place left.
    LobbyFull,
    /// The server is closed, and we have no token that admits us.
    NotAllowed,
    /// The server refuses.
    Refused,
}

/// Somebody who is online, or whom we wrote with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct PersonView {
    /// For commands.
    pub uid: String,
    /// Their name; empty when it is not known.
    pub name: String,
    /// Whether they can be called.
    pub state: PersonState,
    /// Texts of theirs that were not looked at.
    pub unread: u32,
}

/// Whether somebody can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum PersonState {
    /// At once.
    Available,
    /// Not at the moment.
    Busy,
    /// Not listed, as far as we know.
    Offline,
}

/// With a picture or without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum CallMedia {
    /// Sound and pictures.
    #[default]
    Video,
    /// The camera starts off.
    Audio,
}

/// Somebody calls us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct IncomingView {
    /// Who.
    pub name: String,
    /// What they ask for.
    pub media: CallMedia,
    /// Since when it rings.
    pub since_ms: i64,
    /// Shown in the main window: we are in a call, or the ringing window was closed.
    pub banner: bool,
}

/// Everything that the window of an incoming call needs; it gets nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct IncomingWindowView {
    /// The call; null when it is over already.
    pub call: Option<IncomingView>,
    /// The language of the interface.
    pub language: LanguageChoice,
    /// The colours of the interface.
    pub theme: ThemeChoice,
    /// The size of text, 100 to 140.
    pub text_percent: u16,
    /// Nothing moves by itself.
    pub reduce_motion: bool,
    /// Stronger lines and text.
    pub more_contrast: bool,
}

/// Why a call by name did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum UnansweredReason {
    /// They said no.
    Declined,
    /// They are in a call or a room.
    Busy,
    /// Nobody answered for 45 s.
    NoAnswer,
    /// They went away, or the call was over before our word came.
    Unavailable,
    /// Nobody of that name is online.
    NotOnline,
    /// We are not online ourselves.
    WeAreOffline,
    /// Too many calls at once.
    RateLimited,
    /// The connection to the server broke.
    ServerLost,
}

/// The open conversation. Texts live as long as the application runs and are never written to disk;
/// the oldest go when there are more than 200 or 64 KiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct ChatView {
    /// With whom.
    pub uid: String,
    /// Their name; null when they gave none.
    pub name: Option<String>,
    /// Oldest first.
    pub messages: Vec<MessageView>,
    /// Texts go through the room of the call.
    pub in_call: bool,
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct MessageView {
    /// For `retry_text`.
    pub id: u32,
    /// The text as it came.
    pub text: String,
    /// The server's time; this computer's for our own.
    pub time_ms: i64,
    /// Whose, and how far it got.
    pub state: MessageState,
}

/// Whose a text is, and how far it got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export, export_to = "view.ts")]
pub enum MessageState {
    /// Theirs.
    Received,
    /// Ours, on the way.
    Sending,
    /// Ours, handed to them.
    Delivered,
    /// Ours, and it did not reach them.
    Failed {
        /// Why.
        problem: SendProblem,
    },
}

/// Why a text did not reach the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum SendProblem {
    /// They cannot be reached.
    Unavailable,
    /// The server is out of reach.
    Offline,
    /// The server does not take it.
    Invalid,
    /// More than 4 KiB.
    TooLarge,
    /// Too many at once.
    TooFast,
    /// The connection broke: nobody knows whether it arrived.
    Unknown,
}
