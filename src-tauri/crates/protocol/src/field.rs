//! The checks on single fields: ids and names.

use thiserror::Error;

use crate::id::canonical;
use crate::limits::MAX_ID_CHARS;

/// What is wrong with an id or a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FieldError {
    /// Nothing is left after trimming.
    #[error("is empty")]
    Empty,
    /// More than 64 characters.
    #[error("is longer than {MAX_ID_CHARS} characters")]
    TooLong,
    /// A control character, a line separator, or a mark that reorders the text around it.
    #[error("contains a control character")]
    ControlCharacter,
}

/// Trims an id and checks that 1–64 characters are left, none of them a control character.
///
/// # Errors
/// What is wrong with it.
pub fn check_id(text: &str) -> Result<&str, FieldError> {
    check(text)
}

/// Trims a name and checks it like an id.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(text: &str) -> Result<&str, FieldError> {
    check(text)
}

fn check(text: &str) -> Result<&str, FieldError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(FieldError::Empty);
    }
    // A bound in bytes first, so that a huge text is not counted.
    if trimmed.len() > MAX_ID_CHARS * 4 || trimmed.chars().count() > MAX_ID_CHARS {
        return Err(FieldError::TooLong);
    }
    if trimmed.chars().any(is_refused) {
        return Err(FieldError::ControlCharacter);
    }
    Ok(trimmed)
}

/// The form in which names of a lobby are compared: that of room ids, without characters that show
/// nothing. `None` if nothing is left.
///
/// `Ann Lee`, `ann  lee` and `ANN-LEE` are one name, and so is one with a zero-width space in it.
/// Letters of different scripts that look alike are different.
#[must_use]
pub fn canonical_name(name: &str) -> Option<String> {
    let visible: String = name.chars().filter(|shown| !is_invisible(*shown)).collect();
    check_name(&visible).ok().map(canonical)
}

/// Characters that show nothing by themselves: joiners, direction marks, fillers, variation selectors
/// and tags.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Control characters, line and paragraph separators, and the bidirectional overrides and isolates
/// by which a name could rewrite the text beside it on the other's screen.
fn is_refused(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_and_counts_characters_not_bytes() {
        assert_eq!(check_id("  Zürich 1 "), Ok("Zürich 1"));
        let longest = "字".repeat(64);
        assert_eq!(check_id(&longest), Ok(longest.as_str()));
        assert_eq!(check_id(&"字".repeat(65)), Err(FieldError::TooLong));
        assert_eq!(check_id(" \t\n"), Err(FieldError::Empty));
    }

    #[test]
    fn refuses_control_and_override_characters() {
        for bad in [
            "a\u{0}b",
            "a\nb",
            "a\u{7f}",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{2028}b",
        ] {
            assert_eq!(
                check_name(bad),
                Err(FieldError::ControlCharacter),
                "{bad:?}"
            );
        }
        // Joiners inside emoji and direction marks in right-to-left names are text.
        assert!(check_name("👩\u{200d}💻 אבג\u{200f}").is_ok());
    }

    #[test]
    fn names_that_look_alike_by_case_space_or_nothing_are_one() {
        let canonical = canonical_name("Ann Lee");
        assert!(canonical.is_some());
        for same in [
            "ann  lee",
            "ANN-LEE",
            "Ann\u{200b} L\u{2060}ee",
            "\u{feff}ann lee",
        ] {
            assert_eq!(canonical_name(same), canonical, "{same:?}");
        }
        assert_ne!(canonical_name("Ann Leo"), canonical);
        assert_ne!(canonical_name("AnnLee"), canonical);
        for nothing in ["", "\u{200b}", " \u{2800} ", "\u{3164}\u{e0020}"] {
            assert_eq!(canonical_name(nothing), None, "{nothing:?}");
        }
    }
}
