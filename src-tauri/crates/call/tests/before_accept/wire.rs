//! What lies between the two: connections that come and go, the server, and time.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

use duet_call::{Input, ServerProblem};
use duet_server::AddressKey;
use duet_server::rooms::{ConnectionId, Output as ServerOutput};
use duet_signaling::membership::Verdict;

use super::people::{People, Side};

impl People {
    pub(super) fn deliver(&mut self, side: usize) {
        let sent = self.sides[side].to_server.pop_front();
        if let (Some(message), Some(id)) = (sent, self.sides[side].connection) {
            let wall = SystemTime::UNIX_EPOCH;
            self.exchange.handle(self.now, wall, id, message);
            self.take_from_exchange();
        }
    }

    pub(super) fn hear(&mut self, side: usize) {
        let Some(message) = self.sides[side].from_server.pop_front() else {
            return;
        };
        match self.sides[side].membership.incoming(&message) {
            Verdict::PassOn => self.input(side, Input::Message(message)),
            Verdict::Ignore => {}
            Verdict::TryLater(_) => self.disconnect(side),
        }
    }

    pub(super) fn connect(&mut self, side: usize) {
        if self.sides[side].connection.is_some() {
            return;
        }
        self.connections += 1;
        let id = ConnectionId(self.connections);
        let address = AddressKey::from(IpAddr::from(Ipv4Addr::LOCALHOST));
        self.exchange.connected(id, address);
        self.sides[side].connection = Some(id);
        self.input(side, Input::SignalingOpened);
        let repeated = self.sides[side].membership.opened();
        self.sides[side].to_server.extend(repeated);
    }

    pub(super) fn disconnect(&mut self, side: usize) {
        let Some(id) = self.sides[side].connection.take() else {
            return;
        };
        self.sides[side].to_server.clear();
        self.sides[side].from_server.clear();
        self.sides[side].membership.broken();
        self.exchange.broken(self.now, id);
        self.take_from_exchange();
        let problem = ServerProblem("broken");
        let retry_in = Duration::from_millis(250);
        self.input(side, Input::SignalingLost { retry_in, problem });
    }

    pub(super) fn take_from_exchange(&mut self) {
        while let Some(output) = self.exchange.poll_output() {
            match output {
                ServerOutput::Send { to, message } => {
                    let mut sides = self.sides.iter_mut();
                    if let Some(side) = sides.find(|side| side.connection == Some(to)) {
                        side.from_server.push_back(message);
                    }
                }
                ServerOutput::Close { connection, .. } => {
                    let held = |side: &Side| side.connection == Some(connection);
                    assert!(!self.sides.iter().any(held), "seed {}: cut", self.seed);
                }
            }
        }
    }

    /// Everybody is connected, and everything sent arrives.
    pub(crate) fn come_back(&mut self) {
        for side in 0..2 {
            self.connect(side);
        }
        self.settle();
        self.pass(Duration::from_secs(1));
    }

    pub(crate) fn settle(&mut self) {
        for _ in 0..1_000 {
            let waits = |side: &Side| !side.to_server.is_empty() || !side.from_server.is_empty();
            if !self.sides.iter().any(waits) {
                return;
            }
            for side in 0..2 {
                self.deliver(side);
                self.hear(side);
            }
        }
        panic!("seed {}: messages without end", self.seed);
    }

    /// Time passes second by second; what is on its way stays there, what is due happens.
    pub(crate) fn pass(&mut self, length: Duration) {
        let settles = length >= Duration::from_secs(100);
        for _ in 0..length.as_secs() {
            self.now += Duration::from_secs(1);
            self.exchange.handle_timeout(self.now);
            self.take_from_exchange();
            for side in 0..2 {
                self.input(side, Input::Tick);
            }
            if settles || length == Duration::from_secs(1) {
                self.settle();
            }
        }
    }
}
