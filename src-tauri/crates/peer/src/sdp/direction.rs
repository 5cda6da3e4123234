//! Directions an answer may have (RFC 3264, section 6.1).
//!
//! The library answers an inactive offer with `recvonly`; browsers refuse that. Nothing in an
//! answer may be wider than what the offer allows.

use super::{join, lines};
use crate::config::Direction;

/// The direction of each section, in order; a section without one is `sendrecv`.
pub fn directions(sdp: &str) -> Vec<Direction> {
    let mut found = Vec::new();
    for line in lines(sdp) {
        if line.starts_with("m=") {
            found.push(Direction::SendRecv);
        } else if let (Some(direction), Some(last)) = (parse(line), found.last_mut()) {
            *last = direction;
        }
    }
    found
}

/// The answer with each section no wider than the offer's section allows.
pub fn clamp_directions(answer: &str, offer: &str) -> String {
    let allowed = directions(offer);
    let mut section: Option<usize> = None;
    join(lines(answer).map(|line| {
        if line.starts_with("m=") {
            section = Some(section.map_or(0, |index| index + 1));
        }
        let offered = section.and_then(|index| allowed.get(index));
        match (parse(line), offered) {
            (Some(answered), Some(offered)) => attribute(clamp(answered, *offered)),
            (Some(_), None) | (None, Some(_)) | (None, None) => line,
        }
    }))
}

fn clamp(answered: Direction, offered: Direction) -> Direction {
    Direction::new(
        answered.sends() && offered.receives(),
        answered.receives() && offered.sends(),
    )
}

fn parse(line: &str) -> Option<Direction> {
    match line {
        "a=sendrecv" => Some(Direction::SendRecv),
        "a=sendonly" => Some(Direction::SendOnly),
        "a=recvonly" => Some(Direction::RecvOnly),
        "a=inactive" => Some(Direction::Inactive),
        _ => None,
    }
}

fn attribute(direction: Direction) -> &'static str {
    match direction {
        Direction::SendRecv => "a=sendrecv",
        Direction::SendOnly => "a=sendonly",
        Direction::RecvOnly => "a=recvonly",
        Direction::Inactive => "a=inactive",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::samples::{CHROMIUM_OFFER, OUR_ANSWER};

    const ALL: [Direction; 4] = [
        Direction::SendRecv,
        Direction::SendOnly,
        Direction::RecvOnly,
        Direction::Inactive,
    ];

    #[test]
    fn an_inactive_offer_is_answered_inactive() {
        let offer = CHROMIUM_OFFER.replace("a=sendrecv", "a=inactive");
        let answer = OUR_ANSWER.replace("a=sendrecv", "a=recvonly");
        let clamped = clamp_directions(&answer, &offer);
        assert_eq!(directions(&clamped), [Direction::Inactive; 2]);
        assert_eq!(clamped.replace("a=inactive", "a=sendrecv"), OUR_ANSWER);
    }

    #[test]
    fn no_answer_is_wider_than_its_offer() {
        for offered in ALL {
            for answered in ALL {
                let clamped = clamp(answered, offered);
                assert!(!clamped.sends() || offered.receives() && answered.sends());
                assert!(!clamped.receives() || offered.sends() && answered.receives());
            }
        }
        assert_eq!(
            clamp(Direction::SendRecv, Direction::RecvOnly),
            Direction::SendOnly
        );
    }
}
