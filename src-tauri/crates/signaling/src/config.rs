//! How the server is reached.

use std::time::Duration;

use duet_protocol::AccessToken;
use duet_protocol::limits::KEEPALIVE_INTERVAL;

/// The settings of one client. The times are settable so that tests need not wait.
#[derive(Debug, Clone)]
pub struct SignalingConfig {
    /// `ws://HOST:PORT/ws` or `wss://HOST/ws`.
    pub url: String,
    /// SHA-256 fingerprints of certificates trusted for this server although nobody vouches for
    /// them, in hexadecimal; colons, spaces and case do not matter.
    pub trusted_fingerprints: Vec<String>,
    /// What admits to this server, if it is closed: goes with `join` and `login`.
    pub access: Option<AccessToken>,
    /// From the first packet to the open WebSocket.
    pub connect_timeout: Duration,
    /// How often `keepalive` is sent.
    pub keepalive_interval: Duration,
    /// Without any frame for this long the connection is considered lost.
    pub silence_timeout: Duration,
}

impl Default for SignalingConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            trusted_fingerprints: Vec::new(),
            access: None,
            connect_timeout: Duration::from_secs(5),
            keepalive_interval: KEEPALIVE_INTERVAL,
            silence_timeout: Duration::from_secs(12),
        }
    }
}
