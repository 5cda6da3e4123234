//! The settings about STUN and TURN.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use clap::Args;
use duet_server::parse_ice_servers;
use duet_server::turn::{OutsideTurn, PeerPolicy, Quotas, TurnConfig, TurnMode};
use ipnet::IpNet;

use super::network;

/// STUN and TURN. On by default, on port 3478 (UDP and TCP) of the addresses of --listen.
#[derive(Debug, Args)]
#[command(next_help_heading = "Relay (STUN and TURN)")]
pub(crate) struct RelaySettings {
    /// No STUN and no TURN.
    #[arg(long, env = "DUET_NO_TURN")]
    no_turn: bool,

    /// Where to listen over UDP and TCP; may be given several times. Port 0 takes a free one.
    /// Default: the hosts of --listen with port 3478, and no relay if that is taken. With --tls-cert
    /// the TCP port takes TLS as well.
    #[arg(long, env = "DUET_TURN_LISTEN", value_delimiter = ',', value_parser = super::address)]
    turn_listen: Vec<SocketAddr>,

    /// Take no relay clients over TCP or TLS, only over UDP. Then people whose networks let no UDP
    /// out cannot use the relay.
    #[arg(long, env = "DUET_TURN_UDP_ONLY")]
    turn_udp_only: bool,

    /// The address by which the internet knows this machine, if it stands behind a NAT (as in most
    /// clouds); one for IPv4 and one for IPv6.
    #[arg(long, env = "DUET_EXTERNAL_IP", value_delimiter = ',')]
    external_ip: Vec<IpAddr>,

    /// The UDP ports of relays, LOW-HIGH; open them in the firewall.
    #[arg(long, env = "DUET_RELAY_PORTS", value_parser = port_range, default_value = "49152-65535")]
    relay_ports: RangeInclusive<u16>,

    /// The realm of the credentials, at most eight bytes; nobody sees it.
    #[arg(long, env = "DUET_REALM", default_value = "duet")]
    realm: String,

    /// The secret that credentials are made with; random if not given. During a change two, the new
    /// one first. Others on this machine can read flags: better set the variable.
    #[arg(
        long,
        env = "DUET_TURN_SECRET",
        value_delimiter = ',',
        hide_env_values = true
    )]
    turn_secret: Vec<String>,

    /// Another TURN server, such as coturn with use-auth-secret, instead of the one in here:
    /// turn:HOST:PORT?transport=udp; may be given several times. Needs --turn-secret.
    #[arg(
        long,
        env = "DUET_TURN_URI",
        value_delimiter = ',',
        value_parser = turn_uri
    )]
    turn_uri: Vec<String>,

    /// How long credentials live, in seconds, at most 600. A running relay outlives its own.
    #[arg(long, env = "DUET_TURN_CREDENTIAL_TTL", default_value_t = 600)]
    turn_credential_ttl: u64,

    /// Let relays reach private networks (10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7). Never
    /// on the internet: whoever may call could then reach what is behind this machine.
    #[arg(long, env = "DUET_TURN_ALLOW_PRIVATE")]
    turn_allow_private: bool,

    /// An address or a network that relays must not reach though it is public, such as that of a
    /// database; may be given several times. This machine, its Redis and all special-purpose addresses
    /// are refused without being named. Read again on SIGHUP.
    #[arg(
        long,
        env = "DUET_TURN_DENY",
        value_name = "CIDR",
        value_delimiter = ',',
        value_parser = network
    )]
    turn_deny: Vec<IpNet>,

    /// Let relays reach this machine itself. For measurements only.
    #[arg(long, hide = true)]
    turn_allow_same_host: bool,

    /// Relays altogether.
    #[arg(long, env = "DUET_TURN_MAX_ALLOCATIONS", default_value_t = 1_000)]
    turn_max_allocations: usize,

    /// Relays from one IPv4 address or IPv6 /64 network.
    #[arg(
        long,
        env = "DUET_TURN_MAX_ALLOCATIONS_PER_ADDRESS",
        default_value_t = 64
    )]
    turn_max_allocations_per_address: usize,

    /// Kilobits a second that a relay passes on in each direction; 0 is without limit.
    #[arg(long, env = "DUET_TURN_MAX_BITRATE", default_value_t = 20_000)]
    turn_max_bitrate: u32,
}

impl RelaySettings {
    /// Settings that do not go together, wherever each comes from.
    ///
    /// # Errors
    /// What to change.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let is_outside = !self.turn_uri.is_empty();
        if self.no_turn && (is_outside || !self.turn_listen.is_empty()) {
            return Err("--no-turn leaves no place for --turn-uri or --turn-listen");
        }
        if is_outside && !self.turn_listen.is_empty() {
            return Err(
                "--turn-uri names another relay; --turn-listen would start the one in here",
            );
        }
        if is_outside && self.turn_secret.is_empty() {
            return Err("--turn-uri needs the --turn-secret of that relay");
        }
        Ok(())
    }

    /// The relay that is asked for.
    pub(crate) fn mode(&self, signaling: &[SocketAddr]) -> TurnMode {
        let credential_ttl = Duration::from_secs(self.turn_credential_ttl);
        if self.no_turn {
            return TurnMode::Off;
        }
        if !self.turn_uri.is_empty() {
            return TurnMode::Outside(OutsideTurn {
                uris: self.turn_uri.clone(),
                secret: self.turn_secret.first().cloned().unwrap_or_default(),
                credential_ttl,
            });
        }
        let config = match self.turn_listen.as_slice() {
            [] => TurnConfig::beside(signaling),
            given => TurnConfig::new(given.to_vec()),
        };
        TurnMode::BuiltIn(TurnConfig {
            has_streams: !self.turn_udp_only,
            external_ips: self.external_ip.clone(),
            relay_ports: self.relay_ports.clone(),
            realm: self.realm.clone(),
            secrets: self.turn_secret.clone(),
            credential_ttl,
            peers: PeerPolicy {
                allow_private: self.turn_allow_private,
                allow_same_host: self.turn_allow_same_host,
            },
            denied: self.turn_deny.clone(),
            quotas: self.quotas(),
            ..config
        })
    }

    /// What credentials are made with, the newest first; nothing if that is chosen at random.
    pub(crate) fn secrets(&self) -> &[String] {
        match self.turn_uri.is_empty() {
            true => &self.turn_secret,
            // Outside, the newest alone counts.
            false => self.turn_secret.get(..1).unwrap_or_default(),
        }
    }

    /// What relays must not reach.
    pub(crate) fn denied(&self) -> &[IpNet] {
        &self.turn_deny
    }

    fn quotas(&self) -> Quotas {
        let bytes_per_second = self.turn_max_bitrate.saturating_mul(125);
        Quotas {
            allocations: self.turn_max_allocations,
            allocations_per_address: self.turn_max_allocations_per_address,
            bytes_per_second: (bytes_per_second > 0).then_some(bytes_per_second),
            ..Quotas::default()
        }
    }
}

fn port_range(text: &str) -> Result<RangeInclusive<u16>, String> {
    let (low, high) = text
        .split_once('-')
        .ok_or("LOW-HIGH, such as 50000-50999")?;
    let port = |text: &str| {
        text.trim()
            .parse::<u16>()
            .map_err(|error| error.to_string())
    };
    Ok(port(low)?..=port(high)?)
}

fn turn_uri(text: &str) -> Result<String, String> {
    let is_uri = !text.trim_start().starts_with(['[', '{']) && parse_ice_servers(text).is_ok();
    is_uri
        .then(|| text.trim().to_owned())
        .ok_or_else(|| "a TURN address starts with turn: or turns:".to_owned())
}
