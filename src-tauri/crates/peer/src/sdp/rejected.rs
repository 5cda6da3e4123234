//! Rejected sections (port 0) lose what belongs to a transport they do not have.
//!
//! Firefox writes fresh ICE credentials into them; the library then sees "multiple conflicting
//! ice-ufrag values" and refuses the description.

use super::{is_rejected, join, lines};

const TRANSPORT_ATTRIBUTES: [&str; 5] = [
    "a=ice-",
    "a=fingerprint",
    "a=candidate",
    "a=end-of-candidates",
    "a=remote-candidates",
];

/// The description without ICE, fingerprint and candidate lines in rejected sections.
pub fn strip_rejected(sdp: &str) -> String {
    let mut rejected = false;
    join(lines(sdp).filter(|line| {
        if line.starts_with("m=") {
            rejected = is_rejected(line);
        }
        !(rejected && TRANSPORT_ATTRIBUTES.iter().any(|a| line.starts_with(a)))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::samples::{CHROMIUM_OFFER, FIREFOX_REJECTED_VIDEO_ANSWER};

    #[test]
    fn only_the_rejected_section_loses_its_transport() {
        let stripped = strip_rejected(FIREFOX_REJECTED_VIDEO_ANSWER);
        assert_eq!(
            FIREFOX_REJECTED_VIDEO_ANSWER.matches("a=ice-ufrag").count(),
            2
        );
        assert_eq!(stripped.matches("a=ice-ufrag").count(), 1);
        assert_eq!(stripped.matches("a=candidate").count(), 1);
        assert!(stripped.contains("m=video 0 "));
        assert!(stripped.contains("a=ice-ufrag:8a3b1c2d\r\n"));
    }

    #[test]
    fn a_description_without_rejected_sections_is_unchanged() {
        assert_eq!(strip_rejected(CHROMIUM_OFFER), CHROMIUM_OFFER);
    }
}
