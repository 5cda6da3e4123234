//! Room ids that can be spoken: five words of a public list.
//!
//! The list is the EFF's large word list for passphrases (Joseph Bonneau, Electronic Frontier
//! Foundation, 2016, <https://www.eff.org/dice>), under the Creative Commons Attribution 3.0 US
//! licence; `eff_large_wordlist.txt` holds its words without the dice numbers. Its four words with
//! a hyphen are not drawn, so that a generated id has exactly five parts: 7772⁵ is 64.6 bits.

use std::sync::LazyLock;

use crate::id::RoomId;
use crate::random::random_below;

/// Words in a generated room id.
const WORDS_PER_ROOM_ID: usize = 5;

static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    include_str!("eff_large_wordlist.txt")
        .lines()
        .filter(|word| !word.is_empty() && !word.contains('-'))
        .collect()
});

/// A new room id: five words joined by hyphens, 64.6 bits from the system's random source.
///
/// # Panics
/// If the operating system has no source of randomness.
#[must_use]
pub fn generate_room_id() -> RoomId {
    let count = u32::try_from(WORDS.len()).expect("a few thousand words");
    let words: Vec<&str> = (0..WORDS_PER_ROOM_ID)
        .map(|_| WORDS[random_below(count) as usize])
        .collect();
    RoomId::parse(&words.join("-")).expect("five words of the list are a valid room id")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn five_words_hold_64_bits() {
        let distinct: HashSet<&&str> = WORDS.iter().collect();
        assert_eq!(distinct.len(), 7772);
        let bits = (WORDS.len() as f64).log2() * WORDS_PER_ROOM_ID as f64;
        assert!(bits >= 64.0, "{bits} bits");
    }

    #[test]
    fn every_word_fits_and_survives_being_typed() {
        let longest = WORDS.iter().map(|word| word.len()).max().expect("words");
        assert!(longest * WORDS_PER_ROOM_ID + WORDS_PER_ROOM_ID - 1 <= 64);
        assert!(
            WORDS
                .iter()
                .all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()))
        );
        let room_id = generate_room_id();
        let spoken = room_id.as_str().replace('-', " ").to_uppercase();
        assert_eq!(RoomId::normalise(&spoken), Ok(room_id));
    }

    #[test]
    fn ids_differ() {
        let ids: HashSet<RoomId> = (0..200).map(|_| generate_room_id()).collect();
        assert_eq!(ids.len(), 200);
    }
}
