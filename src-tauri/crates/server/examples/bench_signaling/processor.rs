//! The processor time of a process, from `/proc/PID/stat`.

use anyhow::{Context, Result};

/// The same on every Linux since 2.6.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Processor {
    pub(crate) user_s: f64,
    pub(crate) system_s: f64,
}

impl Processor {
    /// What a process has used.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let (_, rest) = text.rsplit_once(") ").context("a stat without a name")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let seconds = |index: usize| -> Result<f64> {
            let ticks: f64 = fields.get(index).context("a short stat")?.parse()?;
            Ok(ticks / TICKS_PER_SECOND)
        };
        Ok(Self {
            user_s: seconds(11)?,
            system_s: seconds(12)?,
        })
    }

    /// What was used between two looks.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            user_s: self.user_s - earlier.user_s,
            system_s: self.system_s - earlier.system_s,
        }
    }
}
