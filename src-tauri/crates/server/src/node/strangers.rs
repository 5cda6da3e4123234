//! Who speaks to us: nodes that we know, and those of which Redis says first whether they live.
//!
//! A datagram is of the cluster when it comes here; but its sender may be over. A node that was stopped and goes
//! on, or somebody who says again what was heard on a channel, must not be taken for one that lives. Against
//! nodes that we know stands the numbering of their channels, which goes on above everything that they ever
//! said; a node that we do not know is asked for in Redis, and its first words wait for the answer.

use std::ops::Bound;

use super::channel::Channel;
use super::{Command, Envelope, MAX_PEERS, Moment, Node, NodeId};

/// Datagrams of strangers together. What more they say, they say again.
const MAX_HELD: usize = 64;

impl Node {
    /// A datagram came.
    pub(crate) fn receive(&mut self, at: Moment, envelope: Envelope) {
        self.catch_up(at);
        if self.is_connected(at.now) {
            if envelope.to != self.me || self.has_later_life(envelope.from) {
                self.stale += 1;
            } else if self.channels.contains_key(&envelope.from) {
                self.take_envelope(at, envelope);
            } else {
                self.hold(envelope);
            }
        }
        self.finish(at);
    }

    /// Redis said whether a stranger lives.
    pub(crate) fn looked(&mut self, at: Moment, peer: NodeId, is_alive: bool) {
        self.catch_up(at);
        for envelope in self.strangers.remove(&peer).unwrap_or_default() {
            if is_alive && envelope.to == self.me && self.is_connected(at.now) {
                self.take_envelope(at, envelope);
            } else {
                self.stale += 1;
            }
        }
        self.finish(at);
    }

    /// The same process speaks already as somebody who came after this.
    fn has_later_life(&self, peer: NodeId) -> bool {
        let last = NodeId {
            epoch: u32::MAX,
            ..peer
        };
        let later = (Bound::Excluded(peer), Bound::Included(last));
        self.channels.range(later).next().is_some()
    }

    fn hold(&mut self, envelope: Envelope) {
        let peer = envelope.from;
        let held: usize = self.strangers.values().map(Vec::len).sum();
        let is_one_too_many = self.channels.len() >= MAX_PEERS;
        if held >= MAX_HELD || is_one_too_many {
            return;
        }
        let words = self.strangers.entry(peer).or_default();
        if words.is_empty() {
            self.commands.push_back(Command::Look { peer });
        }
        words.push(envelope);
    }

    fn take_envelope(&mut self, at: Moment, envelope: Envelope) {
        let peer = envelope.from;
        let (me, session) = (self.me, self.next_session);
        let channels = self.channels.entry(peer);
        let channel = channels.or_insert_with(|| Channel::new(me, peer, session));
        let mut received = channel.receive(at.now, envelope.clone());
        if received.is_broken {
            self.lose_peer(at, peer);
            if let Some(channel) = self.channels.get_mut(&peer) {
                received = channel.receive(at.now, envelope);
            }
        }
        for mut body in received.bodies {
            if body.is_sound() {
                self.take_body(at, peer, body);
            }
        }
    }

    /// A node is dead. Whatever it said, or is said in its name, is below what a channel to it would start with.
    pub(super) fn bury(&mut self, at: Moment, peer: NodeId) {
        self.lose_peer(at, peer);
        if let Some(channel) = self.channels.remove(&peer) {
            let above = channel.session().saturating_add(1);
            self.next_session = self.next_session.max(above);
        }
    }
}
