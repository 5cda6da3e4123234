//! The I/O around the exchange: one lock, the queue of every connection, and the timer.
//!
//! Outputs are queued while the lock is held, so each connection gets its messages in the order in
//! which the exchange decided them. Nothing under the lock waits for anything.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use duet_protocol::{ClientMessage, ServerMessage};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::address::AddressKey;
use crate::exchange::{Counts, DirectoryConfig, Exchange};
use crate::outgoing::Outgoing;
use crate::rooms::{ConnectionId, Output, RoomsConfig};

/// What one server knows, and its connections.
#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    next_id: AtomicU64,
    timeout_changed: Notify,
}

#[derive(Debug)]
struct State {
    exchange: Exchange,
    outgoing: HashMap<ConnectionId, Arc<Outgoing>>,
    /// Nothing is sent any more: the server is ending.
    is_silent: bool,
}

/// A connection known to the hub; dropping it is the break of the connection.
#[derive(Debug)]
pub(crate) struct Registration {
    hub: Arc<Hub>,
    id: ConnectionId,
    outgoing: Arc<Outgoing>,
}

impl Hub {
    pub(crate) fn new(rooms: RoomsConfig, directory: DirectoryConfig) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                exchange: Exchange::new(rooms, directory),
                outgoing: HashMap::new(),
                is_silent: false,
            }),
            next_id: AtomicU64::new(1),
            timeout_changed: Notify::new(),
        })
    }

    /// A connection finished its handshake.
    pub(crate) fn register(self: &Arc<Self>, address: AddressKey) -> Registration {
        let id = ConnectionId(self.next_id.fetch_add(1, Ordering::Relaxed));
        let outgoing = Arc::new(Outgoing::default());
        let mut state = self.state.lock();
        state.exchange.connected(id, address);
        state.outgoing.insert(id, Arc::clone(&outgoing));
        drop(state);
        Registration {
            hub: Arc::clone(self),
            id,
            outgoing,
        }
    }

    /// Stops telling anybody anything. When the server ends, its connections end one after the
    /// other; to the last ones that must not look as if the others had left their calls.
    pub(crate) fn fall_silent(&self) {
        self.state.lock().is_silent = true;
    }

    /// Connections, and what the exchange holds.
    pub(crate) fn counts(&self) -> (usize, Counts) {
        let state = self.state.lock();
        (state.outgoing.len(), state.exchange.counts())
    }

    /// Does what is due, places and names to be given up, calls that rang too long, lobbies to be told;
    /// runs for as long as the server.
    pub(crate) async fn keep_time(&self) {
        loop {
            let timeout = self.state.lock().exchange.poll_timeout();
            match timeout {
                Some(at) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(at.into()) => {
                            self.change(|exchange| exchange.handle_timeout(Instant::now()));
                        }
                        () = self.timeout_changed.notified() => {}
                    }
                }
                None => self.timeout_changed.notified().await,
            }
        }
    }

    fn change(&self, act: impl FnOnce(&mut Exchange)) {
        let mut state = self.state.lock();
        let before = state.exchange.poll_timeout();
        act(&mut state.exchange);
        while let Some(output) = state.exchange.poll_output() {
            state.carry_out(output);
        }
        let is_changed = before != state.exchange.poll_timeout();
        drop(state);
        if is_changed {
            self.timeout_changed.notify_one();
        }
    }
}

impl State {
    fn carry_out(&self, output: Output) {
        if self.is_silent {
            return;
        }
        match output {
            Output::Send { to, message } => {
                if let Some(outgoing) = self.outgoing.get(&to) {
                    outgoing.push(message.to_json());
                }
            }
            Output::Close { connection, reason } => {
                if let Some(outgoing) = self.outgoing.get(&connection) {
                    outgoing.close(reason);
                }
            }
        }
    }
}

impl Registration {
    /// For logs.
    pub(crate) fn id(&self) -> u64 {
        self.id.0
    }

    /// What waits to be sent.
    pub(crate) fn outgoing(&self) -> &Outgoing {
        &self.outgoing
    }

    /// A text frame came, whatever it says.
    pub(crate) fn heard(&self) {
        self.hub.change(|exchange| exchange.heard(self.id));
    }

    /// A checked message came.
    pub(crate) fn handle(&self, message: ClientMessage) {
        let (now, wall) = (Instant::now(), SystemTime::now());
        self.hub
            .change(|exchange| exchange.handle(now, wall, self.id, message));
    }

    /// Answers this connection alone.
    pub(crate) fn answer(&self, message: &ServerMessage) {
        self.outgoing.push(message.to_json());
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.hub.state.lock().outgoing.remove(&self.id);
        self.hub
            .change(|exchange| exchange.broken(Instant::now(), self.id));
    }
}
