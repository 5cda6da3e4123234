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
use crate::turn::{Entrance, IceList, Now};

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
    clients: HashMap<ConnectionId, Client>,
    ice: Arc<IceList>,
    /// Nothing is sent any more: the server is ending.
    is_silent: bool,
}

/// What there is to know of a connection besides its place.
#[derive(Debug)]
struct Client {
    outgoing: Arc<Outgoing>,
    entrance: Entrance,
}

/// A connection known to the hub; dropping it is the break of the connection.
#[derive(Debug)]
pub(crate) struct Registration {
    hub: Arc<Hub>,
    id: ConnectionId,
    outgoing: Arc<Outgoing>,
}

impl Hub {
    pub(crate) fn new(config: RoomsConfig, ice: Arc<IceList>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                rooms: Rooms::new(config),
                clients: HashMap::new(),
                ice,
                is_silent: false,
            }),
            next_id: AtomicU64::new(1),
            timeout_changed: Notify::new(),
        })
    }

    /// A connection finished its handshake.
    pub(crate) fn register(
        self: &Arc<Self>,
        address: AddressKey,
        entrance: Entrance,
    ) -> Registration {
        let id = ConnectionId(self.next_id.fetch_add(1, Ordering::Relaxed));
        let outgoing = Arc::new(Outgoing::default());
        let mut state = self.state.lock();
        state.rooms.connected(id, address);
        let client = Client {
            outgoing: Arc::clone(&outgoing),
            entrance,
        };
        state.clients.insert(id, client);
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
        (state.clients.len(), rooms, members)
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
                if let Some(client) = self.clients.get(&to) {
                    let message = self.with_relays(message, &client.entrance);
                    client.outgoing.push(message.to_json());
                }
            }
            Output::Close { connection, reason } => {
                if let Some(client) = self.clients.get(&connection) {
                    client.outgoing.close(reason);
                }
            }
        }
    }

    /// Every `joined` names the relay as this client can reach it, with a credential of its own. Here
    /// and not in the rooms, which know neither names of hosts nor the time of day.
    fn with_relays(&self, mut message: ServerMessage, entrance: &Entrance) -> ServerMessage {
        if let ServerMessage::Joined {
            uid, ice_servers, ..
        } = &mut message
        {
            let now_s = Now::from_clocks().unix_s;
            ice_servers.extend(self.ice.for_client(entrance, uid, now_s));
        }
        message
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
        self.hub.state.lock().clients.remove(&self.id);
        self.hub
            .change(|rooms| rooms.broken(Instant::now(), self.id));
    }
}
