//! By which names the relays of this server are announced.

use std::net::{IpAddr, SocketAddr};

use url::Host;

use super::Entrance;

/// The relays of this server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Relays {
    /// Over UDP.
    pub(crate) datagrams: Vec<SocketAddr>,
    /// Over TCP.
    pub(crate) streams: Vec<SocketAddr>,
    /// There also over TLS.
    pub(crate) has_tls: bool,
    /// See [`crate::turn::TurnConfig::external_ips`].
    pub(crate) external_ips: Vec<IpAddr>,
}

impl Relays {
    /// What `stun:` and what `turn:` addresses there are for somebody who came in this way.
    pub(super) fn urls(&self, entrance: &Entrance) -> (Vec<String>, Vec<String>) {
        let external_ips = &self.external_ips;
        let datagrams = authorities(&self.datagrams, external_ips, entrance);
        let stun = datagrams.iter().map(|host| format!("stun:{host}"));
        let udp = datagrams
            .iter()
            .map(|host| format!("turn:{host}?transport=udp"));
        let tcp = authorities(&self.streams, external_ips, entrance);
        let tcp = tcp.iter().map(|host| format!("turn:{host}?transport=tcp"));
        // A certificate is for the name by which the client came, and seldom for an address.
        let tls = match self.has_tls {
            true => authorities(&self.streams, &[], entrance),
            false => Vec::new(),
        };
        let tls = tls.iter().map(|host| format!("turns:{host}?transport=tcp"));
        (stun.collect(), udp.chain(tcp).chain(tls).collect())
    }
}

/// `HOST:PORT`, each once.
fn authorities(
    listeners: &[SocketAddr],
    external_ips: &[IpAddr],
    entrance: &Entrance,
) -> Vec<String> {
    let external = external_ips.iter().flat_map(|external| {
        let same_family = listeners
            .iter()
            .filter(|listener| listener.is_ipv4() == external.is_ipv4());
        same_family.map(|listener| SocketAddr::new(*external, listener.port()).to_string())
    });
    let mut found: Vec<String> = external.collect();
    if found.is_empty() {
        found = match &entrance.host {
            Some(Host::Domain(name)) => listeners
                .iter()
                .map(|listener| format!("{name}:{}", listener.port()))
                .collect(),
            Some(Host::Ipv4(ip)) => behind(listeners, IpAddr::V4(*ip)),
            Some(Host::Ipv6(ip)) => behind(listeners, IpAddr::V6(*ip)),
            None => Vec::new(),
        };
    }
    if found.is_empty() {
        found = behind(listeners, entrance.local_ip.to_canonical());
    }
    if found.is_empty() {
        let definite = listeners
            .iter()
            .filter(|listener| !listener.ip().is_unspecified());
        found = definite.map(ToString::to_string).collect();
    }
    found.sort();
    found.dedup();
    found
}

/// The listeners that answer at this address.
fn behind(listeners: &[SocketAddr], ip: IpAddr) -> Vec<String> {
    let answering = listeners.iter().filter(|listener| {
        let is_any = listener.ip().is_unspecified() && listener.is_ipv4() == ip.is_ipv4();
        is_any || listener.ip() == ip
    });
    answering
        .map(|listener| SocketAddr::new(ip, listener.port()).to_string())
        .collect()
}
