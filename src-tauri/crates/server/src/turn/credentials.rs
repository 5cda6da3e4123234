//! Credentials that expire: the user name is `EXPIRY:UID`, the password its HMAC under a secret that
//! only servers know. The scheme is coturn's `use-auth-secret`, so either server can take credentials
//! that the other's signaling made. Nothing about a user is stored.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use md5::{Digest as _, Md5};
use ring::hmac;
use ring::rand::SystemRandom;

/// How long credentials live at most: one stolen from a page or a log is of little use.
pub const MAX_CREDENTIAL_TTL: Duration = Duration::from_secs(600);
/// How far the clocks of two servers with one secret may differ.
const CLOCK_TOLERANCE_S: u64 = 60;
/// A uid has at most 64 characters, of four bytes each.
const MAX_USERNAME_BYTES: usize = 300;

/// A user name and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// `EXPIRY:UID`.
    pub username: String,
    /// Base64.
    pub password: String,
}

impl Credential {
    /// Under this key a client signs its requests (RFC 8489 section 9.2.2).
    #[must_use]
    pub fn key(&self, realm: &str) -> hmac::Key {
        long_term_key(&self.username, realm, &self.password)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

/// The secrets in force: the first one signs, all of them verify. During a change there are two.
#[derive(Clone)]
pub struct Secrets(Vec<hmac::Key>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

/// Somebody who proved a credential.
#[derive(Debug, Clone)]
pub(super) struct User {
    /// The whole user name: an allocation belongs to it.
    pub(super) username: Arc<str>,
    /// Under this key the rest of the conversation is signed.
    pub(super) key: hmac::Key,
}

impl User {
    /// Whom the quota counts as one, however many credentials they got.
    pub(super) fn uid(&self) -> &str {
        self.username.split_once(':').map_or("", |(_, uid)| uid)
    }
}

impl Secrets {
    /// How many can be in force at once.
    pub const MAX: usize = 2;

    /// The newest first; those over [`Secrets::MAX`] are dropped.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let keys = secrets.into_iter().take(Self::MAX);
        let algorithm = hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY;
        Self(
            keys.map(|secret| hmac::Key::new(algorithm, secret.as_bytes()))
                .collect(),
        )
    }

    /// One that nobody knows, for as long as the program runs.
    ///
    /// # Panics
    /// If the system has no randomness.
    #[must_use]
    pub fn random() -> Self {
        let algorithm = hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY;
        let key = hmac::Key::generate(algorithm, &SystemRandom::new());
        Self(vec![key.expect("the system's random source works")])
    }

    /// A credential for a uid; none if there is no secret.
    #[must_use]
    pub fn credential(&self, uid: &str, now_s: u64, ttl: Duration) -> Option<Credential> {
        let expiry_s = now_s.saturating_add(ttl.min(MAX_CREDENTIAL_TTL).as_secs());
        let username = format!("{expiry_s}:{uid}");
        let password = password(self.0.first()?, &username);
        Some(Credential { username, password })
    }

    /// Who it is, if the name is in its time and `is_signed_with` likes one of the keys that it can have.
    pub(super) fn verify(
        &self,
        username: &str,
        realm: &str,
        now_s: u64,
        is_signed_with: impl Fn(&hmac::Key) -> bool,
    ) -> Option<User> {
        if !is_current(username, now_s) {
            return None;
        }
        let keys = self
            .0
            .iter()
            .map(|secret| long_term_key(username, realm, &password(secret, username)));
        let key = keys.into_iter().find(is_signed_with)?;
        Some(User {
            username: Arc::from(username),
            key,
        })
    }
}

/// Not expired, and no further ahead than any server of ours would write.
fn is_current(username: &str, now_s: u64) -> bool {
    let latest_s = now_s + MAX_CREDENTIAL_TTL.as_secs() + CLOCK_TOLERANCE_S;
    let Some((expiry, uid)) = username.split_once(':') else {
        return false;
    };
    let is_number = expiry.bytes().all(|byte| byte.is_ascii_digit());
    let expiry_s = expiry.parse::<u64>().ok().filter(|_| is_number);
    !uid.is_empty()
        && username.len() <= MAX_USERNAME_BYTES
        && expiry_s.is_some_and(|expiry_s| expiry_s > now_s && expiry_s <= latest_s)
}

fn password(secret: &hmac::Key, username: &str) -> String {
    BASE64_STANDARD.encode(hmac::sign(secret, username.as_bytes()))
}

/// The key of the long-term mechanism (RFC 8489 section 9.2.2).
pub(super) fn long_term_key(username: &str, realm: &str, password: &str) -> hmac::Key {
    let digest = Md5::digest(format!("{username}:{realm}:{password}"));
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, digest.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: u64 = 1_700_000_000;

    fn is_taken(secrets: &Secrets, credential: &Credential, now_s: u64) -> bool {
        let Credential { username, password } = credential;
        let key = long_term_key(username, "r", password);
        let tag = hmac::sign(&key, b"m");
        let user = secrets.verify(username, "r", now_s, |key| {
            hmac::verify(key, b"m", tag.as_ref()).is_ok()
        });
        user.is_some()
    }

    #[test]
    fn the_scheme_is_the_one_of_coturn() {
        // echo -n 1700000600:mira | openssl dgst -sha1 -hmac north -binary | base64
        let secrets = Secrets::new(["north"]);
        let credential = secrets.credential("mira", NOW_S, MAX_CREDENTIAL_TTL);
        let credential = credential.expect("a secret");
        assert_eq!(credential.username, "1700000600:mira");
        assert_eq!(credential.password, "39mIjUnL6Dr3/PWi/bJVZDhXAbA=");
    }

    #[test]
    fn a_credential_lives_for_its_time_and_never_longer_than_ten_minutes() {
        let secrets = Secrets::new(["north"]);
        let credential = secrets
            .credential("mira", NOW_S, Duration::from_secs(86_400))
            .expect("a secret");
        assert!(is_taken(&secrets, &credential, NOW_S));
        assert!(is_taken(&secrets, &credential, NOW_S + 599));
        assert!(!is_taken(&secrets, &credential, NOW_S + 600));
        // Somebody with the secret made one for a day: refused until its last minutes.
        assert!(!is_taken(&secrets, &credential, NOW_S - 86_400));
    }

    #[test]
    fn secrets_change_without_a_gap() {
        let old = Secrets::new(["north"]);
        let both = Secrets::new(["south", "north"]);
        let new = Secrets::new(["south"]);
        let before = old
            .credential("mira", NOW_S, MAX_CREDENTIAL_TTL)
            .expect("a secret");
        let after = both
            .credential("mira", NOW_S, MAX_CREDENTIAL_TTL)
            .expect("a secret");
        assert!(is_taken(&both, &before, NOW_S) && is_taken(&both, &after, NOW_S));
        assert!(!is_taken(&new, &before, NOW_S) && is_taken(&new, &after, NOW_S));
        assert!(!is_taken(&old, &after, NOW_S));
    }

    #[test]
    fn a_name_of_another_shape_is_nobody() {
        let secrets = Secrets::new(["north"]);
        for username in [
            "",
            ":",
            "mira",
            "1700000300",
            "1700000300:",
            ":mira",
            "+1700000300:mira",
            "-1:mira",
            "99999999999999999999999:mira",
            " 1700000300:mira",
        ] {
            let password = password(&secrets.0[0], username);
            let credential = Credential {
                username: username.into(),
                password,
            };
            assert!(!is_taken(&secrets, &credential, NOW_S), "{username}");
        }
    }

    #[test]
    fn another_uid_with_the_same_password_is_refused() {
        let secrets = Secrets::new(["north"]);
        let mut credential = secrets
            .credential("mira", NOW_S, MAX_CREDENTIAL_TTL)
            .expect("a secret");
        credential.username = credential.username.replace("mira", "noah");
        assert!(!is_taken(&secrets, &credential, NOW_S));
    }
}
