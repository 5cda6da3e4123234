//! STUN and TURN servers in the library's form, with their names resolved.
//!
//! The library resolves names inside its driver loop, where a slow resolver stops everything; and it
//! speaks UDP to servers only, so those behind TCP and TLS become tunnels ([`crate::relay_tunnel`]).

use std::net::SocketAddr;
use std::time::Duration;

use duet_protocol::IceServer;
use rtc::peer_connection::transport::RTCIceServer;
use rustls::pki_types::ServerName;
use tokio::task::JoinSet;

use super::relay_only;
use super::server_url::{Scheme, ServerUrl};
use crate::config::PeerConfig;
use crate::relay_tunnel::{Route, Tunnels};
use crate::stats::RelayTransport;

const RESOLVE_TIMEOUT: Duration = Duration::from_millis(1_500);
/// Addresses of all servers together; more are not used.
const MAX_URLS: usize = 16;
/// Addresses of one name.
const MAX_ADDRESSES: usize = 4;

/// A server's address, and with which credential.
struct Entry {
    url: ServerUrl,
    addresses: Vec<SocketAddr>,
    username: String,
    credential: String,
}

/// The servers that can be used, in the library's form; those behind streams are made known to the
/// tunnels on the way.
pub(super) async fn usable(
    servers: &[IceServer],
    config: &PeerConfig,
    tunnels: &Tunnels,
) -> Vec<RTCIceServer> {
    let entries = resolve_all(entries(servers, tunnels.has_tls())).await;
    let (datagrams, mut streams): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .partition(|entry| entry.url.transport == RelayTransport::Udp);
    streams.sort_by_key(|entry| entry.url.transport);
    let has_udp = datagrams
        .iter()
        .any(|entry| entry.url.scheme == Scheme::Turn);
    let routes = streams.iter().map(route).collect();
    let hosts = tunnels.set_routes(relay_only(config.ice_policy), has_udp, routes);
    let tunnelled = streams.into_iter().zip(hosts).map(|(entry, host)| {
        let url = format!("turn:{host}:3478?transport=udp");
        library(url, entry)
    });
    let direct = datagrams.into_iter().filter_map(|entry| {
        let ipv4 = entry.addresses.iter().find(|address| address.is_ipv4());
        let address = ipv4.or(entry.addresses.first())?;
        let url = match entry.url.scheme {
            Scheme::Stun => format!("stun:{address}"),
            Scheme::Turn => format!("turn:{address}"),
        };
        Some(library(url, entry))
    });
    direct.chain(tunnelled).collect()
}

fn library(url: String, entry: Entry) -> RTCIceServer {
    RTCIceServer {
        urls: vec![url],
        username: entry.username,
        credential: entry.credential,
    }
}

fn route(entry: &Entry) -> Route {
    Route {
        transport: entry.url.transport,
        addresses: entry.addresses.clone(),
        name: ServerName::try_from(entry.url.host.clone()).ok(),
    }
}

fn entries(servers: &[IceServer], has_tls: bool) -> Vec<Entry> {
    let all = servers.iter().flat_map(|server| {
        let urls = server.urls.iter();
        urls.map(move |url| (server, ServerUrl::parse(url)))
    });
    let mut entries = Vec::new();
    for (server, url) in all.take(MAX_URLS) {
        let credential = server.username.clone().zip(server.credential.clone());
        let usable = url.filter(|url| {
            let is_complete = url.scheme == Scheme::Stun || credential.is_some();
            is_complete && (has_tls || url.transport != RelayTransport::Tls)
        });
        let Some(url) = usable else {
            tracing::warn!(
                "a STUN or TURN server is left out: its address or credential is no good"
            );
            continue;
        };
        let (username, credential) = credential.unwrap_or_default();
        entries.push(Entry {
            url,
            addresses: Vec::new(),
            username,
            credential,
        });
    }
    entries
}

/// All at the same time, so that a name nobody answers for holds up none of the others.
async fn resolve_all(mut entries: Vec<Entry>) -> Vec<Entry> {
    let mut tasks = JoinSet::new();
    for (index, entry) in entries.iter().enumerate() {
        let (host, port) = (entry.url.host.clone(), entry.url.port);
        tasks.spawn(async move {
            let found = tokio::net::lookup_host((host, port)).await;
            let found = found.map(|found| found.take(MAX_ADDRESSES).collect::<Vec<_>>());
            (index, found.unwrap_or_default())
        });
    }
    let all = async {
        while let Some(found) = tasks.join_next().await {
            if let Ok((index, addresses)) = found {
                entries[index].addresses = addresses;
            }
        }
    };
    let in_time = tokio::time::timeout(RESOLVE_TIMEOUT, all).await.is_ok();
    let before = entries.len();
    entries.retain(|entry| !entry.addresses.is_empty());
    if !in_time || entries.len() < before {
        tracing::warn!("the name of a STUN or TURN server could not be resolved");
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> PeerConfig {
        PeerConfig::default()
    }

    fn server(urls: &[&str], with_credential: bool) -> IceServer {
        IceServer {
            urls: urls.iter().map(|url| (*url).to_owned()).collect(),
            username: with_credential.then(|| "user".to_owned()),
            credential: with_credential.then(|| "secret".to_owned()),
        }
    }

    #[tokio::test]
    async fn udp_comes_first_and_streams_get_names_of_their_own() {
        let urls = [
            "turns:127.0.0.1:5349",
            "turn:127.0.0.1:3478?transport=tcp",
            "stun:127.0.0.1:3478",
            "turn:127.0.0.1:3478?transport=udp",
        ];
        let tunnels = Tunnels::new(None);
        let usable = usable(&[server(&urls, true)], &config(), &tunnels).await;
        let urls: Vec<_> = usable.iter().flat_map(|server| &server.urls).collect();
        // Without TLS there is nothing to do with `turns:`.
        assert_eq!(
            urls,
            [
                "stun:127.0.0.1:3478",
                "turn:127.0.0.1:3478",
                "turn:relay-0.invalid:3478?transport=udp"
            ]
        );
    }

    #[tokio::test]
    async fn sixteen_are_used_and_a_relay_without_credential_is_not() {
        let tunnels = Tunnels::new(None);
        let many = vec!["stun:127.0.0.1:1"; 40];
        let many = usable(&[server(&many, false)], &config(), &tunnels).await;
        assert_eq!(many.len(), 16);
        let open = [server(&["turn:127.0.0.1:1"], false)];
        assert!(usable(&open, &config(), &tunnels).await.is_empty());
    }
}
