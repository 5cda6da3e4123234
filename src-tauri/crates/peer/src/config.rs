//! What a [`Peer`](crate::Peer) is made of.

use std::sync::Arc;

use duet_protocol::IceServer;
use webrtc::runtime::Runtime;

use crate::codec::VideoCodec;

/// Which candidates may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IcePolicy {
    /// Every kind.
    #[default]
    All,
    /// Only relayed ones: the other person never learns our address.
    Relay,
}

/// A direction of one medium, as we see it (RFC 8866, section 6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// We send only.
    SendOnly,
    /// We receive only.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Puts the two halves together.
    pub fn new(send: bool, receive: bool) -> Self {
        match (send, receive) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// Whether we send.
    pub fn sends(self) -> bool {
        match self {
            Direction::SendRecv | Direction::SendOnly => true,
            Direction::RecvOnly | Direction::Inactive => false,
        }
    }

    /// Whether we receive.
    pub fn receives(self) -> bool {
        match self {
            Direction::SendRecv | Direction::RecvOnly => true,
            Direction::SendOnly | Direction::Inactive => false,
        }
    }
}

/// How to build a peer.
#[derive(Debug, Clone)]
pub struct PeerConfig {
    /// STUN and TURN servers, from the server's `joined` and from the settings.
    pub ice_servers: Vec<IceServer>,
    /// Which candidates may be used.
    pub ice_policy: IcePolicy,
    /// What we can encode **and** decode, most wanted first. Not empty. We send the first of these
    /// that was negotiated; the other side may send any of them.
    pub video_codecs: Vec<VideoCodec>,
    /// What we want to do with audio.
    pub audio: Direction,
    /// What we want to do with video.
    pub video: Direction,
    /// Whether a second picture may go either way, the camera beside a shared screen. It is
    /// negotiated with those alone whose descriptions say that they show one.
    pub tile: bool,
    /// UDP addresses to bind; port 0 lets the system choose.
    pub bind_addresses: Vec<String>,
    /// Offer loopback candidates too, so that two peers on a machine without a network connect.
    pub loopback_candidates: bool,
    /// Resolve `.local` candidates of browsers (RFC 8839bis drafts); needs port 5353, and is
    /// left out silently when that port cannot be shared.
    pub mdns: bool,
    /// How to know the server of a `turns:` relay; `None` leaves such relays out.
    pub relay_tls: Option<Arc<rustls::ClientConfig>>,
    /// The runtime below the source filter; `None` is tokio. Tests put a network in here.
    pub runtime: Option<Arc<dyn Runtime>>,
}

impl Default for PeerConfig {
    fn default() -> Self {
        Self {
            ice_servers: Vec::new(),
            ice_policy: IcePolicy::All,
            video_codecs: vec![VideoCodec::Vp8, VideoCodec::H264],
            audio: Direction::SendRecv,
            video: Direction::SendRecv,
            tile: false,
            bind_addresses: vec!["0.0.0.0:0".into(), "[::]:0".into()],
            loopback_candidates: true,
            mdns: true,
            relay_tls: None,
            runtime: None,
        }
    }
}
