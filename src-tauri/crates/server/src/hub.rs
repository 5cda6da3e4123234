//! The I/O around the rooms: one lock, the queue of every connection, and the timer.
//!
//! Outputs are queued while the lock is held, so each connection gets its messages in the order in
//! which the rooms decided them. Nothing under the lock waits for anything.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use duet_protocol::{ClientMessage, ServerMessage};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::address::AddressKey;
use crate::outgoing::Outgoing;
use crate::rooms::{ConnectionId, Output, Rooms, RoomsConfig};

/// The rooms and the connections of one server.
#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    next_id: AtomicU64,
    timeout_changed: Notify,
}

#[derive(Debug)]
struct State {
    rooms: Rooms,
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
    pub(crate) fn new(config: RoomsConfig) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                rooms: Rooms::new(config),
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
        state.rooms.connected(id, address);
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

    /// Connections, rooms and places.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let state = self.state.lock();
        let (rooms, members) = (state.rooms.room_count(), state.rooms.member_count());
        (state.outgoing.len(), rooms, members)
    }

    /// Gives up kept places when their time is over; runs for as long as the server.
    pub(crate) async fn keep_time(&self) {
        loop {
            let timeout = self.state.lock().rooms.poll_timeout();
            match timeout {
                Some(at) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(at.into()) => {
                            self.change(|rooms| rooms.handle_timeout(Instant::now()));
                        }
                        () = self.timeout_changed.notified() => {}
                    }
                }
                None => self.timeout_changed.notified().await,
            }
        }
    }

    fn change(&self, act: impl FnOnce(&mut Rooms)) {
        let mut state = self.state.lock();
        let before = state.rooms.poll_timeout();
        act(&mut state.rooms);
        while let Some(output) = state.rooms.poll_output() {
            state.carry_out(output);
        }
        let is_changed = before != state.rooms.poll_timeout();
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
        self.hub.change(|rooms| rooms.heard(self.id));
    }

    /// A checked message came.
    pub(crate) fn handle(&self, message: ClientMessage) {
        self.hub
            .change(|rooms| rooms.handle(Instant::now(), self.id, message));
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
            .change(|rooms| rooms.broken(Instant::now(), self.id));
    }
}
