//! STUN and TURN over UDP, TCP and TLS (RFC 8489, RFC 8656): what two people need whose networks let
//! no direct path through. Relays themselves are UDP.
//!
//! [`Relay`] decides, without I/O: datagrams and the time go in, replies and datagrams to pass on
//! come out. The listener around it moves bytes. An outside relay such as coturn can take its place
//! with the same secret; then only the credentials are made here.
//!
//! Why not the crate `turn`: it asks nobody which peers a client may reach, remembers a nonce for
//! every unauthenticated request, has no quotas, and asks its credential check again at every refresh,
//! which ends a running relay when the credential expires. None of that can be added from outside.
//!
//! Not here: TCP to peers (RFC 6062), DONT-FRAGMENT, ICMP errors passed on.

mod allocation;
mod config;
mod credentials;
mod ice;
mod io;
mod nonce;
mod peers;
mod ports;
mod relay;
mod reply_budget;
mod start;
mod stats;
pub mod stun;
mod traffic;

pub use config::{OutsideTurn, Quotas, TurnConfig, TurnConfigError, TurnMode};
pub use credentials::{Credential, MAX_CREDENTIAL_TTL, Secrets};
pub(crate) use ice::{Entrance, IceList, Relays};
pub(crate) use io::TurnServer;
pub use peers::{PeerFilter, PeerPolicy};
pub use relay::{Flow, HEADROOM, OpenRequest, Reaction, Relay, RelayConfig, RelayId, TAILROOM};
pub(crate) use start::start;
pub use stats::TurnStats;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The time, by both clocks: everything that lasts is measured on the monotonic one, and only the
/// expiry of credentials, which others may have written, on the wall.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// For lifetimes and rates.
    pub instant: Instant,
    /// For credentials: seconds since 1970.
    pub unix_s: u64,
}

impl Now {
    /// What the clocks of this machine say.
    #[must_use]
    pub fn from_clocks() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            instant: Instant::now(),
            unix_s: since_1970.map_or(0, |elapsed| elapsed.as_secs()),
        }
    }
}
