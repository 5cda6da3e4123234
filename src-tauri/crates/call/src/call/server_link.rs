//! The connection to the server, as far as the call must know it.

/// Open or not, in the room or not.
#[derive(Debug, Default)]
pub(super) struct ServerLink {
    is_open: bool,
    is_joined: bool,
    /// Leaves sent on this connection and not confirmed. What the server sent before it read them
    /// belongs to a place that we gave up, so it is not for us.
    unconfirmed_leaves: u32,
}

impl ServerLink {
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// We hold a place, and the server has said so on this connection.
    pub(super) fn is_joined(&self) -> bool {
        self.is_joined
    }

    pub(super) fn opened(&mut self) {
        *self = Self {
            is_open: true,
            ..Self::default()
        };
    }

    pub(super) fn lost(&mut self) {
        *self = Self::default();
    }

    pub(super) fn joined(&mut self) {
        self.is_joined = true;
    }

    /// The place is not ours: it was refused.
    pub(super) fn refused(&mut self) {
        self.is_joined = false;
    }

    pub(super) fn left(&mut self) {
        self.is_joined = false;
        if self.is_open {
            self.unconfirmed_leaves = self.unconfirmed_leaves.saturating_add(1);
        }
    }

    pub(super) fn confirmed_leave(&mut self) {
        self.unconfirmed_leaves = self.unconfirmed_leaves.saturating_sub(1);
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.unconfirmed_leaves > 0
    }
}
