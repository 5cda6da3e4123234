//! Resume tokens: which are good, and for how long.

use duet_protocol::generate_token;

/// The tokens that prove a place or a login is ours: the one in the last answer, and, until the client
/// is heard again, the one it came with, in case that answer was lost.
#[derive(Debug)]
pub(crate) struct ResumeTokens {
    current: Token,
    /// In a box, as there mostly is none.
    previous: Option<Box<Token>>,
}

/// The 128 bits behind the hexadecimal: there is one for each connection. As bytes, since the number would take more
/// place where it is in line.
#[derive(Debug, Clone, Copy)]
struct Token([u8; 16]);

impl ResumeTokens {
    /// For a place or login that is new.
    pub(crate) fn new() -> Self {
        Self {
            current: Token::generate(),
            previous: None,
        }
    }

    /// For a place or login that another node gave out, with the token it gave out last. Nobody comes back with
    /// one that is none.
    pub(crate) fn known(current: &str) -> Self {
        Self {
            current: Token::parse(current).unwrap_or_else(Token::generate),
            previous: None,
        }
    }

    /// The one to hand out.
    pub(crate) fn current(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.current.0))
    }

    /// Compares in constant time: a token is a secret.
    pub(crate) fn admits(&self, presented: &str) -> bool {
        Token::parse(presented).is_some_and(|presented| self.knows(presented))
    }

    fn knows(&self, presented: Token) -> bool {
        let is_current = self.current.is(presented);
        let previous = self.previous.as_deref();
        let is_previous = previous.is_some_and(|previous| previous.is(presented));
        is_current | is_previous
    }

    /// A fresh one. `presented`, if it was good, stays so until [`Self::forget_previous`].
    pub(crate) fn rotate(&mut self, presented: Option<&str>) {
        let presented = presented.and_then(Token::parse);
        let presented = presented.filter(|token| self.knows(*token));
        let replaced = std::mem::replace(&mut self.current, Token::generate());
        self.previous = Some(Box::new(presented.unwrap_or(replaced)));
    }

    /// The client has got the current one, as far as we can know.
    pub(crate) fn forget_previous(&mut self) {
        self.previous = None;
    }
}

impl Token {
    fn generate() -> Self {
        Self::parse(&generate_token()).expect("128 bits in hexadecimal")
    }

    /// None for what [`generate_token`] does not make.
    fn parse(text: &str) -> Option<Self> {
        let is_digit = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        let is_token = text.len() == 32 && text.as_bytes().iter().all(is_digit);
        let bits = is_token.then(|| u128::from_str_radix(text, 16).ok());
        bits.flatten().map(|bits| Self(bits.to_be_bytes()))
    }

    /// In constant time.
    fn is(self, presented: Self) -> bool {
        let pairs = self.0.iter().zip(&presented.0);
        pairs.fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presented_token_lives_until_the_client_is_heard() {
        let mut tokens = ResumeTokens::new();
        let first = tokens.current();
        tokens.rotate(Some(&first));
        let second = tokens.current();
        assert!(tokens.admits(&first) && tokens.admits(&second));
        tokens.forget_previous();
        assert!(!tokens.admits(&first) && tokens.admits(&second));
        assert!(!tokens.admits("") && !tokens.admits(&second[1..]));
    }

    #[test]
    fn only_the_very_letters_are_a_token() {
        let mut tokens = ResumeTokens::known("00ff00ff00ff00ff00ff00ff00ff00ff");
        assert_eq!(tokens.current(), "00ff00ff00ff00ff00ff00ff00ff00ff");
        for other in [
            "00FF00ff00ff00ff00ff00ff00ff00ff",
            "ff00ff00ff00ff00ff00ff00ff00ff",
            "+0ff00ff00ff00ff00ff00ff00ff00ff",
            "000ff00ff00ff00ff00ff00ff00ff00ff",
        ] {
            assert!(!tokens.admits(other), "{other}");
        }
        tokens.rotate(Some("00ff00ff00ff00ff00ff00ff00ff00ff"));
        assert!(tokens.admits("00ff00ff00ff00ff00ff00ff00ff00ff"));
        let nobody = ResumeTokens::known("none");
        assert!(!nobody.admits("none"));
        assert!(nobody.admits(&nobody.current()));
    }

    #[test]
    fn at_most_two_tokens_are_good() {
        let mut tokens = ResumeTokens::new();
        let first = tokens.current();
        tokens.rotate(Some(&first));
        let lost = tokens.current();
        tokens.rotate(Some(&first));
        assert!(tokens.admits(&first));
        assert!(
            !tokens.admits(&lost),
            "it never reached the client that came with the first"
        );
    }
}
