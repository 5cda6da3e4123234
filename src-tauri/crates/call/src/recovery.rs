//! What is tried next when media does not flow, and when.

use std::time::Instant;

/// The next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recovery {
    pub(crate) step: Step,
    /// When; none while the other cannot be reached through the server: then at once when they can.
    pub(crate) due: Option<Instant>,
}

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// New ICE credentials for the same PeerConnection.
    RestartIce,
    /// A new PeerConnection.
    Rebuild,
}
