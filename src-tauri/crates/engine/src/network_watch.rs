//! Notices that the computer is in another network: another Wi-Fi, a cable, a VPN.
//!
//! ICE alone needs seconds to see that its path is gone. The interfaces are looked at twice a second:
//! there is no event for it that works alike on all three systems, and a look costs less than a
//! tenth of a millisecond.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Looks as long as it lives.
#[derive(Debug)]
pub(crate) struct NetworkWatch {
    task: JoinHandle<()>,
}

impl NetworkWatch {
    /// Starts looking; the receiver gets one message for each change, or fewer when nobody takes
    /// them. Must be called on the runtime.
    pub(crate) fn spawn() -> (Self, mpsc::Receiver<()>) {
        let (changes, inbox) = mpsc::channel(1);
        let task = tokio::spawn(run(changes));
        (Self { task }, inbox)
    }
}

impl Drop for NetworkWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(changes: mpsc::Sender<()>) {
    let mut networks = Networks::default();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !changes.is_closed() {
        looks.tick().await;
        // A system that hangs in this call must not stop the runtime.
        let found = tokio::task::spawn_blocking(if_addrs::get_if_addrs).await;
        let Ok(Ok(interfaces)) = found else {
            tracing::debug!("the network interfaces could not be read");
            continue;
        };
        if networks.look(interfaces.iter().map(if_addrs::Interface::ip)) {
            // A change that waits to be taken stands for this one too.
            let _ = changes.try_send(());
        }
    }
}

/// The networks of the last look, as addresses.
#[derive(Debug, Default)]
struct Networks {
    known: Option<BTreeSet<IpAddr>>,
}

impl Networks {
    /// Takes the addresses of all interfaces; true if they are others than before.
    fn look(&mut self, addresses: impl Iterator<Item = IpAddr>) -> bool {
        let found: BTreeSet<IpAddr> = addresses.filter_map(network).collect();
        let is_other = self.known.as_ref().is_some_and(|known| *known != found);
        self.known = Some(found);
        is_other
    }
}

/// What an address says about the network; nothing if it reaches only this computer or cable.
fn network(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) if v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() => None,
        IpAddr::V4(v4) => Some(v4.into()),
        IpAddr::V6(v6) if v6.is_loopback() || v6.is_unicast_link_local() => None,
        // Temporary addresses come and go inside their network (RFC 8981).
        IpAddr::V6(v6) => Some(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(networks: &mut Networks, addresses: &[&str]) -> bool {
        let parsed = addresses
            .iter()
            .map(|address| address.parse().expect("an address"));
        networks.look(parsed)
    }

    #[test]
    fn the_first_look_and_the_same_networks_are_no_change() {
        let mut networks = Networks::default();
        let here = ["127.0.0.1", "192.168.1.5", "2001:db8:1:2::7"];
        assert!(!look(&mut networks, &here));
        assert!(!look(&mut networks, &here));
        let reversed = ["2001:db8:1:2::7", "192.168.1.5"];
        assert!(!look(&mut networks, &reversed));
    }

    #[test]
    fn an_address_that_comes_goes_or_is_replaced_is_a_change() {
        let mut networks = Networks::default();
        look(&mut networks, &["192.168.1.5"]);
        assert!(look(&mut networks, &["192.168.1.5", "10.8.0.2"]));
        assert!(look(&mut networks, &["10.8.0.2"]));
        assert!(look(&mut networks, &["10.8.0.3"]));
        assert!(look(&mut networks, &[]));
        assert!(!look(&mut networks, &[]));
    }

    #[test]
    fn what_reaches_nobody_and_temporary_addresses_do_not_count() {
        let mut networks = Networks::default();
        look(&mut networks, &["2001:db8:1:2::7"]);
        let more = ["169.254.3.4", "fe80::1", "::1", "2001:db8:1:2:aaaa::9"];
        assert!(!look(&mut networks, &more));
        assert!(look(&mut networks, &["2001:db8:1:3::7"]));
    }
}
