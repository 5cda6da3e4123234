//! The I/O around the node: one lock, the queue of every connection, and the timer.
//!
//! Outputs are queued while the lock is held, so each connection gets its messages in the order in
//! which the exchange decided them. Nothing under the lock waits for anything.

mod registration;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use duet_protocol::{CloseReason, LoginAnswer, ServerMessage};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::access::AccessKeys;
use crate::address::AddressKey;
use crate::exchange::{Counts, Key};
use crate::metrics::Metrics;
use crate::node::{ClusterStats, Command, Envelope, Moment, Node, NodeId, Verdict};
use crate::outgoing::Outgoing;
use crate::rooms::{ConnectionId, Output};
use crate::turn::{Entrance, IceList, Now};
pub(crate) use registration::Registration;

/// What one server knows, and its connections.
#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    next_id: AtomicU64,
    timeout_changed: Notify,
    /// The node has something to ask of Redis.
    is_asking: Notify,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
struct State {
    node: Node,
    clients: HashMap<ConnectionId, Arc<Client>>,
    ice: Arc<IceList>,
    /// The last that was used: nearly all come in by the same.
    entrance: Option<Arc<Entrance>>,
    /// Nothing is sent any more: the server is ending.
    is_silent: bool,
}

/// What there is to know of a connection besides its place.
#[derive(Debug)]
struct Client {
    outgoing: Outgoing,
    entrance: Arc<Entrance>,
}

impl Hub {
    pub(crate) fn new(node: Node, ice: Arc<IceList>, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                node,
                clients: HashMap::new(),
                ice,
                entrance: None,
                is_silent: false,
            }),
            next_id: AtomicU64::new(1),
            timeout_changed: Notify::new(),
            is_asking: Notify::new(),
            metrics,
        })
    }

    /// A connection finished its handshake.
    pub(crate) fn register(
        self: &Arc<Self>,
        address: AddressKey,
        entrance: Entrance,
    ) -> Registration {
        let id = ConnectionId(self.next_id.fetch_add(1, Ordering::Relaxed));
        let mut state = self.state.lock();
        let client = Arc::new(Client {
            outgoing: Outgoing::default(),
            entrance: state.shared_entrance(entrance),
        });
        state.node.connected(id, address);
        state.clients.insert(id, Arc::clone(&client));
        drop(state);
        Registration {
            hub: Arc::clone(self),
            id,
            client,
        }
    }

    /// Stops telling anybody anything. When the server ends, its connections end one after the
    /// other; to the last ones that must not look as if the others had left their calls.
    pub(crate) fn fall_silent(&self) {
        self.state.lock().is_silent = true;
    }

    /// Closes every connection.
    pub(crate) fn close_all(&self, reason: CloseReason) {
        for client in self.state.lock().clients.values() {
            client.outgoing.close(reason);
        }
    }

    /// Only those are admitted from now on who have a token of these keys.
    pub(crate) fn close_with(&self, keys: AccessKeys) {
        self.state.lock().node.close_with(keys);
    }

    /// Connections, and what the exchange holds.
    pub(crate) fn counts(&self) -> (usize, Counts) {
        let state = self.state.lock();
        (state.clients.len(), state.node.exchange().counts())
    }

    /// Does what is due, places and names to be given up, calls that rang too long, lobbies to be told;
    /// runs for as long as the server.
    pub(crate) async fn keep_time(&self) {
        loop {
            let timeout = self.state.lock().node.poll_timeout(Instant::now());
            match timeout {
                Some(at) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(at.into()) => {
                            self.change(|node, at| node.handle_timeout(at));
                        }
                        () = self.timeout_changed.notified() => {}
                    }
                }
                None => self.timeout_changed.notified().await,
            }
        }
    }

    /// How the cluster is doing; `None` for a server alone.
    pub(crate) fn cluster(&self) -> Option<ClusterStats> {
        self.state.lock().node.stats(Instant::now())
    }

    /// The process whose channel of the bus is ours.
    pub(crate) fn process(&self) -> u64 {
        self.state.lock().node.process()
    }

    /// Waits for something to ask of Redis.
    pub(crate) async fn commands(&self, limit: usize) -> Vec<Command> {
        loop {
            {
                let mut state = self.state.lock();
                // What the end of our connections would tell the others, they must not hear.
                if !state.is_silent && state.node.has_commands() {
                    return state.node.take_commands(limit);
                }
            }
            self.is_asking.notified().await;
        }
    }

    /// What the next beat says: who we are, and whose life is to be asked for.
    pub(crate) fn beat(&self) -> (NodeId, Vec<NodeId>) {
        self.state.lock().node.beat()
    }

    /// A beat that was sent then succeeded.
    pub(crate) fn beaten(&self, me: NodeId, sent_at: Instant, dead: &[NodeId]) {
        self.change(|node, at| node.beaten(at, me, sent_at, dead));
    }

    /// The echo of a beat that was sent then came.
    pub(crate) fn echoed(&self, sent_at: Instant) {
        self.change(|node, at| node.echoed(at, sent_at));
    }

    /// Redis answered a claim.
    pub(crate) fn claimed(&self, key: &Key, me: NodeId, verdict: Verdict) {
        self.change(|node, at| node.claimed(at, key, me, verdict));
    }

    /// Redis said whether a node lives that speaks to us.
    pub(crate) fn looked(&self, peer: NodeId, is_alive: bool) {
        self.change(|node, at| node.looked(at, peer, is_alive));
    }

    /// A datagram was not read.
    pub(crate) fn note_refused_datagram(&self, reason: &'static str) {
        self.metrics.note_refused_datagram(reason);
    }

    /// Redis may have forgotten everything.
    pub(crate) fn reconnected(&self) {
        self.change(Node::reconnected);
    }

    /// Another node says something.
    pub(crate) fn receive(&self, envelope: Envelope) {
        self.change(|node, at| node.receive(at, envelope));
    }

    fn change(&self, act: impl FnOnce(&mut Node, Moment)) {
        let mut state = self.state.lock();
        let at = Moment {
            now: Instant::now(),
            wall: SystemTime::now(),
        };
        let before = state.node.poll_timeout(at.now);
        act(&mut state.node, at);
        while let Some(output) = state.node.poll_output() {
            self.note_refusal(&output);
            state.carry_out(at.now, output);
        }
        let is_changed = before != state.node.poll_timeout(at.now);
        let is_asking = state.node.has_commands();
        drop(state);
        if is_changed {
            self.timeout_changed.notify_one();
        }
        if is_asking {
            self.is_asking.notify_one();
        }
    }
}

impl Hub {
    fn note_refusal(&self, output: &Output) {
        match output {
            Output::Send { message, .. } => self.metrics.note_message(message),
            Output::Close { .. } => {}
        }
    }
}

impl State {
    fn shared_entrance(&mut self, entrance: Entrance) -> Arc<Entrance> {
        let last = self.entrance.take().filter(|last| **last == entrance);
        let shared = last.unwrap_or_else(|| Arc::new(entrance));
        self.entrance = Some(Arc::clone(&shared));
        shared
    }

    fn carry_out(&self, now: Instant, output: Output) {
        if self.is_silent {
            return;
        }
        match output {
            Output::Send { to, message } => {
                if let Some(client) = self.clients.get(&to) {
                    let message = self.with_relays(message, to, &client.entrance);
                    client.outgoing.push(now, message.to_json());
                }
            }
            Output::Close { connection, reason } => {
                if let Some(client) = self.clients.get(&connection) {
                    client.outgoing.close(reason);
                }
            }
        }
    }

    /// Every list of ICE servers names the relay as this client can reach it, with a credential of its
    /// own. Here and not in what decides, which knows neither names of hosts nor the time of day.
    fn with_relays(
        &self,
        mut message: ServerMessage,
        to: ConnectionId,
        entrance: &Entrance,
    ) -> ServerMessage {
        let (uid, ice_servers) = match &mut message {
            ServerMessage::Joined {
                uid, ice_servers, ..
            }
            | ServerMessage::Login(LoginAnswer::Accepted {
                uid, ice_servers, ..
            }) => (uid.as_str(), ice_servers),
            ServerMessage::IceServers { ice_servers } => match self.node.uid_of(to) {
                Some(uid) => (uid, ice_servers),
                None => return message,
            },
            _ => return message,
        };
        let now_s = Now::from_clocks().unix_s;
        ice_servers.extend(self.ice.for_client(entrance, uid, now_s));
        message
    }
}
