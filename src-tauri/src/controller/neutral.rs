//! Names and texts of strangers, without what shows nothing or turns the writing around.
//!
//! Markup does no harm: the page makes text nodes of it, and the system's notifications get names in
//! fields that hold no markup. Direction overrides do, because they let `cod.exe` read as `exe.doc`, and
//! so do marks that make two names look like one.

/// A name: one line, nothing invisible.
pub(super) fn name(given: &str) -> String {
    let shown: String = given
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_hidden(*c) && !joins(*c))
        .collect();
    shown.trim().to_owned()
}

/// A text: lines, tabs and the joiners of scripts and emoji stay.
pub(super) fn text(given: &str) -> String {
    given
        .chars()
        .filter(|c| matches!(c, '\n' | '\t') || !is_hidden(*c))
        .collect()
}

/// Controls, direction overrides and isolates, fillers and tags.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Needed inside words and emoji, and nowhere in a name that is compared by eye.
fn joins(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_it_shows() {
        assert_eq!(name(" Ann\u{202e}nnA \u{200b}"), "AnnnnA");
        assert_eq!(name("Ann\nLee\t\u{feff}"), "Ann Lee");
        assert_eq!(name("שירה לוי"), "שירה לוי");
        assert_eq!(name("<b>Ann</b>"), "<b>Ann</b>");
        assert_eq!(name("\u{200d}\u{e0041}\u{3164}"), "");
    }

    #[test]
    fn a_text_keeps_its_lines_and_emoji_and_loses_overrides() {
        assert_eq!(text("one\r\n\ttwo\u{7}"), "one\n\ttwo");
        assert_eq!(
            text("👩\u{200d}💻 \u{202e}cod.exe\u{202c}"),
            "👩\u{200d}💻 cod.exe"
        );
    }
}
