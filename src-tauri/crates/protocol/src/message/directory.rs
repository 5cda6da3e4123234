//! What messages of the directory carry.

use serde::{Deserialize, Serialize};

use super::IceServer;

/// Somebody in a lobby, as the others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Their uid.
    pub uid: String,
    /// Their name, unique in the lobby.
    pub name: String,
    /// Cannot be called now.
    #[serde(default)]
    pub busy: bool,
}

/// Somebody who calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// Their uid.
    pub uid: String,
    /// Their name.
    pub name: String,
}

/// What changed in a lobby within a quarter of a second. All four lists are always there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// Logged in; takes the place of what was known of the uid.
    #[serde(default)]
    pub online: Vec<User>,
    /// Logged out, or gone for good.
    #[serde(default)]
    pub offline: Vec<User>,
    /// Can no longer be called.
    #[serde(default)]
    pub busy: Vec<User>,
    /// Can be called again.
    #[serde(default)]
    pub free: Vec<User>,
}

/// What a caller wants to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallMedia {
    /// Picture and sound.
    Video,
    /// Sound alone.
    Audio,
}

/// What came of a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "LoginFields", into = "LoginFields")]
pub enum LoginAnswer {
    /// `"success":true`
    Accepted {
        /// The bound uid.
        uid: String,
        /// The others in the lobby.
        users: Vec<User>,
        /// STUN and TURN servers, in the browser's form.
        ice_servers: Vec<IceServer>,
        /// Proof for coming back; our server puts a fresh one into each answer.
        resume_token: Option<String>,
        /// Whether a kept login was taken back.
        resumed: bool,
    },
    /// `"success":false`
    Refused(LoginRefusal),
}

/// Why a login was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginRefusal {
    /// Somebody in the lobby has this name, or it is kept for somebody.
    NameTaken,
    /// Empty, too long, or with characters that names must not have.
    NameInvalid,
    /// The lobby has no place left.
    LobbyFull,
    /// A code of a newer server; our server never sends it.
    #[serde(other)]
    Unknown,
}

/// A login's answer as it stands on the wire.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginFields {
    success: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    users: Option<Vec<User>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ice_servers: Option<Vec<IceServer>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resume_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resumed: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<LoginRefusal>,
}

impl From<LoginAnswer> for LoginFields {
    fn from(answer: LoginAnswer) -> Self {
        match answer {
            LoginAnswer::Accepted {
                uid,
                users,
                ice_servers,
                resume_token,
                resumed,
            } => Self {
                success: true,
                uid: Some(uid),
                users: Some(users),
                ice_servers: Some(ice_servers),
                resume_token,
                resumed: Some(resumed),
                code: None,
            },
            LoginAnswer::Refused(code) => Self {
                code: Some(code),
                ..Self::default()
            },
        }
    }
}

impl TryFrom<LoginFields> for LoginAnswer {
    type Error = &'static str;

    fn try_from(fields: LoginFields) -> Result<Self, Self::Error> {
        if !fields.success {
            return Ok(Self::Refused(fields.code.unwrap_or(LoginRefusal::Unknown)));
        }
        Ok(Self::Accepted {
            uid: fields.uid.ok_or("missing field `uid`")?,
            users: fields.users.unwrap_or_default(),
            ice_servers: fields.ice_servers.unwrap_or_default(),
            resume_token: fields.resume_token,
            resumed: fields.resumed.unwrap_or(false),
        })
    }
}
