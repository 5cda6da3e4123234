//! What the tasks share under the lock: the relay, and the sockets of its allocations.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio::task::AbortHandle;

use super::super::relay::{Relay, RelayId};

#[derive(Debug)]
pub(super) struct State {
    pub(super) relay: Relay,
    pub(super) sockets: HashMap<RelayId, RelaySocket>,
    /// The last one.
    pub(super) reply: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct RelaySocket {
    pub(super) socket: Arc<UdpSocket>,
    pub(super) reader: AbortHandle,
}

impl State {
    pub(super) fn new(relay: Relay) -> Self {
        Self {
            relay,
            sockets: HashMap::new(),
            reply: Vec::new(),
        }
    }

    pub(super) fn socket(&self, relay: RelayId) -> Option<Arc<UdpSocket>> {
        let open = self.sockets.get(&relay)?;
        Some(Arc::clone(&open.socket))
    }

    pub(super) fn close_ended(&mut self) {
        while let Some(id) = self.relay.poll_closed() {
            if let Some(open) = self.sockets.remove(&id) {
                open.reader.abort();
            }
        }
    }
}
