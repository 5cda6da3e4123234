//! Time: beats and echoes, what is due, and what changes when Redis goes and comes.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::channel::Channel;
use super::{Envelope, MAX_PEERS, Moment, Node, NodeId, Verdict};
use crate::exchange::Key;

/// How often is looked for what is held and not owned, and the other way round.
pub(super) const SCAN_INTERVAL: Duration = Duration::from_millis(500);

impl Node {
    /// Does what is due.
    pub(crate) fn handle_timeout(&mut self, at: Moment) {
        self.exchange.handle_timeout(at.now);
        if self.health.is_some() {
            self.catch_up(at);
            self.give_up_requests(at);
            if self.is_connected(at.now) {
                self.retry_claims(at);
                self.look_around(at);
            }
        }
        self.finish(at);
    }

    fn look_around(&mut self, at: Moment) {
        let channels = self.channels.iter();
        let hopeless: Vec<NodeId> = channels
            .filter(|(_, channel)| channel.is_hopeless(at.now))
            .map(|(peer, _)| *peer)
            .collect();
        for peer in hopeless {
            self.lose_peer(at, peer);
        }
        if self.scan_at.is_none_or(|due| due <= at.now) {
            let is_refresh = self.refresh_at.is_none_or(|due| due <= at.now);
            self.scan(at, is_refresh);
            if is_refresh && let Some(health) = &self.health {
                self.refresh_at = Some(at.now + health.timing().claim_ttl / 3);
            }
        }
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let own = self.exchange.poll_timeout();
        let Some(health) = &self.health else {
            return own;
        };
        let channels = self.channels.values();
        let times = [
            own,
            health.poll_timeout(now),
            self.scan_at,
            self.retries.first().map(|(at, _)| *at),
            self.deadlines.first().map(|(at, _)| *at),
            channels.filter_map(|channel| channel.poll_timeout()).min(),
        ];
        // Out of reach, most of it cannot be done; looking again soon is enough.
        let soonest = times.into_iter().flatten().min();
        if health.is_connected(now) {
            soonest
        } else {
            soonest.map(|at| at.max(now + Duration::from_millis(50)))
        }
    }

    /// What the next beat says: who lives, and whose life is to be asked for.
    pub(crate) fn beat(&self) -> (NodeId, Vec<NodeId>) {
        let owners = self.links.values().map(|link| link.owner);
        let homes = self.proxied.values().map(|(home, _)| *home);
        let peers: BTreeSet<NodeId> = owners
            .chain(homes)
            .chain(self.channels.keys().copied())
            .collect();
        (self.me, peers.into_iter().collect())
    }

    /// A beat succeeded that was sent at this time.
    pub(crate) fn beaten(&mut self, at: Moment, me: NodeId, sent_at: Instant, dead: &[NodeId]) {
        self.catch_up(at);
        if me == self.me {
            if let Some(health) = &mut self.health {
                health.beat(sent_at);
            }
            self.had_lease = true;
            for peer in dead {
                self.lose_peer(at, *peer);
                self.channels.remove(peer);
            }
            self.catch_up(at);
        }
        self.finish(at);
    }

    /// The echo of a beat came that was sent at this time.
    pub(crate) fn echoed(&mut self, at: Moment, sent_at: Instant) {
        if let Some(health) = &mut self.health {
            health.echo(sent_at);
        }
        self.catch_up(at);
        self.finish(at);
    }

    /// Redis may have forgotten everything: says again what is ours.
    pub(crate) fn reconnected(&mut self, at: Moment) {
        self.refresh_at = None;
        self.scan_at = Some(at.now);
        self.finish(at);
    }

    /// A datagram came.
    pub(crate) fn receive(&mut self, at: Moment, envelope: Envelope) {
        self.catch_up(at);
        let peer = envelope.from;
        let is_one_too_many =
            self.channels.len() >= MAX_PEERS && !self.channels.contains_key(&peer);
        if envelope.to != self.me || !self.is_connected(at.now) || is_one_too_many {
            return self.finish(at);
        }
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
        self.finish(at);
    }

    /// Notices what time did while nothing came: before anything else is done with what came now.
    pub(super) fn catch_up(&mut self, at: Moment) {
        let Some(health) = &self.health else {
            return;
        };
        let (is_connected, has_lease) = (health.is_connected(at.now), health.has_lease(at.now));
        if self.was_connected && !is_connected {
            self.was_connected = false;
            self.go_alone(at);
        }
        if self.had_lease && !has_lease {
            // Others may own by now what we did. We are somebody else from here on.
            self.had_lease = false;
            self.me = self.me.next();
            self.owned.clear();
            self.channels.clear();
        }
        if is_connected && !self.was_connected {
            self.was_connected = true;
            self.reconnected(at);
        }
    }

    /// The others are out of reach.
    fn go_alone(&mut self, at: Moment) {
        let peers: Vec<NodeId> = self.channels.keys().copied().collect();
        for peer in peers {
            self.lose_peer(at, peer);
        }
        self.commands.clear();
        let claims: Vec<Key> = self.claims.keys().cloned().collect();
        let me = self.me;
        for key in claims {
            self.claimed(at, &key, me, Verdict::OutOfReach);
        }
        let waiting: Vec<_> = self.deadlines.iter().map(|(_, id)| *id).collect();
        for id in waiting {
            self.refuse_waiting(at, id);
        }
    }
}
