//! Invites: `https://HOST/r/ROOM` and `duet://HOST/ROOM`, and what a person pastes.
//!
//! Everything behind the `#` is a secret between the two people: it is kept apart from the rest,
//! printed by no `Debug`, and part of no address a client connects to. Parsing is strict, for an
//! invite comes from a stranger: exactly these two shapes, no user names, no query.

use std::fmt;
use std::net::IpAddr;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use thiserror::Error;
use url::{Host, Url};

use crate::field::FieldError;
use crate::id::RoomId;
use crate::limits::{MAX_ACCESS_TOKEN_BYTES, MAX_INVITE_SECRET_BYTES, MAX_ROOM_ENTRY_BYTES};

/// The port a server on a local network listens on when the invite names none.
const LOCAL_SERVER_PORT: u16 = 7440;

/// What tells a token behind the `#` from a secret.
const ACCESS_PREFIX: &str = "t=";

/// What a path segment must escape: more than URLs demand, so that messengers do not cut it.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'\'')
    .add(b'(')
    .add(b')')
    .add(b'*')
    .add(b'+')
    .add(b',')
    .add(b'/')
    .add(b':')
    .add(b';')
    .add(b'<')
    .add(b'=')
    .add(b'>')
    .add(b'?')
    .add(b'@')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'!')
    .add(b'$');

/// Which of the two shapes an invite has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InviteScheme {
    /// `https://HOST/r/ROOM`: opens in any browser; the server speaks TLS.
    Https,
    /// `duet://HOST/ROOM`: opens the application; also for servers on a local network.
    Duet,
}

/// The part of an invite that no server may see.
#[derive(Clone, PartialEq, Eq)]
pub struct InviteSecret(String);

impl InviteSecret {
    /// Takes 1–256 bytes of visible ASCII without `#` that do not begin like a token (`t=`).
    ///
    /// # Errors
    /// [`InviteError::Secret`].
    pub fn new(text: &str) -> Result<Self, InviteError> {
        let is_allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        let fits = (1..=MAX_INVITE_SECRET_BYTES).contains(&text.len());
        if fits && text.bytes().all(is_allowed) && !text.starts_with(ACCESS_PREFIX) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InviteError::Secret)
        }
    }

    /// The secret itself. Never send it to a server, never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for InviteSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InviteSecret(…)")
    }
}

/// What admits to a closed server: `#t=TOKEN` in an invite, so that no proxy and no log sees it; the
/// client sends it in its `join`.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(String);

impl AccessToken {
    /// Takes 1–2,048 bytes of base64url and full stops.
    ///
    /// # Errors
    /// [`InviteError::Secret`].
    pub fn new(text: &str) -> Result<Self, InviteError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = (1..=MAX_ACCESS_TOKEN_BYTES).contains(&text.len());
        if fits && text.bytes().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InviteError::Secret)
        }
    }

    /// The token itself, for the `token` of `join` and `login`. Never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccessToken(…)")
    }
}

/// An invite to a room on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Its shape.
    pub scheme: InviteScheme,
    host: Host<String>,
    port: Option<u16>,
    /// The room.
    pub room_id: RoomId,
    /// What admits to the server, if that is closed.
    pub access: Option<AccessToken>,
    /// What else stood behind the `#`.
    pub secret: Option<InviteSecret>,
}

/// Why a text is no invite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InviteError {
    /// Longer than anything a person pastes.
    #[error("the text is too long")]
    TooLong,
    /// Neither `https://HOST/r/ROOM` nor `duet://HOST/ROOM`.
    #[error("this is not an invite")]
    NotAnInvite,
    /// The room id in it is not one.
    #[error("the room id {0}")]
    Room(#[from] FieldError),
    /// The part behind the `#` is not one of ours.
    #[error("the part behind the # is damaged")]
    Secret,
    /// `.` and `..` mean something else in a URL.
    #[error("this room id cannot stand in a link")]
    NotExpressible,
}

impl Invite {
    /// Makes an invite; `host` is `HOST` or `HOST:PORT`.
    ///
    /// # Errors
    /// If `host` is not one, or the room id cannot stand in a link.
    pub fn new(
        scheme: InviteScheme,
        host: &str,
        room_id: RoomId,
        secret: Option<InviteSecret>,
    ) -> Result<Self, InviteError> {
        if matches!(room_id.as_str(), "." | "..") {
            return Err(InviteError::NotExpressible);
        }
        if host.contains(['/', '?', '#', '@', '\\']) {
            return Err(InviteError::NotAnInvite);
        }
        let url = Url::parse(&format!("duet://{host}/")).map_err(|_| InviteError::NotAnInvite)?;
        let (host, port) = host_and_port(&url, scheme)?;
        Ok(Self {
            scheme,
            host,
            port,
            room_id,
            access: None,
            secret,
        })
    }

    /// The same with what admits to a closed server.
    #[must_use]
    pub fn with_access(self, token: AccessToken) -> Self {
        Self {
            access: Some(token),
            ..self
        }
    }

    /// Reads exactly one invite.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, InviteError> {
        let text = text.trim();
        if text.len() > MAX_ROOM_ENTRY_BYTES {
            return Err(InviteError::TooLong);
        }
        let url = Url::parse(text).map_err(|_| InviteError::NotAnInvite)?;
        let scheme = match url.scheme() {
            "https" => InviteScheme::Https,
            "duet" => InviteScheme::Duet,
            _ => return Err(InviteError::NotAnInvite),
        };
        let has_credentials = !url.username().is_empty() || url.password().is_some();
        if has_credentials || url.query().is_some() {
            return Err(InviteError::NotAnInvite);
        }
        let (host, port) = host_and_port(&url, scheme)?;
        let room_id = room_of(&url, scheme)?;
        let (access, secret) = behind_the_hash(url.fragment().unwrap_or_default())?;
        Ok(Self {
            scheme,
            host,
            port,
            room_id,
            access,
            secret,
        })
    }

    /// The link to hand on, secret included.
    #[must_use]
    pub fn to_link(&self) -> String {
        let room = utf8_percent_encode(self.room_id.as_str(), SEGMENT);
        let host = self.host();
        let mut link = match self.scheme {
            InviteScheme::Https => format!("https://{host}/r/{room}"),
            InviteScheme::Duet => format!("duet://{host}/{room}"),
        };
        if let Some(token) = &self.access {
            link.push('#');
            link.push_str(ACCESS_PREFIX);
            link.push_str(token.expose());
        }
        if let Some(secret) = &self.secret {
            link.push(if self.access.is_some() { '&' } else { '#' });
            link.push_str(secret.expose());
        }
        link
    }

    /// The server as a person reads it: `HOST` or `HOST:PORT`.
    #[must_use]
    pub fn host(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }

    /// The WebSocket address of the server.
    ///
    /// Plain `ws` only for a `duet://` invite to a private address, `localhost` or a `.local`
    /// name, where no certificate can be had; without a port that is 7440. Everything else is
    /// `wss`, so that no invite can talk a client out of TLS on the internet.
    #[must_use]
    pub fn server_url(&self) -> String {
        let is_plain = match self.scheme {
            InviteScheme::Https => false,
            InviteScheme::Duet => is_local(&self.host),
        };
        if is_plain {
            let port = self.port.unwrap_or(LOCAL_SERVER_PORT);
            format!("ws://{}:{port}/ws", self.host)
        } else {
            format!("wss://{}/ws", self.host())
        }
    }
}

/// What a person put into the room field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomEntry {
    /// A room on the configured server.
    Room(RoomId),
    /// An invite, which may name another server: ask before connecting to that.
    Invite(Invite),
}

/// Reads the room field: a room id, an invite, or a message somebody pasted that contains one.
///
/// # Errors
/// Why it is neither. Text that looks like a link but is no invite is never taken as a room id.
pub fn parse_room_entry(text: &str) -> Result<RoomEntry, InviteError> {
    if text.len() > MAX_ROOM_ENTRY_BYTES {
        return Err(InviteError::TooLong);
    }
    if !text.contains("://") {
        return Ok(RoomEntry::Room(RoomId::normalise(text)?));
    }
    let mut first_error = None;
    for candidate in links_in(text) {
        match Invite::parse(candidate) {
            Ok(invite) => return Ok(RoomEntry::Invite(invite)),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error.unwrap_or(InviteError::NotAnInvite))
}

/// The links in a text, without the brackets, quotes and full stops around them.
fn links_in(text: &str) -> impl Iterator<Item = &str> {
    let is_border = |character: char| {
        character.is_whitespace()
            || matches!(
                character,
                '<' | '>' | '"' | '“' | '”' | '「' | '」' | '（' | '）' | '，' | '。'
            )
    };
    text.split(is_border).filter_map(|word| {
        let lower = word.to_ascii_lowercase();
        let start = lower.find("https://").or_else(|| lower.find("duet://"))?;
        Some(
            word[start..]
                .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '*']),
        )
    })
}

/// `t=TOKEN`, a secret, or both with `&` between them.
fn behind_the_hash(
    fragment: &str,
) -> Result<(Option<AccessToken>, Option<InviteSecret>), InviteError> {
    let (token, secret) = match fragment.strip_prefix(ACCESS_PREFIX) {
        Some(rest) => match rest.split_once('&') {
            Some((token, secret)) => (Some(token), Some(secret)),
            None => (Some(rest), None),
        },
        None => (None, Some(fragment).filter(|secret| !secret.is_empty())),
    };
    let token = token.map(AccessToken::new).transpose()?;
    Ok((token, secret.map(InviteSecret::new).transpose()?))
}

fn host_and_port(
    url: &Url,
    scheme: InviteScheme,
) -> Result<(Host<String>, Option<u16>), InviteError> {
    let host = url.host_str().filter(|host| !host.is_empty());
    // `duet` is no scheme the URL standard knows, so its host comes unparsed.
    let host =
        Host::parse(host.ok_or(InviteError::NotAnInvite)?).map_err(|_| InviteError::NotAnInvite)?;
    let port = match (scheme, url.port()) {
        (_, Some(0)) => return Err(InviteError::NotAnInvite),
        (InviteScheme::Https, Some(443)) => None,
        (InviteScheme::Https | InviteScheme::Duet, port) => port,
    };
    Ok((host, port))
}

fn room_of(url: &Url, scheme: InviteScheme) -> Result<RoomId, InviteError> {
    let path = url.path();
    let segment = match scheme {
        InviteScheme::Https => path.strip_prefix("/r/"),
        InviteScheme::Duet => path.strip_prefix('/'),
    };
    let segment = segment.ok_or(InviteError::NotAnInvite)?;
    if segment.is_empty() || segment.contains('/') {
        return Err(InviteError::NotAnInvite);
    }
    let decoded = percent_decode_str(segment)
        .decode_utf8()
        .map_err(|_| InviteError::NotAnInvite)?;
    Ok(RoomId::parse(&decoded)?)
}

/// An address of a home or office network, or this machine.
fn is_local(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => name == "localhost" || name.ends_with(".local"),
        Host::Ipv4(address) => is_private(IpAddr::V4(*address)),
        Host::Ipv6(address) => is_private(IpAddr::V6(*address)),
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}
