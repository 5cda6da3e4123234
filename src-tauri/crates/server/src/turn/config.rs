//! What can be set on the relay.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::IpNet;
use thiserror::Error;

use super::credentials::{MAX_CREDENTIAL_TTL, Secrets};
use super::peers::PeerPolicy;

/// The longest realm with which the reply to the shortest Allocate, 28 bytes as browsers send it, is
/// on the wire no larger than one and a half times that.
const MAX_REALM_BYTES: usize = 8;

/// Which relay the clients are told of.
#[derive(Debug, Clone, Default)]
pub enum TurnMode {
    /// None.
    #[default]
    Off,
    /// The one in this server.
    BuiltIn(TurnConfig),
    /// Another one that shares the secret.
    Outside(OutsideTurn),
}

/// The settings of the relay in this server.
#[derive(Debug, Clone)]
pub struct TurnConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Whether to listen there over TCP as well, and with the server's certificate over TLS. If TCP
    /// cannot be had, there is UDP alone.
    pub has_streams: bool,
    /// Whether a server that cannot have these addresses must not start. Else it goes on without a
    /// relay and says so: one that nobody asked for is no reason to have no server.
    pub is_required: bool,
    /// How the internet knows this machine, if it stands behind a NAT: one for each family.
    pub external_ips: Vec<IpAddr>,
    /// The ports of relays.
    pub relay_ports: RangeInclusive<u16>,
    /// At most eight bytes; nobody sees it.
    pub realm: String,
    /// The newest first, at most two; with none, a random one for as long as the server runs.
    pub secrets: Vec<String>,
    /// How long credentials live; a running relay outlives its own.
    pub credential_ttl: Duration,
    /// What clients may reach.
    pub peers: PeerPolicy,
    /// What they may not reach though `peers` would let them: public addresses of what serves this
    /// machine, such as a database.
    pub denied: Vec<IpNet>,
    /// Names of such machines, or their addresses. Where they lead is looked up at the start and every
    /// 30 seconds. The Redis of [`crate::ServerConfig::redis`] is among them without being named.
    pub denied_hosts: Vec<String>,
    /// How much they may have.
    pub quotas: Quotas,
}

/// Bounds of the relay.
#[derive(Debug, Clone)]
pub struct Quotas {
    /// Allocations altogether; each takes a port and a file descriptor.
    pub allocations: usize,
    /// Allocations of one uid.
    pub allocations_per_user: usize,
    /// Allocations from one IPv4 address or IPv6 /64 network.
    pub allocations_per_address: usize,
    /// Addresses of peers that one uid lets in, by all its allocations together; other relays of this
    /// server are not counted.
    pub permissions: usize,
    /// Channels of one allocation to peers outside, and as many to other relays of this server.
    pub channels: usize,
    /// What an allocation may pass on in a second, in each direction; `None` is without limit.
    pub bytes_per_second: Option<u32>,
}

impl Quotas {
    /// Streams altogether: one for each relay that there may be, and those that have none yet.
    #[must_use]
    pub const fn streams(&self) -> usize {
        self.allocations.saturating_add(256)
    }
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            allocations: 1_000,
            allocations_per_user: 4,
            allocations_per_address: 64,
            permissions: 16,
            channels: 16,
            // 20 Mbit/s: several times a call in high definition.
            bytes_per_second: Some(2_500_000),
        }
    }
}

/// A relay such as coturn with `use-auth-secret`.
#[derive(Debug, Clone)]
pub struct OutsideTurn {
    /// Its `turn:` and `turns:` addresses; `stun:` ones may be among them.
    pub uris: Vec<String>,
    /// Its `static-auth-secret`.
    pub secret: String,
    /// How long credentials live.
    pub credential_ttl: Duration,
}

/// Why the settings cannot be.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TurnConfigError {
    /// See [`TurnConfig::realm`].
    #[error(
        "the realm must have 1 to {MAX_REALM_BYTES} bytes, or replies to strangers get too long"
    )]
    Realm,
    /// Credentials that live for no time, or too long.
    #[error("credentials live between one second and ten minutes")]
    CredentialTtl,
    /// More secrets than can be in force, or an empty one.
    #[error("there is one secret, or two during a change, and none is empty")]
    Secrets,
    /// No port between them.
    #[error("the range of relay ports is empty")]
    RelayPorts,
    /// Nobody can send there.
    #[error("the external address must be one that others can reach, one for each family")]
    ExternalIp,
}

impl TurnConfig {
    /// The port of STUN and TURN (RFC 8489, RFC 8656).
    pub const DEFAULT_PORT: u16 = 3_478;

    /// The default settings, listening at `listen`.
    #[must_use]
    pub fn new(listen: Vec<SocketAddr>) -> Self {
        Self {
            listen,
            has_streams: true,
            is_required: true,
            external_ips: Vec::new(),
            relay_ports: 49_152..=65_535,
            realm: "duet".to_owned(),
            secrets: Vec::new(),
            credential_ttl: MAX_CREDENTIAL_TTL,
            peers: PeerPolicy::default(),
            denied: Vec::new(),
            denied_hosts: Vec::new(),
            quotas: Quotas::default(),
        }
    }

    /// A free port of 127.0.0.1, and relays that reach this machine, loopback included: for tests, where there is
    /// no other machine.
    #[must_use]
    pub fn loopback(secret: &str) -> Self {
        Self {
            secrets: vec![secret.to_owned()],
            peers: PeerPolicy {
                allow_private: false,
                allow_same_host: true,
            },
            ..Self::new(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))])
        }
    }

    /// On the addresses of the signaling listeners: the same hosts, the usual port, but a free one
    /// beside a free one.
    #[must_use]
    pub fn beside(signaling: &[SocketAddr]) -> Self {
        let mut listen = Vec::new();
        for address in signaling {
            let port = match address.port() {
                0 => 0,
                _ => Self::DEFAULT_PORT,
            };
            let mut add = |ip| {
                let address = SocketAddr::new(ip, port);
                if !listen.contains(&address) {
                    listen.push(address);
                }
            };
            add(address.ip());
            // A TCP listener there takes both families; our UDP sockets take one each.
            if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
                add(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            }
        }
        Self {
            is_required: false,
            ..Self::new(listen)
        }
    }

    /// # Errors
    /// The first setting that cannot be.
    pub fn check(&self) -> Result<(), TurnConfigError> {
        if self.realm.is_empty() || self.realm.len() > MAX_REALM_BYTES {
            return Err(TurnConfigError::Realm);
        }
        if self.secrets.len() > Secrets::MAX || self.secrets.iter().any(String::is_empty) {
            return Err(TurnConfigError::Secrets);
        }
        if self.relay_ports.is_empty() || self.relay_ports.contains(&0) {
            return Err(TurnConfigError::RelayPorts);
        }
        let families = [IpAddr::is_ipv4, IpAddr::is_ipv6];
        let is_doubled = families
            .iter()
            .any(|is_of| self.external_ips.iter().filter(|ip| is_of(ip)).count() > 1);
        let is_nowhere = |ip: &IpAddr| ip.is_unspecified() || ip.is_multicast();
        if is_doubled || self.external_ips.iter().any(is_nowhere) {
            return Err(TurnConfigError::ExternalIp);
        }
        check_ttl(self.credential_ttl)
    }
}

impl OutsideTurn {
    /// # Errors
    /// The first setting that cannot be.
    pub fn check(&self) -> Result<(), TurnConfigError> {
        if self.secret.is_empty() {
            return Err(TurnConfigError::Secrets);
        }
        check_ttl(self.credential_ttl)
    }
}

fn check_ttl(ttl: Duration) -> Result<(), TurnConfigError> {
    if ttl < Duration::from_secs(1) || ttl > MAX_CREDENTIAL_TTL {
        return Err(TurnConfigError::CredentialTtl);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relay_listens_where_the_server_does() {
        let listen = |texts: &[&str]| {
            let signaling: Vec<SocketAddr> = texts
                .iter()
                .map(|text| text.parse().expect("an address"))
                .collect();
            let beside = TurnConfig::beside(&signaling).listen;
            beside.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(listen(&["0.0.0.0:7440"]), ["0.0.0.0:3478"]);
        assert_eq!(listen(&["127.0.0.1:0", "127.0.0.1:0"]), ["127.0.0.1:0"]);
        assert_eq!(listen(&["[::]:80"]), ["[::]:3478", "0.0.0.0:3478"]);
    }

    #[test]
    fn settings_that_cannot_be_are_refused() {
        let good = || TurnConfig::new(Vec::new());
        assert_eq!(good().check(), Ok(()));
        let realm = |realm: &str| {
            TurnConfig {
                realm: realm.into(),
                ..good()
            }
            .check()
        };
        assert_eq!(realm(""), Err(TurnConfigError::Realm));
        assert_eq!(realm("example.org"), Err(TurnConfigError::Realm));
        let ttl = |s| {
            TurnConfig {
                credential_ttl: Duration::from_secs(s),
                ..good()
            }
            .check()
        };
        assert_eq!(ttl(601), Err(TurnConfigError::CredentialTtl));
        assert_eq!(ttl(0), Err(TurnConfigError::CredentialTtl));
        let secrets = |count| {
            TurnConfig {
                secrets: vec!["s".into(); count],
                ..good()
            }
            .check()
        };
        assert_eq!(secrets(2), Ok(()));
        assert_eq!(secrets(3), Err(TurnConfigError::Secrets));
        #[expect(clippy::reversed_empty_ranges, reason = "that is the mistake")]
        let ports = TurnConfig {
            relay_ports: 2..=1,
            ..good()
        };
        assert_eq!(ports.check(), Err(TurnConfigError::RelayPorts));
        let twice = vec!["8.8.8.8".parse().expect("an address"); 2];
        let external = TurnConfig {
            external_ips: twice,
            ..good()
        };
        assert_eq!(external.check(), Err(TurnConfigError::ExternalIp));
    }
}
