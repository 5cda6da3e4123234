//! Everything that can be set on `duet-server`, in one place: this struct is the flags, the variables and
//! the keys of the file alike.
//!
//! clap reads flags and variables. The file gives clap its defaults ([`file`]), so that a flag goes before a
//! variable, a variable before the file, and the file before the built-in default, without a merge of our
//! own; and so that a value means the same wherever it is written. A second struct for serde was rejected:
//! the two would have drifted apart.

mod cluster;
pub(crate) mod file;
mod limits;
pub(crate) mod print;
mod relay;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use duet_protocol::IceServer;
use duet_server::{
    AccessKeys, ClusterKeys, ForwardedHeader, MonitorConfig, ServerConfig, Timing, TlsFiles,
    TrustedProxies, header_host, is_origin, parse_ice_servers,
};
use ipnet::{IpNet, Ipv4Net};

use cluster::ClusterSettings;
use limits::LimitSettings;
use relay::RelaySettings;
use tracing_subscriber::EnvFilter;

/// Beside the port of the server.
const METRICS_PORT: u16 = ServerConfig::DEFAULT_PORT + 1;

/// The settings.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// A file with settings in TOML: the long names of these flags are its keys. A flag goes before a
    /// variable, a variable before the file.
    #[arg(long, env = "DUET_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Where to listen; may be given several times. Port 0 takes a free one.
    #[arg(
        long,
        env = "DUET_LISTEN",
        value_delimiter = ',',
        value_parser = address,
        default_value = "0.0.0.0:7440"
    )]
    pub(crate) listen: Vec<SocketAddr>,

    /// The certificate, its issuers behind it, in PEM: with it --listen speaks TLS (wss). Read again
    /// when it changes.
    #[arg(long, env = "DUET_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,

    /// The key of the certificate, in PEM.
    #[arg(long, env = "DUET_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,

    /// A key that closes the server: only who has a token of `duet-server token` is admitted. The
    /// file has one line of at least 32 characters (openssl rand -hex 32), or two during a change.
    #[arg(long, env = "DUET_ACCESS_KEY", value_name = "FILE")]
    access_key: Option<PathBuf>,

    /// The name or address by which people reach this server, such as calls.example.org: for the
    /// links of `duet-server token`, and for `duet-server check`.
    #[arg(long, env = "DUET_PUBLIC_HOST", value_name = "HOST", value_parser = host)]
    pub(crate) public_host: Option<String>,

    /// A web origin to admit besides pages of the same host, such as https://calls.example.org;
    /// may be given several times. "null" admits local files.
    #[arg(long, env = "DUET_ALLOW_ORIGIN", value_delimiter = ',', value_parser = origin)]
    allow_origin: Vec<String>,

    /// A STUN or TURN server for the clients: stun:HOST:PORT, or the JSON of an RTCIceServer or of a
    /// list of them; may be given several times.
    #[arg(long, env = "DUET_ICE_SERVER", value_parser = ice_servers)]
    ice_server: Vec<IceServers>,

    /// A proxy in front, by its address or network, such as 127.0.0.1 or 10.0.0.0/8: what it says of
    /// the client's address is believed. May be given several times.
    #[arg(long, env = "DUET_TRUST_PROXY", value_name = "CIDR", value_delimiter = ',', value_parser = network)]
    trust_proxy: Vec<IpNet>,

    /// The header in which that proxy says it.
    #[arg(long, env = "DUET_FORWARDED_HEADER", value_enum, default_value_t = HeaderName::XForwardedFor)]
    forwarded_header: HeaderName,

    /// Where figures (/metrics) and health (/healthz, /readyz) are told over plain HTTP; may be given
    /// several times. Whoever reaches it may read them. Default: 127.0.0.1:7441, and nothing if that
    /// is taken.
    #[arg(long, env = "DUET_METRICS_LISTEN", value_delimiter = ',', value_parser = address)]
    metrics_listen: Vec<SocketAddr>,

    /// No listener for figures and health.
    #[arg(long, env = "DUET_NO_METRICS")]
    no_metrics: bool,

    /// Seconds between being asked to end, when /readyz says so, and closing the connections: for load
    /// balancers that look now and then.
    #[arg(
        long,
        env = "DUET_DRAIN_DELAY",
        value_name = "SECONDS",
        default_value_t = 0
    )]
    drain_delay: u32,

    /// Serve no page for guests: browsers then have nothing here.
    #[arg(long, env = "DUET_NO_GUEST_PAGE")]
    no_guest_page: bool,

    /// How logs are written to standard error.
    #[arg(long, env = "DUET_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,

    /// What is logged: error, warn, info or debug, or directives of tracing-subscriber. Addresses
    /// appear at debug only.
    #[arg(long, env = "DUET_LOG", value_name = "FILTER", default_value = "info", value_parser = log_filter)]
    pub(crate) log: String,

    // Behind everything else: their headings would stay with what follows.
    #[command(flatten)]
    limits: LimitSettings,

    #[command(flatten)]
    cluster: ClusterSettings,

    #[command(flatten)]
    relay: RelaySettings,
}

/// What one `--ice-server` names.
#[derive(Debug, Clone)]
struct IceServers(Vec<IceServer>);

/// A header for the address of a client.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum HeaderName {
    /// What most proxies write.
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

/// A form of log lines.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One object a line, for programs.
    Json,
}

impl Settings {
    /// What the server is started with.
    ///
    /// # Errors
    /// Settings that do not go together, or what they name and cannot be read.
    pub(crate) fn server_config(&self) -> anyhow::Result<ServerConfig> {
        self.relay.check().map_err(anyhow::Error::msg)?;
        let config = ServerConfig {
            tls: self.tls_files()?,
            allowed_origins: self.allow_origin.clone(),
            ice_servers: self
                .ice_server
                .iter()
                .flat_map(|entry| entry.0.clone())
                .collect(),
            turn: self.relay.mode(&self.listen),
            monitor: self.monitor(),
            timing: Timing {
                drain_delay: Duration::from_secs(u64::from(self.drain_delay)),
                ..Timing::default()
            },
            access: self.access_keys()?,
            redis: self.cluster.redis()?,
            trusted_proxies: self.trusted_proxies(),
            guest_page: !self.no_guest_page,
            ..ServerConfig::new(self.listen.clone())
        };
        Ok(self.limits.apply(config))
    }

    fn monitor(&self) -> MonitorConfig {
        if self.no_metrics {
            return MonitorConfig::default();
        }
        // A free port beside a free port: two servers in a test must not meet.
        let is_free = self.listen.iter().all(|address| address.port() == 0);
        let usual = SocketAddr::from(([127, 0, 0, 1], if is_free { 0 } else { METRICS_PORT }));
        MonitorConfig {
            is_required: !self.metrics_listen.is_empty(),
            listen: match self.metrics_listen.as_slice() {
                [] => vec![usual],
                given => given.to_vec(),
            },
        }
    }

    /// The keys of a closed server.
    ///
    /// # Errors
    /// Why the file has none.
    pub(crate) fn access_keys(&self) -> anyhow::Result<Option<AccessKeys>> {
        let read = |path: &PathBuf| {
            AccessKeys::read(path).with_context(|| format!("--access-key {}", path.display()))
        };
        self.access_key.as_ref().map(read).transpose()
    }

    /// The keys of the cluster.
    ///
    /// # Errors
    /// Why they are none.
    pub(crate) fn cluster_keys(&self) -> anyhow::Result<Option<ClusterKeys>> {
        self.cluster.keys()
    }

    /// The secrets of the relay, the newest first; nothing if they are chosen at random.
    pub(crate) fn turn_secrets(&self) -> &[String] {
        self.relay.secrets()
    }

    /// What relays must not reach.
    pub(crate) fn turn_denied(&self) -> &[IpNet] {
        self.relay.denied()
    }

    fn trusted_proxies(&self) -> TrustedProxies {
        TrustedProxies {
            networks: self.trust_proxy.clone(),
            header: match self.forwarded_header {
                HeaderName::XForwardedFor => ForwardedHeader::XForwardedFor,
                HeaderName::Forwarded => ForwardedHeader::Forwarded,
            },
        }
    }

    fn tls_files(&self) -> anyhow::Result<Option<TlsFiles>> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Ok(Some(TlsFiles {
                certificate: certificate.clone(),
                key: key.clone(),
            })),
            (None, None) => Ok(None),
            (Some(_), None) | (None, Some(_)) => {
                anyhow::bail!("--tls-cert and --tls-key are given together or not at all")
            }
        }
    }
}

/// Where to listen.
fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "an address and a port, such as 0.0.0.0:7440 or [::]:7440".to_owned())
}

/// A host, with a port or without.
fn host(text: &str) -> Result<String, String> {
    match header_host(text) {
        Some(_) => Ok(text.to_owned()),
        None if text.parse::<Ipv6Addr>().is_ok() => Ok(text.to_owned()),
        None => Err(
            "a name or an address, without https:// and without a path, such as calls.example.org"
                .to_owned(),
        ),
    }
}

/// What browsers send as the origin of a page.
fn origin(text: &str) -> Result<String, String> {
    match is_origin(text) {
        true => Ok(text.to_owned()),
        false => Err("an origin, such as https://calls.example.org, or \"null\"".to_owned()),
    }
}

fn log_filter(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!(
            "error, warn, info or debug, or directives of tracing-subscriber: {error}"
        )),
    }
}

fn ice_servers(text: &str) -> Result<IceServers, String> {
    let servers = parse_ice_servers(text).map_err(|error| error.to_string())?;
    Ok(IceServers(servers))
}

/// A network, or an address as the smallest one. One of IPv4 in the form of IPv6 (`::ffff:10.0.0.0/104`)
/// is one of IPv4: nobody is compared with the other form.
fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    let network = address
        .or_else(|_| text.parse())
        .map_err(|_| "an address or a network, such as 10.0.0.0/8".to_owned())?;
    let IpNet::V6(v6) = network else {
        return Ok(network);
    };
    let mapped = v6
        .addr()
        .to_ipv4_mapped()
        .zip(v6.prefix_len().checked_sub(96));
    match mapped {
        Some((v4, length)) => Ipv4Net::new(v4, length)
            .map(IpNet::V4)
            .map_err(|error| error.to_string()),
        None => Ok(network),
    }
}
