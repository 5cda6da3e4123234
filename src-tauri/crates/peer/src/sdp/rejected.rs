//! Rejected sections (port 0) lose what belongs to a transport they do not have.
//!
//! Browsers write fresh ICE credentials into them (Chromium does, see the test); the library then
//! sees "multiple conflicting ice-ufrag values" and refuses the description.

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
    use crate::sdp::samples::{
        CHROMIUM_OFFER, CHROMIUM_REJECTED_VIDEO_ANSWER, FIREFOX_REJECTED_VIDEO_ANSWER,
    };

    #[test]
    fn only_the_rejected_section_loses_its_transport() {
        let answer = CHROMIUM_REJECTED_VIDEO_ANSWER;
        let at = answer.find("m=video 0 ").unwrap();
        let (kept, rejected) = strip_rejected_at(answer, at);
        assert_eq!(kept, &answer[..at]);
        assert!(answer[at..].contains("a=ice-ufrag:25/5\r\n"));
        for attribute in TRANSPORT_ATTRIBUTES {
            assert!(!rejected.contains(attribute), "{rejected}");
        }
        assert!(rejected.contains("a=mid:1\r\n"));
    }

    fn strip_rejected_at(answer: &str, at: usize) -> (String, String) {
        let mut stripped = strip_rejected(answer);
        let rejected = stripped.split_off(at);
        (stripped, rejected)
    }

    #[test]
    fn a_description_with_nothing_to_strip_is_unchanged() {
        for sdp in [CHROMIUM_OFFER, FIREFOX_REJECTED_VIDEO_ANSWER] {
            assert_eq!(strip_rejected(sdp), sdp);
        }
    }
}
