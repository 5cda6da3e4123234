//! Random ids and numbers, all from the operating system's source.

use std::fmt::Write as _;

/// A client's id for one session: 128 random bits in hexadecimal.
///
/// # Panics
/// If the operating system has no source of randomness; nothing secure can go on then.
#[must_use]
pub fn generate_uid() -> String {
    random_hex_128()
}

/// A resume token or any other secret of 128 random bits, in hexadecimal.
///
/// # Panics
/// Like [`generate_uid`].
#[must_use]
pub fn generate_token() -> String {
    random_hex_128()
}

/// A number below `bound`, every one equally likely.
pub(crate) fn random_below(bound: u32) -> u32 {
    assert!(bound > 0, "nothing is below zero");
    // The last, incomplete run of `bound` numbers would favour the small ones: draw again.
    let unbiased_end = u32::MAX - u32::MAX % bound;
    loop {
        let drawn = getrandom::u32().expect("the operating system gives random numbers");
        if drawn < unbiased_end {
            return drawn % bound;
        }
    }
}

fn random_hex_128() -> String {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random numbers");
    bytes
        .iter()
        .fold(String::with_capacity(32), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn tokens_are_128_bits_and_differ() {
        let tokens: HashSet<String> = (0..1000).map(|_| generate_token()).collect();
        assert_eq!(tokens.len(), 1000);
        assert!(tokens.iter().all(|token| token.len() == 32));
        assert!(
            tokens
                .iter()
                .all(|token| token.bytes().all(|byte| byte.is_ascii_hexdigit()))
        );
    }

    #[test]
    fn numbers_stay_below_the_bound_and_reach_all_of_it() {
        let drawn: HashSet<u32> = (0..2000).map(|_| random_below(7)).collect();
        assert_eq!(drawn, (0..7).collect());
    }
}
