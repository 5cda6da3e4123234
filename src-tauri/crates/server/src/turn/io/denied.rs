//! Addresses that stay closed though they are public: those that the operator names, and those of the
//! Redis, whose name may lead elsewhere tomorrow.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use parking_lot::Mutex;
use tracing::{debug, warn};

use super::Shared;

/// How often names are looked up.
const INTERVAL: Duration = Duration::from_secs(30);
/// How often, until all of them have led somewhere once.
const FIRST_INTERVAL: Duration = Duration::from_secs(1);
/// For all names together; a resolver that hangs must not keep clients waiting.
const PATIENCE: Duration = Duration::from_secs(3);
/// Addresses of one name.
const MAX_ADDRESSES: usize = 16;

#[derive(Debug)]
pub(super) struct Denied {
    networks: Mutex<Vec<IpNet>>,
    /// Names, and where each led when it last led anywhere.
    hosts: Mutex<Vec<(String, Vec<IpAddr>)>>,
}

impl Denied {
    pub(super) fn new(networks: Vec<IpNet>, hosts: Vec<String>) -> Self {
        let hosts = hosts.into_iter().map(|host| (host, Vec::new()));
        Self {
            networks: Mutex::new(networks),
            hosts: Mutex::new(hosts.collect()),
        }
    }

    /// All of it. Loopback is closed anyway, or open on purpose.
    fn all(&self) -> Vec<IpNet> {
        let hosts = self.hosts.lock();
        let found = hosts.iter().flat_map(|(_, found)| found);
        let found = found.filter(|ip| !ip.is_loopback()).copied();
        let networks = self.networks.lock();
        networks
            .iter()
            .copied()
            .chain(found.map(IpNet::from))
            .collect()
    }

    fn is_complete(&self) -> bool {
        let hosts = self.hosts.lock();
        hosts.iter().all(|(_, found)| !found.is_empty())
    }
}

impl Shared {
    /// Closes these networks and no others, and looks where the names lead now.
    pub(super) async fn deny(&self, networks: Vec<IpNet>) {
        *self.denied.networks.lock() = networks;
        self.apply_denied();
        self.look_up_denied().await;
    }

    /// Looks where the names lead, once. Without names there is nothing to wait for.
    pub(super) async fn look_up_denied(&self) {
        let hosts = self.denied.hosts.lock().clone();
        for (host, before) in hosts {
            let found = tokio::time::timeout(PATIENCE, addresses(&host)).await;
            let found = found.unwrap_or_default();
            if found.is_empty() {
                // In words for the operator; the name is in the settings.
                if before.is_empty() {
                    warn!("the name of Redis leads nowhere: relays cannot be kept from it yet");
                }
                continue;
            }
            if found != before {
                debug!(%host, count = found.len(), "relays are kept from where this name leads");
            }
            let mut hosts = self.denied.hosts.lock();
            let known = hosts.iter_mut().find(|(name, _)| *name == host);
            if let Some((_, known)) = known {
                *known = found;
            }
        }
        self.apply_denied();
    }

    /// Follows the names for as long as the relay runs.
    pub(super) async fn follow_denied(self: Arc<Self>) {
        if self.denied.hosts.lock().is_empty() {
            return;
        }
        loop {
            let pause = match self.denied.is_complete() {
                true => INTERVAL,
                false => FIRST_INTERVAL,
            };
            tokio::time::sleep(pause).await;
            self.look_up_denied().await;
        }
    }

    fn apply_denied(&self) {
        let denied = self.denied.all();
        let mut state = self.state.lock();
        state.relay.change_peers(|peers| peers.set_denied(denied));
    }
}

async fn addresses(host: &str) -> Vec<IpAddr> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::net::lookup_host((host, 0)).await;
    let Ok(found) = found else {
        return Vec::new();
    };
    let mut found: Vec<IpAddr> = found
        .map(|address| address.ip().to_canonical())
        .take(MAX_ADDRESSES)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}
