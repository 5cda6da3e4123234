//! How often a broken part of a session's media is built again.
//!
//! A fault in a codec costs a moment, not the call. One that comes back at once is no accident, and
//! trying for ever would burn a core and hide it: after some tries the part is given up, and said to
//! be.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const MAX_REBUILDS: usize = 5;
const WINDOW: Duration = Duration::from_secs(60);

/// What can break by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaPart {
    /// Our pictures.
    SentVideo,
    /// Our camera beside our screen.
    SentTile,
    /// Our sound.
    SentSound,
    /// The other's pictures.
    ReceivedVideo,
    /// The other's camera beside their screen.
    ReceivedTile,
    /// The other's sound.
    ReceivedSound,
}

impl MediaPart {
    pub(super) const ALL: [Self; 6] = [
        Self::SentVideo,
        Self::SentTile,
        Self::SentSound,
        Self::ReceivedVideo,
        Self::ReceivedTile,
        Self::ReceivedSound,
    ];
}

/// What to do about a broken part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Build it again.
    Rebuild,
    /// Say that it is off. Told once.
    GiveUp,
    /// It was given up before.
    Nothing,
}

/// The tries of one part.
#[derive(Debug, Default)]
pub(super) struct Rebuilds {
    lately: VecDeque<Instant>,
    given_up: bool,
}

impl Rebuilds {
    /// The part is broken.
    pub(super) fn remedy(&mut self, now: Instant) -> Remedy {
        if self.given_up {
            return Remedy::Nothing;
        }
        self.lately
            .retain(|at| now.saturating_duration_since(*at) < WINDOW);
        if self.lately.len() >= MAX_REBUILDS {
            self.given_up = true;
            return Remedy::GiveUp;
        }
        self.lately.push_back(now);
        Remedy::Rebuild
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_times_a_minute_and_then_no_more() {
        let start = Instant::now();
        let mut rebuilds = Rebuilds::default();
        for second in 0..5 {
            let now = start + Duration::from_secs(second);
            assert_eq!(rebuilds.remedy(now), Remedy::Rebuild);
        }
        let later = start + Duration::from_secs(59);
        assert_eq!(rebuilds.remedy(later), Remedy::GiveUp);
        let much_later = start + Duration::from_secs(3600);
        assert_eq!(rebuilds.remedy(much_later), Remedy::Nothing);
    }

    #[test]
    fn rare_faults_are_mended_for_ever() {
        let start = Instant::now();
        let mut rebuilds = Rebuilds::default();
        for number in 0..100 {
            let now = start + Duration::from_secs(number * 15);
            assert_eq!(rebuilds.remedy(now), Remedy::Rebuild);
        }
    }
}
