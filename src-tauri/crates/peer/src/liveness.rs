//! Whether media can flow right now: what the library says of the path, and whether anything
//! authentic was heard on it lately. Sans-IO.
//!
//! The library notices a dead path after 5 s and says nothing at all while an ICE restart leads
//! nowhere. A person should read "reconnecting" within 3 s, so silence is counted here. Only time
//! in which we looked counts: a computer that slept, or a process that was stopped, has packets
//! waiting in its sockets and has not heard silence.

use std::time::{Duration, Instant};

use crate::event::ConnectionState;

/// Silence after which the connection counts as disconnected. Consent checks are answered every
/// 500 ms and receiver reports come every second, even when nobody sends media.
pub(crate) const SILENCE_LIMIT: Duration = Duration::from_millis(2_500);
/// The most that passes between two looks on a machine that is merely busy.
const LONGEST_STEP: Duration = Duration::from_millis(500);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    /// The library has a path.
    has_path: bool,
    /// The owner was told that media can flow.
    told_connected: bool,
    quiet: Duration,
    last_look: Option<Instant>,
    last_heard: u64,
}

impl Liveness {
    /// The library reports; what to tell the owner, if anything.
    pub(crate) fn library(&mut self, state: ConnectionState) -> Option<ConnectionState> {
        match state {
            ConnectionState::Connecting => {
                self.has_path = false;
                Some(state)
            }
            ConnectionState::Connected => {
                self.has_path = true;
                self.told_connected = true;
                self.quiet = Duration::ZERO;
                Some(state)
            }
            ConnectionState::Disconnected => {
                self.has_path = false;
                // Silence was noticed here before, as a rule.
                std::mem::take(&mut self.told_connected).then_some(state)
            }
            ConnectionState::Failed | ConnectionState::Closed => {
                self.has_path = false;
                self.told_connected = false;
                Some(state)
            }
        }
    }

    /// Whether the owner believes that media can flow.
    pub(crate) fn is_told_connected(&self) -> bool {
        self.told_connected
    }

    /// A look, several times a second. `heard` grows with every authentic packet. What to tell the
    /// owner, if anything.
    pub(crate) fn look(&mut self, now: Instant, heard: u64) -> Option<ConnectionState> {
        let since = self.last_look.replace(now);
        let step = since.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let anything = std::mem::replace(&mut self.last_heard, heard) != heard;
        if anything && self.has_path {
            self.quiet = Duration::ZERO;
        } else {
            self.quiet += step.min(LONGEST_STEP);
        }
        let silent = self.quiet >= SILENCE_LIMIT;
        if silent && self.told_connected {
            self.told_connected = false;
            return Some(ConnectionState::Disconnected);
        }
        if anything && self.has_path && !self.told_connected {
            self.told_connected = true;
            return Some(ConnectionState::Connected);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Duration = Duration::from_millis(250);

    struct World {
        liveness: Liveness,
        now: Instant,
        heard: u64,
    }

    impl World {
        fn connected() -> Self {
            let mut liveness = Liveness::default();
            let told = liveness.library(ConnectionState::Connected);
            assert_eq!(told, Some(ConnectionState::Connected));
            Self {
                liveness,
                now: Instant::now(),
                heard: 0,
            }
        }

        fn looks(&mut self, looks: u32, packets: u64) -> Vec<ConnectionState> {
            let mut told = Vec::new();
            for _ in 0..looks {
                self.now += LOOK;
                self.heard += packets;
                told.extend(self.liveness.look(self.now, self.heard));
            }
            told
        }
    }

    #[test]
    fn silence_is_told_once_within_three_seconds_and_so_is_its_end() {
        let mut world = World::connected();
        assert_eq!(world.looks(100, 1), []);
        assert_eq!(world.looks(9, 0), []);
        assert_eq!(world.looks(3, 0), [ConnectionState::Disconnected]);
        assert_eq!(world.looks(100, 0), []);
        assert_eq!(world.looks(10, 1), [ConnectionState::Connected]);
    }

    #[test]
    fn what_the_library_notices_later_is_not_told_again() {
        let mut world = World::connected();
        assert_eq!(world.looks(20, 0), [ConnectionState::Disconnected]);
        let late = world.liveness.library(ConnectionState::Disconnected);
        assert_eq!(late, None);
        // Something is heard, but there is no path to send on.
        assert_eq!(world.looks(10, 1), []);
        let back = world.liveness.library(ConnectionState::Connected);
        assert_eq!(back, Some(ConnectionState::Connected));
        assert_eq!(world.looks(10, 1), []);
    }

    #[test]
    fn a_restart_that_leads_nowhere_is_a_break() {
        let mut world = World::connected();
        world.looks(4, 1);
        world.liveness.library(ConnectionState::Connecting);
        assert_eq!(world.looks(20, 1), [ConnectionState::Disconnected]);
    }

    #[test]
    fn a_process_that_was_stopped_has_not_heard_silence() {
        let mut world = World::connected();
        world.looks(4, 1);
        world.now += Duration::from_secs(3600);
        assert_eq!(world.looks(4, 0), []);
    }

    #[test]
    fn nothing_is_told_before_the_first_connection_or_after_a_failure() {
        let mut world = World::connected();
        world.liveness.library(ConnectionState::Failed);
        assert_eq!(world.looks(40, 1), []);
        let mut fresh = World::connected();
        fresh.liveness = Liveness::default();
        assert_eq!(fresh.looks(40, 1), []);
    }
}
