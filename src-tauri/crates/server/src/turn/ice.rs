//! What `joined` tells a client of relays: where, by which name, with a credential of its own.
//!
//! The relay's host must be one that the client can reach, and only two people know such a one: the
//! operator, who names it with the external address, and the client, which has just reached us by
//! some name. So the external address counts if there is one, and else the `Host` of the WebSocket
//! handshake; what a client writes there misleads nobody but itself. A proxy in front must hand
//! on that header, or the external address must be set.

mod hosts;

use std::net::IpAddr;
use std::time::Duration;

use duet_protocol::IceServer;
use parking_lot::RwLock;
use url::Host;

use super::credentials::{Credential, Secrets};
pub(crate) use hosts::Relays;

/// By which way a client came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entrance {
    /// The host it asked for.
    pub(crate) host: Option<Host<String>>,
    /// The address of ours that it reached.
    pub(crate) local_ip: IpAddr,
}

/// Makes the ICE servers of each client.
#[derive(Debug)]
pub(crate) struct IceList(RwLock<Announced>);

#[derive(Debug)]
struct Announced {
    place: Place,
    secrets: Secrets,
    credential_ttl: Duration,
}

/// Where the relay is.
#[derive(Debug)]
enum Place {
    Nowhere,
    Here(Relays),
    Elsewhere { uris: Vec<String> },
}

impl IceList {
    /// No relay.
    pub(crate) fn none() -> Self {
        Self::new(Place::Nowhere, Secrets::new([]), Duration::ZERO)
    }

    /// The relay of this server.
    pub(crate) fn here(relays: Relays, secrets: Secrets, credential_ttl: Duration) -> Self {
        Self::new(Place::Here(relays), secrets, credential_ttl)
    }

    /// Another one.
    pub(crate) fn elsewhere(uris: Vec<String>, secrets: Secrets, credential_ttl: Duration) -> Self {
        Self::new(Place::Elsewhere { uris }, secrets, credential_ttl)
    }

    fn new(place: Place, secrets: Secrets, credential_ttl: Duration) -> Self {
        Self(RwLock::new(Announced {
            place,
            secrets,
            credential_ttl,
        }))
    }

    /// What the other list says, from now on.
    pub(crate) fn replace(&self, other: Self) {
        *self.0.write() = other.0.into_inner();
    }

    /// The secrets from now on.
    pub(crate) fn set_secrets(&self, secrets: Secrets) {
        self.0.write().secrets = secrets;
    }

    /// For one client, with a credential that starts now.
    pub(crate) fn for_client(&self, entrance: &Entrance, uid: &str, now_s: u64) -> Vec<IceServer> {
        let announced = self.0.read();
        let (stun, turn) = match &announced.place {
            Place::Nowhere => return Vec::new(),
            Place::Here(relays) => relays.urls(entrance),
            Place::Elsewhere { uris } => uris
                .iter()
                .cloned()
                .partition::<Vec<_>, _>(|uri| uri.starts_with("stun")),
        };
        let credential = announced
            .secrets
            .credential(uid, now_s, announced.credential_ttl);
        [(stun, None), (turn, credential)]
            .into_iter()
            .filter(|(urls, _)| !urls.is_empty())
            .map(|(urls, credential)| ice_server(urls, credential))
            .collect()
    }
}

fn ice_server(urls: Vec<String>, credential: Option<Credential>) -> IceServer {
    let (username, credential) = match credential {
        Some(Credential { username, password }) => (Some(username), Some(password)),
        None => (None, None),
    };
    IceServer {
        urls,
        username,
        credential,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(listeners: &[&str], external: &[&str], host: &str) -> Vec<String> {
        urls_with_streams(listeners, &[], external, host)
    }

    fn urls_with_streams(
        listeners: &[&str],
        streams: &[&str],
        external: &[&str],
        host: &str,
    ) -> Vec<String> {
        let parse_all = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| text.parse().expect("an address"))
                .collect()
        };
        let external_ips = external
            .iter()
            .map(|text| text.parse().expect("an address"))
            .collect();
        let ttl = Duration::from_secs(600);
        let relays = Relays {
            datagrams: parse_all(listeners),
            streams: parse_all(streams),
            has_tls: !streams.is_empty(),
            external_ips,
        };
        let list = IceList::here(relays, Secrets::new(["s"]), ttl);
        let entrance = Entrance {
            host: Host::parse(host).ok(),
            local_ip: "10.0.0.2".parse().expect("an address"),
        };
        let servers = list.for_client(&entrance, "mira", 1_000);
        servers.into_iter().flat_map(|server| server.urls).collect()
    }

    #[test]
    fn the_host_is_the_one_by_which_the_client_came() {
        assert_eq!(
            urls(&["0.0.0.0:3478"], &[], "calls.example.org"),
            [
                "stun:calls.example.org:3478",
                "turn:calls.example.org:3478?transport=udp"
            ]
        );
        assert_eq!(
            urls(&["[::]:3478", "0.0.0.0:3478"], &[], "[2001:db8::1]")[0],
            "stun:[2001:db8::1]:3478"
        );
        assert_eq!(
            urls(&["127.0.0.1:99"], &[], "127.0.0.1")[0],
            "stun:127.0.0.1:99"
        );
        assert_eq!(urls(&["0.0.0.0:3478"], &[], "")[0], "stun:10.0.0.2:3478");
        // It came by an address at which the relay does not listen.
        assert_eq!(
            urls(&["10.0.0.7:3478"], &[], "192.0.2.4")[0],
            "stun:10.0.0.7:3478"
        );
    }

    #[test]
    fn what_the_operator_says_counts_most() {
        assert_eq!(
            urls(&["0.0.0.0:3478"], &["192.0.2.1"], "calls.example.org")[1],
            "turn:192.0.2.1:3478?transport=udp"
        );
    }

    #[test]
    fn streams_come_after_datagrams_and_tls_by_the_name_of_its_certificate() {
        let (listeners, host) = (["0.0.0.0:3478"], "calls.example.org");
        let urls = urls_with_streams(&listeners, &listeners, &["192.0.2.1"], host);
        assert_eq!(
            urls,
            [
                "stun:192.0.2.1:3478",
                "turn:192.0.2.1:3478?transport=udp",
                "turn:192.0.2.1:3478?transport=tcp",
                "turns:calls.example.org:3478?transport=tcp"
            ]
        );
    }

    #[test]
    fn an_outside_relay_is_named_as_it_was_given() {
        let uris = vec![
            "turn:t.example.org".to_owned(),
            "stun:t.example.org".to_owned(),
        ];
        let ttl = Duration::from_secs(600);
        let list = IceList::elsewhere(uris, Secrets::new(["s"]), ttl);
        let entrance = Entrance {
            host: None,
            local_ip: "10.0.0.2".parse().expect("an address"),
        };
        let servers = list.for_client(&entrance, "mira", 1_000);
        assert_eq!(servers[0].urls, ["stun:t.example.org"]);
        assert_eq!(servers[0].credential, None);
        assert_eq!(servers[1].username.as_deref(), Some("1600:mira"));
        assert!(
            IceList::none()
                .for_client(&entrance, "mira", 1_000)
                .is_empty()
        );
    }
}
