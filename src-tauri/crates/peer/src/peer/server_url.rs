//! Addresses of STUN and TURN servers (RFC 7064, RFC 7065).

use crate::stats::RelayTransport;

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Stun,
    Turn,
}

/// A server that we can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerUrl {
    pub(super) scheme: Scheme,
    pub(super) transport: RelayTransport,
    pub(super) host: String,
    pub(super) port: u16,
}

impl ServerUrl {
    /// The default port filled in; `None` for STUN over streams and TURN over DTLS as well, for which
    /// there is no use.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once(':')?;
        let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
        let query = query.to_ascii_lowercase();
        let (scheme, transport) = match (scheme, query.as_str()) {
            ("stun", "" | "transport=udp") => (Scheme::Stun, RelayTransport::Udp),
            ("turn", "" | "transport=udp") => (Scheme::Turn, RelayTransport::Udp),
            ("turn", "transport=tcp") => (Scheme::Turn, RelayTransport::Tcp),
            ("turns", "" | "transport=tcp") => (Scheme::Turn, RelayTransport::Tls),
            _ => return None,
        };
        let default_port = match transport {
            RelayTransport::Udp | RelayTransport::Tcp => 3_478,
            RelayTransport::Tls => 5_349,
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !host.ends_with(':') && !port.ends_with(']') => {
                (host, port.parse().ok()?)
            }
            Some(_) | None => (authority, default_port),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (!host.is_empty()).then(|| Self {
            scheme,
            transport,
            host: host.to_owned(),
            port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_split() {
        use RelayTransport::{Tcp, Tls, Udp};
        use Scheme::{Stun, Turn};
        for (url, scheme, transport, host, port) in [
            (
                "stun:stun.example.org",
                Stun,
                Udp,
                "stun.example.org",
                3_478,
            ),
            (
                "turn:192.0.2.1:5000?transport=udp",
                Turn,
                Udp,
                "192.0.2.1",
                5_000,
            ),
            ("turn:[2001:db8::1]:99", Turn, Udp, "2001:db8::1", 99),
            ("turn:[2001:db8::1]", Turn, Udp, "2001:db8::1", 3_478),
            ("turn:h:1?transport=TCP", Turn, Tcp, "h", 1),
            ("turn:h?transport=tcp", Turn, Tcp, "h", 3_478),
            ("turns:h", Turn, Tls, "h", 5_349),
            ("turns:h:443?transport=tcp", Turn, Tls, "h", 443),
        ] {
            let host = host.to_owned();
            let expected = ServerUrl {
                scheme,
                transport,
                host,
                port,
            };
            assert_eq!(ServerUrl::parse(url), Some(expected), "{url}");
        }
        for unusable in [
            "stuns:h:1",
            "stun:h?transport=tcp",
            "turns:h?transport=udp",
            "http://h",
            "stun:",
            "stun:h:x",
        ] {
            assert_eq!(ServerUrl::parse(unusable), None, "{unusable}");
        }
    }
}
