//! Asking Redis who owns a room or a lobby.

use std::time::{Duration, Instant};

use duet_protocol::ClientMessage;

use super::{Command, Moment, Node, NodeId};
use crate::exchange::Key;
use crate::rooms::ConnectionId;

/// Before something is asked again that could not be said.
pub(super) const RETRY_AFTER: Duration = Duration::from_millis(200);

/// What Redis says to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is ours, since now or before.
    Mine,
    /// It is this node's.
    Other(NodeId),
    /// It could not be said: its owner is dead and it is kept for its members for a moment, or Redis
    /// failed this once.
    NotYet,
    /// Redis is gone.
    OutOfReach,
}

/// A claim on its way.
#[derive(Debug)]
pub(super) struct Claiming {
    /// Clients whose request it is for.
    waiters: Vec<ConnectionId>,
    is_member: bool,
    /// `None` while Redis is being asked.
    retry_at: Option<Instant>,
}

impl Node {
    /// Asks for something, for one of our clients or for its members.
    pub(super) fn claim(&mut self, key: Key, waiter: Option<ConnectionId>, is_member: bool) {
        if let Some(claiming) = self.claims.get_mut(&key) {
            claiming.waiters.extend(waiter);
            claiming.is_member |= is_member;
            return;
        }
        let claiming = Claiming {
            waiters: waiter.into_iter().collect(),
            is_member,
            retry_at: None,
        };
        self.claims.insert(key.clone(), claiming);
        self.ask_redis(key);
    }

    /// The same, not at once.
    pub(super) fn claim_later(
        &mut self,
        at: Moment,
        key: Key,
        waiter: Option<ConnectionId>,
        is_member: bool,
    ) {
        if self.claims.contains_key(&key) {
            return self.claim(key, waiter, is_member);
        }
        let retry_at = at.now + RETRY_AFTER;
        let claiming = Claiming {
            waiters: waiter.into_iter().collect(),
            is_member,
            retry_at: Some(retry_at),
        };
        self.claims.insert(key.clone(), claiming);
        self.retries.insert((retry_at, key));
    }

    fn ask_redis(&mut self, key: Key) {
        let is_member = self
            .claims
            .get(&key)
            .is_some_and(|claiming| claiming.is_member);
        let me = self.me;
        self.commands
            .push_back(Command::Claim { key, me, is_member });
    }

    /// Asks again what is due.
    pub(super) fn retry_claims(&mut self, at: Moment) {
        while let Some((due, key)) = self.retries.first().cloned() {
            if due > at.now {
                break;
            }
            self.retries.pop_first();
            if let Some(claiming) = self.claims.get_mut(&key) {
                claiming.retry_at = None;
                self.ask_redis(key);
            }
        }
    }

    /// Redis answered a claim, or did not.
    pub(crate) fn claimed(&mut self, at: Moment, key: &Key, me: NodeId, verdict: Verdict) {
        self.catch_up(at);
        if self.claims.contains_key(key) {
            if me == self.me || verdict == Verdict::OutOfReach {
                self.judge(at, key, verdict);
            } else {
                self.ask_redis(key.clone());
            }
        }
        self.finish(at);
    }

    fn judge(&mut self, at: Moment, key: &Key, verdict: Verdict) {
        if verdict == Verdict::NotYet {
            let retry_at = at.now + RETRY_AFTER;
            if let Some(claiming) = self.claims.get_mut(key) {
                claiming.retry_at = Some(retry_at);
                self.retries.insert((retry_at, key.clone()));
            }
            return;
        }
        let Some(claiming) = self.claims.remove(key) else {
            return;
        };
        if let Some(retry_at) = claiming.retry_at {
            self.retries.remove(&(retry_at, key.clone()));
        }
        match verdict {
            Verdict::Mine => {
                self.owned.insert(key.clone());
            }
            Verdict::Other(owner) => {
                self.owned.remove(key);
                if self.exchange.holds(key) {
                    self.give_way(at, key, owner);
                }
            }
            Verdict::NotYet | Verdict::OutOfReach => {}
        }
        for id in claiming.waiters {
            self.resolve(at, id, key, verdict);
        }
    }

    /// A client's request can go on, or cannot.
    fn resolve(&mut self, at: Moment, id: ConnectionId, key: &Key, verdict: Verdict) {
        let client = self.clients.get_mut(&id);
        let Some(waiting) = client.and_then(|client| client.waiting.as_ref()) else {
            return;
        };
        if waiting.key != *key || waiting.asked.is_some() {
            return;
        }
        let request = waiting.request.clone();
        match verdict {
            Verdict::Other(owner) => self.ask(at, id, owner),
            Verdict::NotYet => {}
            Verdict::Mine => self.decide(at, id, request),
            Verdict::OutOfReach if self.may_decide(at.now, key) => self.decide(at, id, request),
            Verdict::OutOfReach => {
                self.refuse_out_of_reach(id, request.command(), None);
                self.settle_request(at, id);
            }
        }
    }

    fn decide(&mut self, at: Moment, id: ConnectionId, request: ClientMessage) {
        self.exchange.handle(at.now, at.wall, id, request);
        self.settle_request(at, id);
    }

    /// An owner was asked that is none.
    pub(super) fn bounced(
        &mut self,
        at: Moment,
        owner: NodeId,
        link: u64,
        message: &ClientMessage,
    ) {
        let Some(id) = self.client_of(owner, link) else {
            return;
        };
        let client = self.clients.get_mut(&id);
        let Some(client) = client else {
            return;
        };
        // The room of a call is no longer with its lobby, if it says so.
        client.calls.retain(|call| call.owner != owner);
        let waiting = client.waiting.as_mut();
        if let Some(waiting) = waiting.filter(|waiting| waiting.asked == Some(link)) {
            waiting.asked = None;
            let key = waiting.key.clone();
            self.claim_later(at, key, Some(id), false);
        } else {
            self.refuse_lost(id, message);
        }
        self.close_unused_links(at, id);
    }

    /// Requests that have waited too long.
    pub(super) fn give_up_requests(&mut self, at: Moment) {
        while let Some((until, id)) = self.deadlines.first().copied() {
            if until > at.now {
                break;
            }
            self.deadlines.pop_first();
            let client = self.clients.get(&id);
            let waiting = client.and_then(|client| client.waiting.as_ref());
            if let Some(waiting) = waiting.filter(|waiting| waiting.until == until) {
                self.refuse_out_of_reach(id, waiting.request.command(), None);
                self.settle_request(at, id);
                self.close_unused_links(at, id);
            }
        }
    }

    /// What we hold must be ours, and what is ours must be held: looks for what is not.
    pub(super) fn scan(&mut self, at: Moment, is_refresh: bool) {
        let (exchange, claims, me) = (&self.exchange, &self.claims, self.me);
        let commands = &mut self.commands;
        self.owned.retain(|key| {
            let is_used = exchange.holds(key) || claims.contains_key(key);
            if !is_used {
                let key = key.clone();
                commands.push_back(Command::Release { key, me });
            }
            is_used
        });
        for key in self.exchange.keys() {
            if is_refresh || !self.owned.contains(&key) {
                self.claim(key, None, true);
            }
        }
        self.scan_at = Some(at.now + super::clock::SCAN_INTERVAL);
    }
}
