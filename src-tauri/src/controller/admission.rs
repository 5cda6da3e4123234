//! What admits us to closed servers: a token for each, typed in the settings or brought by an invite.
//!
//! The protocol's README says what a token looks like. Ours are looked into for one thing: whether an invite's
//! token admits to more than its room. The server alone judges them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duet_protocol::AccessToken;
use serde::Deserialize;

use super::{Controller, Place, Window};
use crate::commands::Done;
use crate::view::{CommandError, CommandErrorCode};

/// What narrows a token down.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    room_id: Option<String>,
    role: Option<String>,
}

impl<W: Window> Controller<W> {
    /// Takes another token for the configured server, or forgets the one there is.
    pub(super) async fn set_server_token(&mut self, text: &str) -> Done {
        let text = text.trim();
        if !text.is_empty() && AccessToken::new(text).is_err() {
            return Err(CommandError {
                code: CommandErrorCode::Invalid,
                detail: "not a token".to_owned(),
            });
        }
        let url = self.server.url().to_owned();
        self.stored.set_token(&url, text);
        self.view.server.has_token = !text.is_empty();
        self.save();
        self.update_directory().await;
        Ok(())
    }

    /// The token for a server, if we have one.
    pub(super) fn token_for(&self, url: &str) -> Option<AccessToken> {
        let text = self.stored.token_for(url)?;
        AccessToken::new(text).ok()
    }

    /// Keeps the token of an invite for the directory and for casts, if it admits to them and there is none
    /// yet: what the person has chosen, no invite replaces.
    pub(super) async fn keep_token_of(&mut self, place: &Place) {
        let Some(token) = place.access.as_ref().filter(|token| admits_to_all(token)) else {
            return;
        };
        let url = match &place.other_server {
            Some(server) => server.url.clone(),
            None => self.server.url().to_owned(),
        };
        if self.stored.token_for(&url).is_some() {
            return;
        }
        self.stored.set_token(&url, token.expose());
        self.save();
        if url == self.server.url() {
            self.view.server.has_token = true;
            self.update_directory().await;
        }
    }
}

/// Neither one room nor one role alone.
fn admits_to_all(token: &AccessToken) -> bool {
    let claims = token.expose().split('.').next().unwrap_or_default();
    let claims = URL_SAFE_NO_PAD.decode(claims).ok();
    let claims = claims.and_then(|json| serde_json::from_slice::<Claims>(&json).ok());
    claims.is_some_and(|claims| claims.room_id.is_none() && claims.role.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> AccessToken {
        let text = format!("{}.AAAA", URL_SAFE_NO_PAD.encode(claims));
        AccessToken::new(&text).expect("a token")
    }

    #[test]
    fn only_a_token_for_everything_is_kept() {
        assert!(admits_to_all(&token(r#"{"exp":1,"name":"Ann"}"#)));
        assert!(!admits_to_all(&token(r#"{"exp":1,"roomId":"lunch"}"#)));
        assert!(!admits_to_all(&token(r#"{"exp":1,"role":"guest"}"#)));
        assert!(!admits_to_all(&token("no object")));
    }
}
