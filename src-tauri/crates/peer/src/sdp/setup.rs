//! The DTLS role (RFC 8842, section 5): fixed once, kept in every later answer.
//!
//! The library forgets the role in re-answers and browsers then refuse the description ("Failed
//! to set SSL role for the transport").

use super::{join, lines};

/// Who sends the ClientHello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DtlsRole {
    /// `a=setup:active`.
    Client,
    /// `a=setup:passive`.
    Server,
}

impl DtlsRole {
    /// The other side's role.
    pub fn opposite(self) -> Self {
        match self {
            DtlsRole::Client => DtlsRole::Server,
            DtlsRole::Server => DtlsRole::Client,
        }
    }

    fn attribute(self) -> &'static str {
        match self {
            DtlsRole::Client => "a=setup:active",
            DtlsRole::Server => "a=setup:passive",
        }
    }
}

/// The role the writer of this answer takes.
pub fn answerer_role(answer: &str) -> Option<DtlsRole> {
    lines(answer).find_map(|line| match line {
        "a=setup:active" => Some(DtlsRole::Client),
        "a=setup:passive" => Some(DtlsRole::Server),
        _ => None,
    })
}

/// Our answer with the role we already have.
pub fn keep_role(answer: &str, role: DtlsRole) -> String {
    join(lines(answer).map(|line| match line {
        "a=setup:active" | "a=setup:passive" | "a=setup:actpass" => role.attribute(),
        other => other,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::samples::{CHROMIUM_OFFER, OUR_ANSWER};

    #[test]
    fn a_re_answer_keeps_the_role_of_the_first() {
        assert_eq!(answerer_role(OUR_ANSWER), Some(DtlsRole::Client));
        let fixed = keep_role(OUR_ANSWER, DtlsRole::Server);
        assert_eq!(answerer_role(&fixed), Some(DtlsRole::Server));
        assert_eq!(fixed.matches("a=setup:passive").count(), 2);
        assert_eq!(fixed.replace("setup:passive", "setup:active"), OUR_ANSWER);
    }

    #[test]
    fn an_offer_that_leaves_it_open_names_no_role() {
        assert_eq!(answerer_role(CHROMIUM_OFFER), None);
    }
}
