//! All streams that are open: how many there may be, and how fast they may come. Sans-IO.

use std::collections::HashMap;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::super::config::Quotas;
use super::super::relay::Flow;
use super::outgoing::Outgoing;
use crate::address::{AddressCounts, AddressKey};
use crate::budget::AddressBudget;

/// New ones of one address, as a TLS handshake costs far more than a datagram does. Each of its 64
/// may break and come again every eight seconds.
const ARRIVALS_PER_MINUTE: u32 = 480;

/// By flow.
#[derive(Debug)]
pub(super) struct Streams {
    most: usize,
    most_of_address: usize,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    by_flow: HashMap<Flow, Arc<Outgoing>>,
    addresses: AddressCounts,
    arrivals: AddressBudget,
}

impl Streams {
    pub(super) fn new(quotas: &Quotas) -> Self {
        let open = Open {
            by_flow: HashMap::new(),
            addresses: AddressCounts::default(),
            arrivals: AddressBudget::new(ARRIVALS_PER_MINUTE),
        };
        Self {
            most: quotas.streams(),
            most_of_address: quotas.allocations_per_address,
            open: Mutex::new(open),
        }
    }

    /// Hands datagrams to the stream of this flow, if it is still there.
    pub(super) fn send(&self, flow: Flow, datagrams: &[IoSlice<'_>]) {
        let outgoing = self.open.lock().by_flow.get(&flow).cloned();
        if let Some(outgoing) = outgoing {
            for datagram in datagrams {
                outgoing.push(datagram);
            }
        }
    }

    /// None if there are too many, or they come too fast.
    pub(super) fn open(&self, now: Instant, flow: Flow) -> Option<Arc<Outgoing>> {
        let mut open = self.open.lock();
        let address = AddressKey::from(flow.client.ip());
        open.arrivals.forget_old(now);
        let is_slow = open.arrivals.has_left(now, address);
        open.arrivals.note(now, address);
        let is_full = open.by_flow.len() >= self.most;
        let has_most = open.addresses.of(address) >= self.most_of_address;
        // One client may reach two of our addresses from one port; the first keeps it.
        if !is_slow || is_full || has_most || open.by_flow.contains_key(&flow) {
            return None;
        }
        open.addresses.add(address);
        let outgoing = Arc::<Outgoing>::default();
        open.by_flow.insert(flow, Arc::clone(&outgoing));
        Some(outgoing)
    }

    /// Gives back what [`Self::open`] gave.
    pub(super) fn close(&self, flow: Flow) {
        let mut open = self.open.lock();
        if open.by_flow.remove(&flow).is_some() {
            open.addresses.remove(flow.client.ip().into());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use super::*;

    fn flow(host: u16, port: u16) -> Flow {
        let [high, low] = host.to_be_bytes();
        Flow {
            listener: 1,
            client: SocketAddr::from(([198, 51, high, low], port)),
            is_stream: true,
        }
    }

    fn streams(allocations: usize, allocations_per_address: usize) -> Streams {
        Streams::new(&Quotas {
            allocations,
            allocations_per_address,
            ..Quotas::default()
        })
    }

    #[test]
    fn an_address_has_its_share_and_all_have_theirs() {
        let (streams, now) = (streams(4, 2), Instant::now());
        assert!(streams.open(now, flow(1, 1)).is_some());
        assert!(streams.open(now, flow(1, 2)).is_some());
        assert!(streams.open(now, flow(1, 3)).is_none());
        streams.close(flow(1, 1));
        assert!(streams.open(now, flow(1, 3)).is_some());
        let others = (2..1_000).filter(|host| streams.open(now, flow(*host, 1)).is_some());
        assert_eq!(others.count(), 4 + 256 - 2);
    }

    #[test]
    fn the_same_port_again_is_refused_and_costs_the_first_nothing() {
        let (streams, now) = (streams(4, 2), Instant::now());
        let first = streams.open(now, flow(1, 1)).expect("it is free");
        assert!(streams.open(now, flow(1, 1)).is_none());
        streams.send(flow(1, 1), &[IoSlice::new(&[0; 4])]);
        assert!(!first.is_empty(), "it still gets what is its");
        streams.close(flow(1, 1));
        let open = streams.open.lock();
        assert!(open.by_flow.is_empty() && open.addresses.of(flow(1, 1).client.ip().into()) == 0);
    }

    #[test]
    fn they_come_no_faster_than_a_handshake_may_cost() {
        let (streams, now) = (streams(4, 2), Instant::now());
        let come_and_go = |now| {
            let came = streams.open(now, flow(1, 1)).is_some();
            streams.close(flow(1, 1));
            came
        };
        let came = (0..10_000).filter(|_| come_and_go(now)).count();
        assert_eq!(came, ARRIVALS_PER_MINUTE as usize);
        assert!(streams.open(now, flow(2, 1)).is_some(), "others come");
        assert!(come_and_go(now + Duration::from_secs(1)), "and it again");
    }
}
