//! Which STUN and TURN servers are asked, and when they are asked anew.
//!
//! The library keeps its relays through a restart of ICE while the list of servers is the same. That is
//! right while they work, and wrong when one has ended with its server: it would be offered again, and the
//! call would come back only with a new connection, many seconds later. So when nothing is heard any
//! more, the list is made another one, by naming its first relay twice or once; a second name for
//! the same place is not asked.

use std::sync::atomic::Ordering::Relaxed;

use duet_protocol::IceServer;
use rtc::peer_connection::transport::RTCIceServer;

use super::{Peer, build};
use crate::error::PeerError;

impl Peer {
    /// Other servers, or the same with new credentials, from the next ICE restart on: what runs goes on
    /// as it is.
    pub async fn set_ice_servers(&self, servers: &[IceServer]) -> Result<(), PeerError> {
        let _negotiation = self.negotiation().await?;
        *self.ice_servers.lock() = servers.to_vec();
        self.configure(servers).await
    }

    /// Gives up the relays at the restart of ICE that is about to begin, if nothing came through them
    /// lately, and asks for others.
    pub(super) async fn ask_relays_anew(&self) {
        let has_relay = self.shared.has_relay.load(Relaxed);
        if !has_relay || !self.shared.is_silent() {
            return;
        }
        self.shared.names_relay_twice.fetch_xor(true, Relaxed);
        let servers = self.ice_servers.lock().clone();
        if let Err(error) = self.configure(&servers).await {
            tracing::warn!(%error, "the relays of this connection stay the old ones");
        }
    }

    async fn configure(&self, servers: &[IceServer]) -> Result<(), PeerError> {
        let configuration = build::configuration(servers, &self.config, &self.shared).await;
        let set = self.connection.set_configuration(configuration).await;
        set.map_err(PeerError::library)
    }
}

/// The same servers as another list.
pub(super) fn with_one_twice(mut servers: Vec<RTCIceServer>) -> Vec<RTCIceServer> {
    let is_relay = |server: &&RTCIceServer| server.urls.iter().any(|url| url.starts_with("turn:"));
    let first = servers.iter().find(is_relay).cloned();
    servers.extend(first);
    servers
}
