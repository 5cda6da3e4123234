//! The client's end of the signaling connection: connect, back-off, keepalive, resume.
//!
//! [`SignalingClient::spawn`] starts one task that owns the socket; [`SignalingHandle`] commands it,
//! and events come out of a bounded channel. Dropping the handle closes the connection.
//!
//! **Who repeats what.** The task remembers the last `join` and the newest resume token, and is the
//! only one to send `join` after a reconnect: first thing on the new connection, before anything
//! else. Everything else handed over while there is no connection is dropped, and what was on its
//! way when a connection broke may be lost: the call machine knows what the other side lacks and
//! sends it again after `joined`. A queue that survives breaks was rejected, because what it held
//! would arrive late and belong to a negotiation that is over.
//!
//! What decides about time ([`backoff`], [`keepalive`]) and about joins ([`membership`]) does no I/O.

pub mod backoff;
mod client;
mod config;
mod connect;
mod connection;
#[doc(hidden)]
pub mod echo;
mod error;
mod event;
mod fingerprint;
pub mod keepalive;
pub mod membership;
mod task;
mod tls;

pub use client::{SignalingClient, SignalingHandle};
pub use config::SignalingConfig;
pub use error::{CertificateProblem, SignalingError};
pub use event::SignalingEvent;
pub use fingerprint::Fingerprint;
pub use tls::tls_config;
