//! The code by which a presenter finds a display: read from one screen, typed on another.
//!
//! Eight characters of Crockford's base32, 40 bits, shown in two groups. People type what they see: case,
//! hyphens and spaces do not matter, and the letters that look like digits are those digits.

use std::fmt;

/// Crockford's alphabet: no I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code, without the hyphen.
const LENGTH: usize = 8;

/// A code of a cast.
///
/// It admits to somebody's display, so `{:?}` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CastCode([u8; LENGTH]);

impl CastCode {
    /// A new one: 40 bits of the operating system's random source.
    ///
    /// # Panics
    /// If the operating system has no source of randomness; nothing secure can go on then.
    #[must_use]
    pub fn generate() -> Self {
        let mut bytes = [0u8; LENGTH];
        getrandom::fill(&mut bytes).expect("the operating system gives random numbers");
        // 256 is a multiple of 32: every character is equally likely.
        Self(bytes.map(|byte| ALPHABET[usize::from(byte % 32)]))
    }

    /// Reads what a person typed; `None` if it is no code.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let is_gap = |character: &char| character.is_whitespace() || is_dash(*character);
        let mut code = [0u8; LENGTH];
        let mut length = 0;
        for character in typed.chars().filter(|character| !is_gap(character)) {
            *code.get_mut(length)? = digit(character)?;
            length += 1;
        }
        (length == LENGTH).then_some(Self(code))
    }
}

/// As people read it: `XXXX-XXXX`.
impl fmt::Display for CastCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if index == LENGTH / 2 {
                formatter.write_str("-")?;
            }
            write!(formatter, "{}", char::from(*byte))?;
        }
        Ok(())
    }
}

impl fmt::Debug for CastCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CastCode(…)")
    }
}

/// The hyphens that keyboards and programs put in.
fn is_dash(character: char) -> bool {
    matches!(character, '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// The character of the alphabet that was meant.
fn digit(typed: char) -> Option<u8> {
    let upper = u8::try_from(typed).ok()?.to_ascii_uppercase();
    match upper {
        b'O' => Some(b'0'),
        b'I' | b'L' => Some(b'1'),
        _ => ALPHABET.contains(&upper).then_some(upper),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn what_people_type_is_the_code_they_see() {
        let code = CastCode::parse("0A1B-C10Z").expect("a code");
        for typed in [
            "0A1BC10Z",
            " oa1b c1oz ",
            "OaIb-cLoZ",
            "0a-1b – c1_0z",
            "0a1b\tc10z\n",
        ] {
            assert_eq!(CastCode::parse(typed), Some(code), "{typed:?}");
        }
        assert_eq!(code.to_string(), "0A1B-C10Z");
        assert!(!format!("{code:?}").contains("0A1B"));
    }

    #[test]
    fn what_is_no_code_is_none() {
        for typed in [
            "",
            "-",
            "0A1B-C10",
            "0A1B-C10ZZ",
            "0A1B-C10U",
            "0A1B.C10Z",
            "0A1B-C10é",
        ] {
            assert_eq!(CastCode::parse(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn codes_are_read_back_and_use_the_whole_alphabet() {
        let codes: Vec<CastCode> = (0..1000).map(|_| CastCode::generate()).collect();
        let texts: Vec<String> = codes.iter().map(CastCode::to_string).collect();
        let read: Vec<_> = texts.iter().map(|text| CastCode::parse(text)).collect();
        assert!(
            read.iter()
                .zip(&codes)
                .all(|(read, code)| *read == Some(*code))
        );
        let characters: HashSet<char> = texts.concat().chars().collect();
        assert_eq!(characters.len(), 33, "32 characters and the hyphen");
        assert_eq!(codes.iter().collect::<HashSet<_>>().len(), 1000);
    }
}
