//! Closed servers: tokens that admit, made with a key that only the operator has.
//!
//! A token is `BASE64URL(JSON) . BASE64URL(HMAC-SHA256)`, the HMAC over the first part as it is written. The
//! server remembers none of them: what one admits to, and until when, stands in it. There is no taking back
//! but by a new key, so they are short-lived. Sans-IO: the time is a parameter.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duet_protocol::RoomId;
use duet_protocol::limits::MAX_ACCESS_TOKEN_BYTES;
use serde::{Deserialize, Serialize};

use crate::keys::{HmacKeys, KeyError};

/// The keys of a closed server: the newest, and the one before it while its tokens are still about.
#[derive(Debug, Clone)]
pub struct AccessKeys(HmacKeys);

/// What a token admits to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
// A restriction that this server does not know must not be taken for none.
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The last second at which it is good, since 1970.
    pub exp: u64,
    /// This room and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_id: Option<String>,
    /// Under this name, whatever the client says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For this alone; without, everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// What somebody may be here for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// In rooms; not in the directory.
    Guest,
    /// Shows the screens of others.
    Display,
    /// Shows a screen on a display.
    Presenter,
}

/// What a message that binds a uid asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<'a> {
    /// A place in this room.
    Join(&'a str),
    /// A name in the directory.
    Login,
    /// To be a display.
    CastOpen,
    /// To show something on a display.
    CastJoin,
}

impl AccessKeys {
    /// Reads the file of `--access-key`: one key, or two lines during a change, the new one first.
    ///
    /// # Errors
    /// Why there is no key in it.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        HmacKeys::read(path).map(Self)
    }

    /// The same from its text.
    ///
    /// # Errors
    /// Why there is no key in it.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        HmacKeys::new(text.lines()).map(Self)
    }

    /// A token for this.
    #[must_use]
    pub fn issue(&self, grant: &Grant) -> String {
        let claims = serde_json::to_vec(grant).expect("texts and a number");
        let mut token = URL_SAFE_NO_PAD.encode(claims);
        if let Some(tag) = self.0.sign(token.as_bytes()) {
            token.push('.');
            URL_SAFE_NO_PAD.encode_string(tag, &mut token);
        }
        token
    }

    /// What a token admits to at this time; none if it is not ours or its time is over.
    #[must_use]
    pub fn open(&self, token: &str, now_s: u64) -> Option<Grant> {
        if token.len() > MAX_ACCESS_TOKEN_BYTES {
            return None;
        }
        let (claims, tag) = token.split_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        if !self.0.verify(claims.as_bytes(), &tag) {
            return None;
        }
        let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
        let grant: Grant = serde_json::from_slice(&claims).ok()?;
        (now_s <= grant.exp).then_some(grant)
    }
}

impl Grant {
    /// Whether it admits to this.
    #[must_use]
    pub fn covers(&self, asked: Asked<'_>) -> bool {
        match (self.role, asked) {
            (None | Some(Role::Guest), Asked::Join(room)) => self.is_for(room),
            (None, Asked::Login | Asked::CastOpen | Asked::CastJoin)
            | (Some(Role::Display), Asked::CastOpen)
            | (Some(Role::Presenter), Asked::CastJoin) => self.room_id.is_none(),
            (Some(Role::Guest), Asked::Login | Asked::CastOpen | Asked::CastJoin)
            | (Some(Role::Display), Asked::Join(_) | Asked::Login | Asked::CastJoin)
            | (Some(Role::Presenter), Asked::Join(_) | Asked::Login | Asked::CastOpen) => false,
        }
    }

    fn is_for(&self, room: &str) -> bool {
        let canonical = |text: &str| RoomId::parse(text).ok().map(|room| room.canonical());
        match &self.room_id {
            None => true,
            Some(own) => canonical(own).is_some_and(|own| canonical(room) == Some(own)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ring::hmac;

    const KEY: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";

    fn keys(text: &str) -> AccessKeys {
        AccessKeys::parse(text).expect("keys")
    }

    fn grant() -> Grant {
        Grant {
            exp: 1_000,
            room_id: None,
            name: None,
            role: None,
        }
    }

    #[test]
    fn a_token_is_good_to_its_last_second_and_with_its_key_alone() {
        let token = keys(KEY).issue(&grant());
        assert_eq!(keys(KEY).open(&token, 1_000), Some(grant()));
        assert_eq!(keys(KEY).open(&token, 1_001), None);
        assert_eq!(keys(OTHER).open(&token, 0), None);
        // During a change both are good, and the first one makes new ones.
        let both = keys(&format!("{OTHER}\n{KEY}\n"));
        assert_eq!(both.open(&token, 0), Some(grant()));
        assert!(keys(OTHER).open(&both.issue(&grant()), 0).is_some());
    }

    /// Written by hand, so that other programs can make tokens too.
    #[test]
    fn the_form_is_the_documented_one() {
        let token = keys(KEY).issue(&Grant {
            room_id: Some("amber fox".into()),
            name: Some("Ann".into()),
            role: Some(Role::Guest),
            ..grant()
        });
        let (claims, tag) = token.split_once('.').expect("two parts");
        let text = URL_SAFE_NO_PAD.decode(claims).expect("base64url");
        let expected = r#"{"exp":1000,"roomId":"amber fox","name":"Ann","role":"guest"}"#;
        assert_eq!(String::from_utf8(text).expect("text"), expected);
        let key = hmac::Key::new(hmac::HMAC_SHA256, KEY.as_bytes());
        let own = hmac::sign(&key, claims.as_bytes());
        assert_eq!(URL_SAFE_NO_PAD.encode(own), tag);
    }

    #[test]
    fn what_this_server_does_not_understand_admits_nobody() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, KEY.as_bytes());
        for claims in [
            r#"{"exp":1000,"onlyOn":"Monday"}"#,
            r#"{"exp":1000,"role":"king"}"#,
            r#"{"exp":"never"}"#,
            "{}",
            "[]",
        ] {
            let claims = URL_SAFE_NO_PAD.encode(claims);
            let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&key, claims.as_bytes()));
            assert_eq!(keys(KEY).open(&format!("{claims}.{tag}"), 0), None);
        }
    }

    #[test]
    fn a_grant_covers_what_it_names() {
        let room = |room: &str| Grant {
            room_id: Some(room.into()),
            ..grant()
        };
        let role = |role| Grant {
            role: Some(role),
            ..grant()
        };
        let all = [
            Asked::Join("a b"),
            Asked::Login,
            Asked::CastOpen,
            Asked::CastJoin,
        ];
        let covered = |grant: Grant| all.map(|asked| grant.covers(asked));
        assert_eq!(covered(grant()), [true; 4]);
        assert_eq!(covered(room("A-B")), [true, false, false, false]);
        assert_eq!(covered(room("other")), [false; 4]);
        assert_eq!(covered(room("")), [false; 4]);
        assert_eq!(covered(role(Role::Guest)), [true, false, false, false]);
        assert_eq!(covered(role(Role::Display)), [false, false, true, false]);
        assert_eq!(covered(role(Role::Presenter)), [false, false, false, true]);
    }

    proptest! {
        #[test]
        fn a_changed_token_is_none(position in 0usize..200, byte in 33u8..127) {
            let token = keys(KEY).issue(&grant());
            let mut bytes = token.clone().into_bytes();
            let position = position % bytes.len();
            prop_assume!(bytes[position] != byte);
            bytes[position] = byte;
            let changed = String::from_utf8(bytes).expect("ASCII");
            prop_assert_eq!(keys(KEY).open(&changed, 0), None);
        }

        #[test]
        fn nonsense_is_none(text in ".{0,300}") {
            prop_assert_eq!(keys(KEY).open(&text, 0), None);
        }
    }
}
