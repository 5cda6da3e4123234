//! The library's callbacks. They run on its driver task: everything is put into a bounded queue
//! and nothing waits.
//!
//! When a negotiation is needed is not asked of the library: it compares directions with answers that
//! we have narrowed, and sees a need where there is none. The negotiation knows what it wants.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use rtc::peer_connection::event::RTCPeerConnectionIceEvent;
use rtc::peer_connection::state::{
    RTCIceConnectionState, RTCIceGatheringState, RTCPeerConnectionState,
};
use rtc::peer_connection::transport::RTCIceCandidateType;
use tokio::sync::mpsc;
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::peer_connection::PeerConnectionEventHandler;

use crate::event::{ConnectionState, PeerEvent};
use crate::interceptors::Shared;
use crate::sdp::hide_related;

/// What the peer's own task must know of.
pub(super) enum Notice {
    Connected,
    Track(Arc<dyn TrackRemote>),
}

pub(super) struct Handler {
    pub(super) shared: Arc<Shared>,
    pub(super) notices: mpsc::Sender<Notice>,
    pub(super) relay_only: bool,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        if self.relay_only && event.candidate.typ != RTCIceCandidateType::Relay {
            return;
        }
        let Ok(mut init) = event.candidate.to_json() else {
            return;
        };
        // Which relay it is is ours to know.
        let url = init.url.take().unwrap_or(event.url);
        if event.candidate.typ == RTCIceCandidateType::Relay {
            let ip = event.candidate.address.parse().ok();
            let relay = ip.map(|ip| SocketAddr::new(ip, event.candidate.port));
            self.shared.tunnels.found(relay, &url);
        }
        if self.relay_only {
            init.candidate = hide_related(&init.candidate);
        }
        if let Ok(json) = serde_json::to_string(&init) {
            let candidate = PeerEvent::LocalCandidate(Some(json));
            self.shared.events.control(candidate);
        }
    }

    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.shared.events.control(PeerEvent::LocalCandidate(None));
        }
    }

    async fn on_ice_connection_state_change(&self, state: RTCIceConnectionState) {
        if state == RTCIceConnectionState::Connected || state == RTCIceConnectionState::Completed {
            let _ = self.shared.path_found.set(Instant::now());
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let state = match state {
            RTCPeerConnectionState::Connecting => ConnectionState::Connecting,
            RTCPeerConnectionState::Connected => ConnectionState::Connected,
            RTCPeerConnectionState::Disconnected => ConnectionState::Disconnected,
            RTCPeerConnectionState::Failed => ConnectionState::Failed,
            RTCPeerConnectionState::Closed => return self.on_closed(),
            // `New`, `Unspecified`, and what the library may add.
            _ => return,
        };
        match state {
            // The library also says so when DTLS *closed* on a working path.
            ConnectionState::Connected if self.shared.filter.handshake_failed() => return,
            ConnectionState::Connected => {
                self.shared.filter.on_connected(Instant::now());
                self.shared.connected.store(true, Relaxed);
                self.shared.tunnels.connected(true);
                let _ = self.notices.try_send(Notice::Connected);
            }
            ConnectionState::Failed => self.shared.connected.store(false, Relaxed),
            ConnectionState::Connecting
            | ConnectionState::Disconnected
            | ConnectionState::Closed => {}
        }
        self.shared.library_state(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let _ = self.notices.try_send(Notice::Track(track));
    }
}

impl Handler {
    /// Our own close reports itself; the other side's DTLS close means the connection is gone.
    fn on_closed(&self) {
        if self.shared.connected.swap(false, Relaxed) {
            self.shared.library_state(ConnectionState::Failed);
        }
    }
}
