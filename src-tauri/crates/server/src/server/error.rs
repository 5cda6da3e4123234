//! Why a server does not start, or does not do what it is asked for.

use std::net::SocketAddr;

use thiserror::Error;

use crate::bus::RedisError;
use crate::tls::TlsError;
use crate::turn::TurnConfigError;

/// Why a server could not listen.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The address is in use, not ours, or not allowed.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The same for the relay.
    #[error("cannot relay on {address}: {source}")]
    Relay {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The address of Redis cannot be.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// There is no good certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The same for figures and health.
    #[error("cannot tell figures on {address}: {source}")]
    Monitor {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The relay's settings cannot be.
    #[error(transparent)]
    TurnConfig(#[from] TurnConfigError),
    /// The server is shutting down.
    #[error("the server is shutting down")]
    Draining,
}
