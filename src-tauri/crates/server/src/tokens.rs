//! Resume tokens: which are good, and for how long.

use duet_protocol::generate_token;

/// The tokens that prove a place or a login is ours: the one in the last answer, and, until the client
/// is heard again, the one it came with, in case that answer was lost.
#[derive(Debug)]
pub(crate) struct ResumeTokens {
    current: Box<str>,
    previous: Option<Box<str>>,
}

impl ResumeTokens {
    /// For a place or login that is new.
    pub(crate) fn new() -> Self {
        Self {
            current: generate_token().into(),
            previous: None,
        }
    }

    /// For a place or login that another node gave out, with the token it gave out last.
    pub(crate) fn known(current: &str) -> Self {
        Self {
            current: current.into(),
            previous: None,
        }
    }

    /// The one to hand out.
    pub(crate) fn current(&self) -> &str {
        &self.current
    }

    /// Compares in constant time: a token is a secret.
    pub(crate) fn admits(&self, presented: &str) -> bool {
        let is_current = is_equal(&self.current, presented);
        let is_previous = self
            .previous
            .as_deref()
            .is_some_and(|previous| is_equal(previous, presented));
        is_current | is_previous
    }

    /// A fresh one. `presented`, if it was good, stays so until [`Self::forget_previous`].
    pub(crate) fn rotate(&mut self, presented: Option<&str>) {
        let presented = presented.filter(|token| self.admits(token)).map(Box::from);
        let replaced = std::mem::replace(&mut self.current, generate_token().into());
        self.previous = Some(presented.unwrap_or(replaced));
    }

    /// The client has got the current one, as far as we can know.
    pub(crate) fn forget_previous(&mut self) {
        self.previous = None;
    }
}

fn is_equal(secret: &str, presented: &str) -> bool {
    let differing = secret
        .bytes()
        .zip(presented.bytes())
        .fold(0u8, |differing, (a, b)| differing | (a ^ b));
    secret.len() == presented.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presented_token_lives_until_the_client_is_heard() {
        let mut tokens = ResumeTokens::new();
        let first = tokens.current().to_owned();
        tokens.rotate(Some(&first));
        let second = tokens.current().to_owned();
        assert!(tokens.admits(&first) && tokens.admits(&second));
        tokens.forget_previous();
        assert!(!tokens.admits(&first) && tokens.admits(&second));
        assert!(!tokens.admits("") && !tokens.admits(&second[1..]));
    }

    #[test]
    fn at_most_two_tokens_are_good() {
        let mut tokens = ResumeTokens::new();
        let first = tokens.current().to_owned();
        tokens.rotate(Some(&first));
        let lost = tokens.current().to_owned();
        tokens.rotate(Some(&first));
        assert!(tokens.admits(&first));
        assert!(
            !tokens.admits(&lost),
            "it never reached the client that came with the first"
        );
    }
}
