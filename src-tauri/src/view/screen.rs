//! Screens that are shown to others, and displays that show them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::settings::{LanguageChoice, ThemeChoice};

/// A screen or a window that can be shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct ScreenView {
    /// To show it with.
    pub id: String,
    /// A screen, or else a window.
    pub is_screen: bool,
    /// The window's title, or the screen's name; empty for what was chosen in the system's own dialog, which
    /// does not say what it is.
    pub title: String,
    /// The window's program; empty for a screen.
    pub app: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How it looks now, as a data URL; null when that could not be seen.
    pub picture: Option<String>,
}

/// What can be shown, or why nothing can.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export, export_to = "view.ts")]
pub enum ScreensAnswer {
    /// These.
    Screens {
        /// Screens first.
        screens: Vec<ScreenView>,
        /// Duet's own windows are in pictures of a whole screen: the system cannot leave them out.
        shows_duet: bool,
    },
    /// None.
    Problem {
        /// Why.
        code: ScreenProblem,
    },
}

/// Why a screen cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum ScreenProblem {
    /// There is no display.
    NoDisplay,
    /// The session is one of Wayland, and shows no screen: it has no portal, or this build does not ask it.
    Wayland,
    /// The person closed the system's dialog without a choice.
    Cancelled,
    /// The system forbids it.
    Forbidden,
    /// The window was closed, or the screen was unplugged.
    Gone,
    /// Anything else.
    Failed,
}

/// What we show to the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct ShareView {
    /// Which.
    pub id: String,
    /// The window's title, or the screen's name.
    pub title: String,
    /// A screen, or else a window.
    pub is_screen: bool,
    /// It is open; until then it is being opened.
    pub is_open: bool,
}

/// Everything that the marker above all windows needs; it gets nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct SharingWindowView {
    /// What is shown; null when nothing is any more.
    pub title: Option<String>,
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

/// What we are in a cast; the call beside it says how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(
    tag = "role",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export, export_to = "view.ts")]
pub enum CastView {
    /// We show what others show.
    Display {
        /// The code to show; null while there is none.
        code: Option<CastCodeView>,
    },
    /// We show something on a display.
    Presenter,
}

/// A code on our display.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct CastCodeView {
    /// As people read it, `XXXX-XXXX`.
    pub code: String,
    /// When another one takes its place.
    pub expires_ms: i64,
    /// How long it was good from the beginning.
    pub lifetime_ms: i64,
}
