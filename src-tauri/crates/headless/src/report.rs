//! The report: one JSON object, written whether the call came about or not.

use std::path::Path;

use anyhow::Context;
use duet_engine::Figures;
use serde::Serialize;

use crate::by_name::ByName;
use crate::process_figures::ProcessFigures;

/// What a run amounted to. What is not known is null.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The last state of the call, by its word.
    pub(crate) state: String,
    /// What was measured.
    #[serde(flatten)]
    pub(crate) figures: Figures,
    /// Received pictures a second in the best three seconds; `video_received` has the rate of the
    /// whole call.
    pub(crate) video_received_best_3s_fps: Option<f64>,
    /// Calls by name and texts.
    #[serde(flatten)]
    pub(crate) by_name: ByName,
    /// What this process cost.
    #[serde(flatten)]
    pub(crate) process: ProcessFigures,
    /// Why there was no call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl Report {
    /// Writes the report to the file.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}
