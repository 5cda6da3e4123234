//! A connection in the hub.

use std::sync::Arc;
use std::time::Instant;

use duet_protocol::{ClientMessage, ServerMessage};

use super::{Client, Hub};
use crate::outgoing::Outgoing;
use crate::rooms::ConnectionId;

/// A connection known to the hub; dropping it is the break of the connection.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(super) hub: Arc<Hub>,
    pub(super) id: ConnectionId,
    pub(super) client: Arc<Client>,
}

impl Registration {
    /// For logs.
    pub(crate) fn id(&self) -> u64 {
        self.id.0
    }

    /// What waits to be sent.
    pub(crate) fn outgoing(&self) -> &Outgoing {
        &self.client.outgoing
    }

    /// A text frame came, and is no message.
    pub(crate) fn heard(&self) {
        self.hub.change(|node, _| node.heard(self.id));
    }

    /// A checked message came.
    pub(crate) fn handle(&self, message: ClientMessage) {
        self.hub.change(|node, at| {
            node.heard(self.id);
            #[cfg(test)]
            crate::failpoint::under_the_lock(&message);
            node.handle(at, self.id, message);
        });
    }

    /// Answers this connection alone.
    pub(crate) fn answer(&self, message: &ServerMessage) {
        self.hub.metrics.note_message(message);
        self.client.outgoing.push(Instant::now(), message.to_json());
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.hub.state.lock().clients.remove(&self.id);
        self.hub.change(|node, at| node.broken(at, self.id));
    }
}
