//! Corrections and checks of session descriptions, as pure functions on their text.
//!
//! Text and not a parsed tree, because each function touches a few lines and must leave the rest
//! as the other side wrote it. Every function here exists for a case seen with a browser or for a
//! line of the threat list; each has its test on a real description.

mod candidate;
mod check;
mod direction;
mod media;
mod preference;
mod rejected;
#[cfg(test)]
pub(crate) mod samples;
mod setup;

pub use candidate::{
    CandidateRefused, MAX_CANDIDATES, candidate_type, check_candidate, hide_related,
};
pub use check::{DescriptionKind, DescriptionRefused, MAX_DESCRIPTION_BYTES, check_description};
pub use direction::{clamp_directions, directions};
pub use media::{Format, IceCredentials, MediaSection, ice_credentials, media_sections};
pub use preference::prefer_formats;
pub use rejected::strip_rejected;
pub use setup::{DtlsRole, answerer_role, keep_role};

/// Lines without their ends.
fn lines(sdp: &str) -> impl Iterator<Item = &str> {
    sdp.lines().map(|line| line.trim_end_matches('\r'))
}

/// Puts lines together again.
fn join<S: AsRef<str>>(lines: impl IntoIterator<Item = S>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.as_ref());
        text.push_str("\r\n");
    }
    text
}

/// Whether an `m=` line is one with port 0 (RFC 9429, section 5.3.1: rejected).
fn is_rejected(media_line: &str) -> bool {
    media_line.split(' ').nth(1) == Some("0")
}
