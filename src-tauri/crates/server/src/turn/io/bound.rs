//! The sockets on which clients are heard.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, UdpSocket};
use tracing::warn;

use super::super::config::TurnConfig;
use super::super::ports;
use super::stream::StreamListener;

/// How often a free port is looked for that is free for both protocols.
const TRIES: usize = 16;

/// All of them.
pub(super) struct Bound {
    pub(super) listeners: Vec<UdpSocket>,
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) streams: Vec<StreamListener>,
    pub(super) stream_addresses: Vec<SocketAddr>,
}

impl Bound {
    /// # Errors
    /// The first address that cannot be had over UDP. Without TCP the relay runs as well.
    pub(super) fn new(config: &TurnConfig) -> Result<Self, (SocketAddr, io::Error)> {
        let mut bound = Self {
            listeners: Vec::new(),
            addresses: Vec::new(),
            streams: Vec::new(),
            stream_addresses: Vec::new(),
        };
        for address in &config.listen {
            let failed = |error| (*address, error);
            let (datagrams, stream) = listen(*address, config.has_streams).map_err(failed)?;
            let local = datagrams.local_addr().map_err(failed)?;
            bound.addresses.push(local);
            bound.listeners.push(datagrams);
            if let Some(listener) = stream {
                // Numbered behind those of UDP.
                let index = config.listen.len() + bound.streams.len();
                let index = u16::try_from(index).unwrap_or(u16::MAX);
                bound.streams.push(StreamListener { listener, index });
                bound.stream_addresses.push(local);
            }
        }
        Ok(bound)
    }
}

/// The same port for both.
fn listen(address: SocketAddr, has_streams: bool) -> io::Result<(UdpSocket, Option<TcpListener>)> {
    for left in (0..TRIES).rev() {
        let datagrams = ports::listen(address)?;
        if !has_streams {
            return Ok((datagrams, None));
        }
        let local = datagrams.local_addr()?;
        match ports::listen_for_streams(local) {
            Ok(streams) => return Ok((datagrams, Some(streams))),
            // The system chose a port that is free for UDP only.
            Err(_) if address.port() == 0 && left > 0 => {}
            Err(error) => {
                warn!(port = local.port(), %error, "no relay over TCP: the port cannot be had");
                return Ok((datagrams, None));
            }
        }
    }
    Err(io::Error::from(io::ErrorKind::AddrInUse))
}
