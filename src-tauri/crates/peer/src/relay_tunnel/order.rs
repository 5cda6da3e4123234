//! Which tunnels are dug, and when: relays over UDP first, then over TCP, then over TLS, and none that is
//! not needed. Sans-IO.
//!
//! Each waits a moment for the better ones and goes ahead at once when they have failed. The first
//! relay, whichever it is, ends the search: more would only cost the server places and the person
//! connections. A path that breaks later begins a new search.

use std::time::{Duration, Instant};

/// What a relay over UDP has before TCP is tried: three round trips of a bad path.
const UDP_HEAD_START: Duration = Duration::from_millis(400);
/// What direct paths have, when there is no relay over UDP.
const DIRECT_HEAD_START: Duration = Duration::from_millis(100);
/// Between two tunnels.
const STEP: Duration = Duration::from_millis(400);

/// What a tunnel does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Go,
    /// Ask again then, or when something has changed.
    Wait(Instant),
    /// It is not needed.
    Never,
}

/// One search for relays.
#[derive(Debug, Default)]
pub(super) struct Order {
    began: Option<Instant>,
    relay_only: bool,
    has_udp: bool,
    is_found: bool,
    is_connected: bool,
    /// By preference; true is over without a relay.
    tunnels: Vec<(u16, bool)>,
}

impl Order {
    /// What there is, the tunnels by preference.
    pub(super) fn set(&mut self, relay_only: bool, has_udp: bool, tunnels: Vec<u16>) {
        self.relay_only = relay_only;
        self.has_udp = has_udp;
        self.tunnels = tunnels.into_iter().map(|id| (id, false)).collect();
    }

    /// A new search.
    pub(super) fn begin(&mut self, now: Instant) {
        self.began = Some(now);
        self.is_found = false;
        for tunnel in &mut self.tunnels {
            tunnel.1 = false;
        }
    }

    /// There is a relay.
    pub(super) fn found(&mut self) {
        self.is_found = true;
    }

    /// Whether the two are connected, by whatever path.
    pub(super) fn connected(&mut self, is_connected: bool) {
        self.is_connected = is_connected;
    }

    /// This tunnel leads nowhere.
    pub(super) fn over(&mut self, id: u16) {
        for tunnel in self.tunnels.iter_mut().filter(|tunnel| tunnel.0 == id) {
            tunnel.1 = true;
        }
    }

    /// Whether it is this one's turn.
    pub(super) fn turn(&self, now: Instant, id: u16) -> Turn {
        let place = self.tunnels.iter().position(|tunnel| tunnel.0 == id);
        let (Some(place), Some(began)) = (place, self.began) else {
            return Turn::Never;
        };
        if self.is_found || self.is_connected {
            return Turn::Never;
        }
        let better = self.tunnels[..place].iter().filter(|tunnel| !tunnel.1);
        let steps = u32::try_from(better.count()).unwrap_or(u32::MAX);
        let at = began + self.head_start() + STEP * steps;
        if now >= at { Turn::Go } else { Turn::Wait(at) }
    }

    fn head_start(&self) -> Duration {
        match (self.has_udp, self.relay_only) {
            (true, _) => UDP_HEAD_START,
            (false, true) => Duration::ZERO,
            (false, false) => DIRECT_HEAD_START,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(relay_only: bool, has_udp: bool) -> (Order, Instant) {
        let now = Instant::now();
        let mut order = Order::default();
        order.set(relay_only, has_udp, vec![5, 6, 7]);
        order.begin(now);
        (order, now)
    }

    #[test]
    fn udp_goes_first_then_one_after_the_other() {
        let (order, now) = order(true, true);
        for (id, ms) in [(5, 400), (6, 800), (7, 1_200)] {
            let at = now + Duration::from_millis(ms);
            assert_eq!(order.turn(now, id), Turn::Wait(at));
            assert_eq!(order.turn(at, id), Turn::Go);
        }
        assert_eq!(order.turn(now, 9), Turn::Never);
    }

    #[test]
    fn nothing_is_waited_for_that_does_not_exist_or_has_failed() {
        let (mut only, now) = order(true, false);
        assert_eq!(only.turn(now, 5), Turn::Go);
        assert_ne!(only.turn(now, 6), Turn::Go);
        only.over(5);
        assert_eq!(only.turn(now, 6), Turn::Go);
        let (all, now) = order(false, false);
        let soon = now + DIRECT_HEAD_START;
        assert_eq!(all.turn(now, 5), Turn::Wait(soon));
    }

    #[test]
    fn a_relay_or_a_connection_ends_the_search_until_the_next() {
        let (mut order, now) = order(false, true);
        let late = now + Duration::from_secs(9);
        order.found();
        assert_eq!(order.turn(late, 5), Turn::Never);
        order.begin(late);
        assert_eq!(order.turn(late + UDP_HEAD_START, 5), Turn::Go);
        order.connected(true);
        assert_eq!(order.turn(late + UDP_HEAD_START, 5), Turn::Never);
        order.connected(false);
        assert_eq!(order.turn(late + UDP_HEAD_START, 5), Turn::Go);
    }
}
