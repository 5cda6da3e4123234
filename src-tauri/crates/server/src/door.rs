//! How many may be in, altogether and from one address, and how fast they may come.

use std::sync::Arc;
use std::time::Instant;

use crate::address::{AddressCounts, AddressKey};
use crate::budget::AddressBudget;
use crate::shared::Shared;

/// The connections of every address.
#[derive(Debug)]
pub(crate) struct Sockets {
    counts: AddressCounts,
    /// New ones in a minute.
    arrivals: Option<AddressBudget>,
}

impl Sockets {
    /// Nobody is there yet; `None` is without limit.
    pub(crate) fn new(connections_per_minute: Option<u32>) -> Self {
        Self {
            counts: AddressCounts::default(),
            arrivals: connections_per_minute.map(AddressBudget::new),
        }
    }

    /// One more came from this address; false if too many did lately.
    fn arrive(&mut self, now: Instant, address: AddressKey) -> bool {
        let Some(arrivals) = &mut self.arrivals else {
            return true;
        };
        arrivals.forget_old(now);
        let has_left = arrivals.has_left(now, address);
        arrivals.note(now, address);
        has_left
    }
}

/// A connection counted for its address; dropping it gives the count back.
pub(crate) struct Slot {
    shared: Arc<Shared>,
    address: AddressKey,
    /// There are too many already: this one is told so over HTTP and no more.
    pub(crate) is_over_limit: bool,
}

impl Slot {
    /// One more for an address. One that is over the limit may still be told so over HTTP; when there are
    /// as many of those again, or they come too fast, there is no slot.
    pub(crate) fn take(shared: &Arc<Shared>, address: AddressKey) -> Option<Self> {
        let mut sockets = shared.sockets.lock();
        if !sockets.arrive(Instant::now(), address) {
            return None;
        }
        let count = sockets.counts.of(address);
        let is_over_limit = match shared.config.max_connections_per_address {
            Some(limit) if count >= limit.saturating_mul(2) => return None,
            Some(limit) => count >= limit,
            None => false,
        };
        sockets.counts.add(address);
        drop(sockets);
        Some(Self {
            shared: Arc::clone(shared),
            address,
            is_over_limit,
        })
    }

    /// Whom it is counted for.
    pub(crate) fn address(&self) -> AddressKey {
        self.address
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.sockets.lock().counts.remove(self.address);
    }
}
