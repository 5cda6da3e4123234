//! Room ids: what a person types, what stands on the wire, and when two of them mean one room.
//!
//! Three forms, because people read room ids to each other over the phone:
//! the text as sent (`"Amber Fox"`), which the server echoes to the one who sent it; the canonical
//! form (`"amber-fox"`) by which the server compares; and what a person typed, which becomes the
//! canonical form before it is sent. Comparing exactly was rejected: a plain browser page that
//! sends `Demo` as typed and an application that lower-cases it would wait in two rooms for ever.

use std::fmt;

use crate::field::{FieldError, check_id};

/// A valid room id: 1–64 characters after trimming, no control characters.
///
/// Equality is of the text; use [`RoomId::canonical`] to ask whether two ids mean the same room.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(String);

impl RoomId {
    /// Takes the text of a message: trimmed, checked, otherwise as it is.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        check_id(text).map(|trimmed| Self(trimmed.to_owned()))
    }

    /// Takes what a person typed: trimmed, lower case, runs of spaces and hyphens one hyphen.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn normalise(typed: &str) -> Result<Self, FieldError> {
        // Inner tabs and line breaks come from pasting; they are spaces here.
        let spaced: String = typed.split_whitespace().collect::<Vec<_>>().join(" ");
        let checked = check_id(&spaced)?;
        Self::parse(&canonical(checked))
    }

    /// The key by which the server tells rooms apart.
    #[must_use]
    pub fn canonical(&self) -> String {
        canonical(&self.0)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<RoomId> for String {
    fn from(room_id: RoomId) -> Self {
        room_id.0
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A room id admits to the room, so it stays out of logs that print with `{:?}`.
impl fmt::Debug for RoomId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RoomId(…)")
    }
}

/// Lower case, and every run of white space and hyphens one hyphen, none at the ends.
pub(crate) fn canonical(text: &str) -> String {
    let is_gap = |character: char| character.is_whitespace() || character == '-';
    let words: Vec<&str> = text.split(is_gap).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        // Nothing but hyphens: a room of its own, not an empty name.
        return text.to_owned();
    }
    words.join("-").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_text_becomes_the_canonical_form() {
        for typed in [
            "amber-fox",
            " Amber Fox ",
            "AMBER  -  FOX",
            "amber\n fox",
            "Amber--fox-",
        ] {
            let room_id = RoomId::normalise(typed).expect("valid");
            assert_eq!(room_id.as_str(), "amber-fox", "{typed:?}");
        }
    }

    #[test]
    fn the_canonical_form_is_stable() {
        for text in ["Straße", "İstanbul", "--", "Room 7", "房间 一"] {
            let once = RoomId::parse(text).expect("valid").canonical();
            let twice = RoomId::parse(&once).expect("valid").canonical();
            assert_eq!(once, twice);
        }
    }

    #[test]
    fn debug_output_hides_the_id() {
        let room_id = RoomId::parse("secret-place").expect("valid");
        assert!(!format!("{room_id:?}").contains("secret"));
    }
}
