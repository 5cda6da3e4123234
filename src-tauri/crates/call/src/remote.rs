//! The other person, as the server tells of them.

use crate::state::RemotePeer;

/// The other.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) peer: RemotePeer,
    pub(crate) presence: Presence,
    /// Our side in perfect negotiation: the one already there is impolite.
    pub(crate) polite: bool,
    /// They put a `session` into their messages; plain clients do not.
    pub(crate) speaks_sessions: bool,
}

/// Whether the server can reach them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Yes.
    Here,
    /// Their connection broke; the place is kept.
    Away,
    /// We have come back ourselves and were not told yet.
    Unknown,
    /// They hold no place any more, though media may still flow.
    Gone,
}
