//! What can be set on a server. Limits that are part of the protocol are not settings; times are,
//! so that tests need not wait two minutes.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use duet_protocol::{IceServer, limits};
use thiserror::Error;

use crate::access::AccessKeys;
use crate::bus::RedisConfig;
use crate::monitor::MonitorConfig;
use crate::proxy::TrustedProxies;
use crate::tls::TlsFiles;
use crate::turn::TurnMode;

/// The settings of one server.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// The certificate and its key; without, connections are not encrypted.
    pub tls: Option<TlsFiles>,
    /// Web origins admitted besides pages of the same host, as the browser sends them
    /// (`https://calls.example.org`, or `null` for local files).
    pub allowed_origins: Vec<String>,
    /// Handed to every client in `joined` and `login`, before those of `turn`.
    pub ice_servers: Vec<IceServer>,
    /// The relay that clients are told of.
    pub turn: TurnMode,
    /// The keys of a closed server; without, it is open to all.
    pub access: Option<AccessKeys>,
    /// Proxies whose word is taken for the address of a client.
    pub trusted_proxies: TrustedProxies,
    /// New connections from one IPv4 address or one IPv6 /64 network in a minute; `None` is without limit.
    pub connections_per_minute: Option<u32>,
    /// Connections from one IPv4 address or one IPv6 /64 network; `None` is without limit.
    pub max_connections_per_address: Option<usize>,
    /// Messages that a connection may send in the long run, each second.
    pub messages_per_second: u32,
    /// Messages that it may send at once after a pause.
    pub message_burst: u32,
    /// Where figures and health are told.
    pub monitor: MonitorConfig,
    /// Connections altogether.
    pub max_connections: usize,
    /// Joins and logins from one address that may fail (`full`, `uid-taken`, `name-taken`, …) in a
    /// minute.
    pub failed_joins_per_minute: u32,
    /// Calls by name from one address in a minute.
    pub calls_per_minute: u32,
    /// The Redis over which this server and others are one; `None` for a server alone.
    pub redis: Option<RedisConfig>,
    /// Wrong codes of casts from one address in a minute.
    pub cast_guesses_per_minute: u32,
    /// Wrong codes of casts from everybody in a minute. A code has 40 bits: at 1,000 a minute, one of a
    /// hundred displays that show a code is found in 20 years.
    pub cast_guesses_per_minute_overall: u32,
    /// Whether browsers get a page with which they join rooms.
    pub guest_page: bool,
    /// The times.
    pub timing: Timing,
}

/// The times a server works with; the defaults are the protocol's.
#[derive(Debug, Clone)]
pub struct Timing {
    /// From accepting a connection to its upgrade.
    pub handshake_timeout: Duration,
    /// The same for a connection that fetches the guest page and its files, also one after the other.
    pub page_timeout: Duration,
    /// From the first byte of a message to its last.
    pub message_timeout: Duration,
    /// Between two pings.
    pub ping_interval: Duration,
    /// Without any frame for this long, a connection is ended.
    pub silence_timeout: Duration,
    /// How long a place or a login is kept for a broken connection.
    pub resume_window: Duration,
    /// How long a call rings.
    pub ring_timeout: Duration,
    /// How soon after `accept` somebody must be in the call's room.
    pub call_entry_timeout: Duration,
    /// How long the code of a cast is good.
    pub cast_code_lifetime: Duration,
    /// How long changes in a lobby are collected before its people are told.
    pub presence_interval: Duration,
    /// How long a client may lean on the rate limit.
    pub rate_patience: Duration,
    /// How long a client may read nothing.
    pub slow_reader_timeout: Duration,
    /// Between telling balancers that the server ends and ending.
    pub drain_delay: Duration,
    /// Between two looks at the files of the certificate.
    pub certificate_check: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            handshake_timeout: limits::HANDSHAKE_TIMEOUT,
            page_timeout: Duration::from_secs(30),
            message_timeout: limits::MESSAGE_TIMEOUT,
            ping_interval: limits::PING_INTERVAL,
            silence_timeout: limits::SILENCE_TIMEOUT,
            resume_window: limits::RESUME_WINDOW,
            ring_timeout: limits::RING_TIMEOUT,
            call_entry_timeout: limits::CALL_ENTRY_TIMEOUT,
            cast_code_lifetime: limits::CAST_CODE_LIFETIME,
            presence_interval: limits::PRESENCE_INTERVAL,
            rate_patience: limits::RATE_PATIENCE,
            slow_reader_timeout: limits::SLOW_READER_TIMEOUT,
            drain_delay: Duration::ZERO,
            certificate_check: Duration::from_secs(10),
        }
    }
}

impl ServerConfig {
    /// Whether people come by a proxy from elsewhere, and the relay inside, which no proxy passes on,
    /// listens where only this machine gets to.
    #[must_use]
    pub fn hides_relay(&self) -> bool {
        let TurnMode::BuiltIn(turn) = &self.turn else {
            return false;
        };
        let is_proxied = !self.trusted_proxies.networks.is_empty();
        is_proxied && turn.listen.iter().all(|address| address.ip().is_loopback())
    }

    /// The port people expect a server of Duet on.
    pub const DEFAULT_PORT: u16 = 7440;

    /// The default settings, listening at `listen`, without a relay: a server inside another program is
    /// for one network, where direct paths exist.
    #[must_use]
    pub fn new(listen: Vec<SocketAddr>) -> Self {
        Self {
            listen,
            tls: None,
            allowed_origins: Vec::new(),
            ice_servers: Vec::new(),
            turn: TurnMode::Off,
            access: None,
            trusted_proxies: TrustedProxies::default(),
            connections_per_minute: None,
            max_connections_per_address: Some(50),
            messages_per_second: limits::MESSAGES_PER_SECOND,
            message_burst: limits::MESSAGE_BURST,
            monitor: MonitorConfig::default(),
            max_connections: 10_000,
            failed_joins_per_minute: 30,
            calls_per_minute: 60,
            redis: None,
            cast_guesses_per_minute: 5,
            cast_guesses_per_minute_overall: 1000,
            guest_page: true,
            timing: Timing::default(),
        }
    }

    /// A free port of 127.0.0.1.
    #[must_use]
    pub fn loopback() -> Self {
        Self::new(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))])
    }
}

/// Why an ICE server setting was not understood.
#[derive(Debug, Error)]
pub enum IceServerError {
    /// It starts like JSON but is not an `RTCIceServer`.
    #[error("not an RTCIceServer object: {0}")]
    Json(#[from] serde_json::Error),
    /// None of the schemes of ICE.
    #[error("an ICE server starts with stun:, stuns:, turn: or turns:")]
    Scheme,
}

/// Reads `stun:host:port`, or, where credentials are needed, the JSON of a browser's `RTCIceServer`
/// or of a list of them.
///
/// # Errors
/// Why it is none of these.
pub fn parse_ice_servers(text: &str) -> Result<Vec<IceServer>, IceServerError> {
    let text = text.trim();
    let servers = match text.as_bytes().first() {
        Some(b'[') => serde_json::from_str(text)?,
        Some(b'{') => vec![serde_json::from_str(text)?],
        Some(_) | None => vec![IceServer {
            urls: vec![text.to_owned()],
            username: None,
            credential: None,
        }],
    };
    let is_ice = |url: &String| {
        ["stun:", "stuns:", "turn:", "turns:"]
            .iter()
            .any(|scheme| url.len() > scheme.len() && url.starts_with(scheme))
    };
    for server in &servers {
        if server.urls.is_empty() || !server.urls.iter().all(is_ice) {
            return Err(IceServerError::Scheme);
        }
    }
    Ok(servers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ice_servers_come_as_url_or_as_json() {
        let plain = parse_ice_servers("stun:stun.example.org:3478").expect("a URL");
        assert_eq!(plain[0].urls, ["stun:stun.example.org:3478"]);
        let json = r#"{"urls": ["turn:t.example.org"], "username": "u", "credential": "c"}"#;
        let turn = parse_ice_servers(json).expect("JSON");
        assert_eq!(turn[0].username.as_deref(), Some("u"));
        let list = format!(r#"[{json}, {{"urls": "stun:s.example.org"}}]"#);
        assert_eq!(parse_ice_servers(&list).expect("a list").len(), 2);
        for bad in ["http://example.org", "stun:", "", r#"{"urls":[]}"#, "{"] {
            assert!(parse_ice_servers(bad).is_err(), "{bad}");
        }
    }
}
