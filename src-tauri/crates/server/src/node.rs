//! One server among several, or alone: its exchange, and its part in a cluster. Sans-IO.
//!
//! **One node decides about each room and each lobby**: its *owner*, who claimed it in Redis. So the exchange
//! stays the only place that decides anything, and two people on one node need nobody else. A client of
//! another node takes part in the owner's exchange over a link (see [`wire`]); its own node, its *home*,
//! passes on what it says. Alone, without Redis, everything here is the exchange.
//!
//! When an owner is gone, or out of reach, the home carries on by itself: what it knows of its people's
//! places and logins goes into its own exchange at once, and it claims the room or lobby as soon as it can.
//! Where two do so, Redis says whose it is, and the other hands its people over. So an outage parts people
//! as a break of their connections would, and its end brings them together the same way; calls whose media
//! flow notice nothing.
//!
//! Files: [`names`], [`wire`] and [`channel`] are how nodes speak; [`health`] is whether they can; `home` and
//! `afar` are a client's two directions at its home, and `noted` is what it learns there; `owner` is the
//! other end; `claims` asks Redis; `casts` are the codes of displays; `texts` are told as delivered when they are; `strangers` are nodes that
//! speak before they are known; `carry_on` is what happens when an owner changes.

mod afar;
mod carry_on;
mod casts;
mod channel;
mod claims;
mod client;
mod clock;
mod health;
mod home;
mod names;
mod noted;
mod outputs;
mod owner;
mod sound;
mod stats;
mod strangers;
mod texts;
mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::{Instant, SystemTime};

use duet_protocol::{ErrorCode, ServerMessage};

use crate::access::AccessKeys;
use crate::address::AddressKey;
use crate::exchange::{Exchange, Key};
use crate::rooms::{ConnectionId, Output, explanation};
use channel::Channel;
use claims::Claiming;
pub(crate) use claims::Verdict;
use client::{Client, LinkOut};
pub use health::ClusterTiming;
use health::Health;
pub(crate) use names::NodeId;
pub use stats::ClusterStats;
use wire::Body;
pub(crate) use wire::Envelope;

#[cfg(test)]
mod tests;

/// Connections of other nodes' clients are numbered from here, apart from our own.
const FIRST_PROXIED_ID: u64 = 1 << 63;
/// Nodes to speak to, and their clients here. Far more than there can be; other nodes are believed, but
/// not with all our memory.
const MAX_PEERS: usize = 1024;
const MAX_PROXIED: usize = 100_000;
/// What a client is told when other nodes are out of reach.
const OUT_OF_REACH: &str = "the servers cannot reach each other at the moment; try again soon";

/// Now, by both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    /// The time of day, which only texts carry.
    pub(crate) wall: SystemTime,
}

/// What the I/O around must ask of Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// Pass this to the process it names.
    Publish(Envelope),
    /// Does this node live, that speaks to us?
    Look { peer: NodeId },
    /// Who owns this? If nobody does, we.
    Claim {
        key: Key,
        me: NodeId,
        /// We hold members of it, and may have it while it is kept for the members of the dead.
        is_member: bool,
    },
    /// We own it no longer.
    Release { key: Key, me: NodeId },
}

/// A server's whole state.
#[derive(Debug)]
pub(crate) struct Node {
    exchange: Exchange,
    me: NodeId,
    /// `None` for a server alone; everything below is empty then.
    health: Option<Health>,
    was_connected: bool,
    had_lease: bool,
    /// Our own clients.
    clients: HashMap<ConnectionId, Client>,
    links: HashMap<u64, LinkOut>,
    next_link: u64,
    /// Clients of other nodes, by connection and by home and link.
    proxied: HashMap<ConnectionId, (NodeId, u64)>,
    proxies: HashMap<(NodeId, u64), ConnectionId>,
    /// Texts on their way to such a client, oldest first.
    owed: HashMap<ConnectionId, VecDeque<texts::Owed>>,
    next_proxied: u64,
    channels: BTreeMap<NodeId, Channel>,
    next_session: u64,
    /// What nodes said that are not known yet.
    strangers: BTreeMap<NodeId, Vec<Envelope>>,
    stale: u64,
    unknown: u64,
    owned: HashSet<Key>,
    claims: HashMap<Key, Claiming>,
    retries: BTreeSet<(Instant, Key)>,
    deadlines: BTreeSet<(Instant, ConnectionId)>,
    scan_at: Option<Instant>,
    refresh_at: Option<Instant>,
    outputs: VecDeque<Output>,
    commands: VecDeque<Command>,
}

impl Node {
    /// A node alone, or, with the times of a cluster, one of several.
    pub(crate) fn new(exchange: Exchange, cluster: Option<ClusterTiming>) -> Self {
        Self {
            exchange,
            me: NodeId::generate(),
            health: cluster.map(Health::new),
            was_connected: false,
            had_lease: false,
            clients: HashMap::new(),
            links: HashMap::new(),
            next_link: 1,
            proxied: HashMap::new(),
            proxies: HashMap::new(),
            owed: HashMap::new(),
            next_proxied: FIRST_PROXIED_ID,
            channels: BTreeMap::new(),
            next_session: 1,
            strangers: BTreeMap::new(),
            stale: 0,
            unknown: 0,
            owned: HashSet::new(),
            claims: HashMap::new(),
            retries: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            scan_at: None,
            refresh_at: None,
            outputs: VecDeque::new(),
            commands: VecDeque::new(),
        }
    }

    /// What it decides about.
    pub(crate) fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Only those are admitted from now on who have a token of these keys.
    pub(crate) fn close_with(&mut self, keys: AccessKeys) {
        self.exchange.close_with(keys);
    }

    /// The process whose channel of the bus this node listens to.
    pub(crate) fn process(&self) -> u64 {
        self.me.process
    }

    /// Our client's uid, whoever it said it to.
    pub(crate) fn uid_of(&self, id: ConnectionId) -> Option<&str> {
        let elsewhere = || self.clients.get(&id)?.uid.as_deref();
        self.exchange.uid_of(id).or_else(elsewhere)
    }

    /// A client of ours opened a connection.
    pub(crate) fn connected(&mut self, id: ConnectionId, address: AddressKey) {
        self.exchange.connected(id, address);
        if self.health.is_some() {
            self.clients.insert(id, Client::new(address));
        }
    }

    /// A client of ours sent a frame with text, whatever it says.
    pub(crate) fn heard(&mut self, id: ConnectionId) {
        self.exchange.heard(id);
    }

    /// A connection of ours ended, by whatever cause.
    pub(crate) fn broken(&mut self, at: Moment, id: ConnectionId) {
        self.catch_up(at);
        if let Some(client) = self.clients.remove(&id) {
            for (owner, link) in client.links {
                self.links.remove(&link);
                self.tell(at.now, owner, Body::Broken { link });
            }
        }
        self.exchange.broken(at.now, id);
        self.finish(at);
    }

    /// The next thing to do for our own clients.
    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What to ask of Redis, in order.
    pub(crate) fn take_commands(&mut self, limit: usize) -> Vec<Command> {
        let count = limit.min(self.commands.len());
        self.commands.drain(..count).collect()
    }

    /// Whether there is something to ask of Redis.
    pub(crate) fn has_commands(&self) -> bool {
        !self.commands.is_empty()
    }

    fn is_connected(&self, now: Instant) -> bool {
        let health = self.health.as_ref();
        health.is_some_and(|health| health.is_connected(now))
    }

    /// Whether this node may decide about something, new places included.
    fn may_decide(&self, now: Instant, key: &Key) -> bool {
        let health = self.health.as_ref();
        let has_lease = health.is_none_or(|health| health.has_lease(now));
        let is_connected = health.is_none_or(|health| health.is_connected(now));
        // Out of reach of Redis, those who are here already stay together, and let in whom they can.
        (has_lease && self.owned.contains(key)) || (!is_connected && self.exchange.holds(key))
    }

    /// Queues a message to another node.
    fn tell(&mut self, now: Instant, peer: NodeId, body: Body) {
        let (me, session) = (self.me, self.next_session);
        let channels = self.channels.entry(peer);
        let channel = channels.or_insert_with(|| Channel::new(me, peer, session));
        channel.send(now, body);
    }

    /// Queues a message to a client of ours.
    fn send(&mut self, to: ConnectionId, message: ServerMessage) {
        self.outputs.push_back(Output::Send { to, message });
    }

    /// Answers a client of ours.
    fn refuse(&mut self, to: ConnectionId, reference: &str, code: ErrorCode) {
        let error = ServerMessage::Error {
            code,
            message: explanation(code).to_owned(),
            reference: Some(reference.to_owned()),
            id: None,
        };
        self.send(to, error);
    }

    /// Answers a client of ours that what it asks for needs a node out of reach.
    fn refuse_out_of_reach(&mut self, to: ConnectionId, reference: &str, id: Option<String>) {
        let error = ServerMessage::Error {
            code: ErrorCode::Unavailable,
            message: OUT_OF_REACH.to_owned(),
            reference: Some(reference.to_owned()),
            id,
        };
        self.send(to, error);
    }
}
