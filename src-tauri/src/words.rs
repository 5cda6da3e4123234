//! The few words that Rust itself shows, in the system's notifications: read from the page's own
//! language files, so that no word is written twice.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::view::LanguageChoice;

type Words = HashMap<String, String>;

static ENGLISH: LazyLock<Words> =
    LazyLock::new(|| read(include_str!("../../ui/src/locales/en.json")));
static CHINESE: LazyLock<Words> =
    LazyLock::new(|| read(include_str!("../../ui/src/locales/zh-CN.json")));

/// The text of a key of the language files.
pub(crate) fn word(choice: LanguageChoice, key: &str) -> &'static str {
    let is_chinese = match choice {
        LanguageChoice::English => false,
        LanguageChoice::SimplifiedChinese => true,
        LanguageChoice::System => system_is_chinese(sys_locale::get_locales()),
    };
    let words = if is_chinese { &*CHINESE } else { &*ENGLISH };
    words.get(key).map_or("", String::as_str)
}

/// The first language of the system that Duet speaks, as the page chooses it.
fn system_is_chinese(system: impl Iterator<Item = String>) -> bool {
    let primary = |tag: &String| {
        let tag = tag.to_ascii_lowercase();
        tag.split(['-', '_']).next().unwrap_or_default().to_owned()
    };
    system
        .map(|tag| primary(&tag))
        .find(|language| language == "en" || language == "zh")
        .is_some_and(|language| language == "zh")
}

fn read(file: &str) -> Words {
    // The file is part of the program; a test reads it.
    serde_json::from_str(file).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_there_in_both_languages() {
        for key in [
            "notify.video",
            "notify.audio",
            "notify.open",
            "incoming.accept",
            "incoming.withoutCamera",
            "incoming.decline",
        ] {
            let english = word(LanguageChoice::English, key);
            let chinese = word(LanguageChoice::SimplifiedChinese, key);
            assert!(
                !english.is_empty() && !chinese.is_empty() && english != chinese,
                "{key}"
            );
        }
    }

    #[test]
    fn the_system_chooses_as_in_the_page() {
        let choose = |tags: &[&str]| system_is_chinese(tags.iter().map(|tag| (*tag).to_owned()));
        assert!(choose(&["zh_TW", "en"]));
        assert!(choose(&["fr-FR", "zh-Hans-CN"]));
        assert!(!choose(&["en-GB", "zh-CN"]));
        assert!(!choose(&["C"]));
    }
}
