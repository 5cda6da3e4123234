//! When things happened, for the figures: how long joining, connecting and the first picture took.

use std::time::Instant;

use duet_protocol::ServerMessage;

/// The moments of one call.
#[derive(Debug, Default, Clone)]
pub(crate) struct Timeline {
    asked: Option<Instant>,
    joined: Option<Instant>,
    /// From here the connection counts: the own join, or for the one who waited `new-peer`.
    both: Option<Instant>,
    connected: Option<Instant>,
    first_frame: Option<Instant>,
}

impl Timeline {
    /// The person asked to join.
    pub(crate) fn asked(&mut self, now: Instant) {
        *self = Self {
            asked: Some(now),
            ..Self::default()
        };
    }

    /// The server said something.
    pub(crate) fn message(&mut self, message: &ServerMessage, now: Instant) {
        match message {
            ServerMessage::Joined { .. } => {
                self.joined.get_or_insert(now);
            }
            ServerMessage::RespJoin { .. } => {
                self.both = self.both.or(self.asked);
            }
            ServerMessage::NewPeer { .. } => {
                self.both.get_or_insert(now);
            }
            _ => {}
        }
    }

    /// Media can flow.
    pub(crate) fn connected(&mut self, now: Instant) {
        self.connected.get_or_insert(now);
    }

    /// The first picture was decoded.
    pub(crate) fn first_frame(&mut self, at: Instant) {
        self.first_frame.get_or_insert(at);
    }

    /// Milliseconds from asking to `joined`.
    pub(crate) fn joined_ms(&self) -> Option<u64> {
        between(self.asked, self.joined)
    }

    /// Milliseconds from both being there to connected.
    pub(crate) fn connected_ms(&self) -> Option<u64> {
        between(self.both, self.connected)
    }

    /// Milliseconds from both being there to the first picture.
    pub(crate) fn first_frame_ms(&self) -> Option<u64> {
        between(self.both, self.first_frame)
    }
}

fn between(from: Option<Instant>, to: Option<Instant>) -> Option<u64> {
    Some(to?.saturating_duration_since(from?).as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn new_peer() -> ServerMessage {
        ServerMessage::NewPeer {
            remote_uid: "b".to_owned(),
            name: None,
        }
    }

    #[test]
    fn who_waited_counts_from_the_others_arrival() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut timeline = Timeline::default();
        timeline.asked(start);
        timeline.message(&new_peer(), at(1000));
        timeline.connected(at(1040));
        timeline.connected(at(9000));
        timeline.first_frame(at(1100));
        assert_eq!(timeline.connected_ms(), Some(40));
        assert_eq!(timeline.first_frame_ms(), Some(100));
        assert_eq!(timeline.joined_ms(), None);
    }
}
