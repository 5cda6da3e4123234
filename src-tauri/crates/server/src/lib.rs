//! The signaling server: it brings two people into a room and carries their negotiation, and where no
//! direct path exists, their media ([`turn`]).
//!
//! [`Server`] is the whole of it, ready to be put inside another program; the binary `duet-server`
//! adds only flags and logs. What decides is in [`rooms`], without I/O and with time as a parameter;
//! everything else here moves bytes and enforces limits. It speaks what the README of
//! `duet-protocol` specifies.

mod address;
mod config;
mod connection;
mod http;
mod hub;
mod listener;
mod origin;
mod outgoing;
mod pace;
pub mod rooms;
mod server;
pub mod turn;

pub use address::AddressKey;
pub use config::{IceServerError, ServerConfig, Timing, parse_ice_servers};
pub use server::{Server, ServerError, ServerStats};
