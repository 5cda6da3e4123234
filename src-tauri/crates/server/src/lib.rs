//! The server: it brings two people into a room and carries their negotiation; it knows who is online,
//! lets them call each other by name, and passes texts on; where no direct path exists, it carries their
//! media as well ([`turn`]).
//!
//! [`Server`] is the whole of it, ready to be put inside another program; the binary `duet-server`
//! adds only flags and logs. What decides is in [`rooms`] and [`exchange`], without I/O and with time as a
//! parameter; everything else here moves bytes and enforces limits. It speaks what the README of
//! `duet-protocol` specifies.

mod access;
mod address;
mod budget;
mod bus;
mod cast;
mod config;
mod connection;
mod deadline;
mod directory;
mod door;
#[doc(hidden)]
pub mod echo;
pub mod exchange;
#[cfg(test)]
mod failpoint;
mod guest;
mod http;
mod hub;
mod keys;
mod listener;
mod metrics;
mod monitor;
mod node;
mod origin;
mod outgoing;
mod pace;
#[cfg(test)]
mod panics;
mod proxy;
pub mod rooms;
mod server;
mod shared;
mod stream;
mod supervise;
mod tls;
mod tokens;
pub mod turn;
mod wall_clock;

pub use access::{AccessKeys, Asked, Grant, Role};
pub use address::AddressKey;
pub use bus::{ClusterKeys, ProbeError, RedisConfig, RedisError, RedisReport};
pub use config::{IceServerError, ServerConfig, Timing, parse_ice_servers};
pub use keys::KeyError;
pub use monitor::MonitorConfig;
pub use node::{ClusterStats, ClusterTiming};
pub use origin::{header_host, is_origin};
pub use proxy::{ForwardedHeader, TrustedProxies};
pub use server::{Server, ServerError, ServerStats};
pub use tls::{Certificate, TlsError, TlsFiles};
