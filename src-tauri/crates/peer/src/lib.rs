//! The webrtc wrapper: negotiation, candidates, RTP, loss repair, statistics.
//!
//! [`Peer`] owns one `PeerConnection` of the `webrtc` crate with one audio and one video
//! transceiver, and a second video one for the camera's tile while a screen is shared. The transport of that crate is used as it is; its loss repair is replaced
//! ([`nack`]), a filter stands in front of its sockets ([`source_filter`]), and session
//! descriptions pass through small text functions ([`sdp`]) that correct what it gets wrong with
//! browsers. What decides does no I/O and takes `now` as a parameter.
//!
//! This crate knows no devices and no codecs beyond their names: payloads go in and come out.

mod clock_reference;
mod codec;
mod config;
mod driver_rounds;
mod error;
mod event;
mod interceptors;
pub mod key_frame;
mod liveness;
pub mod nack;
mod negotiated;
mod peer;
pub mod rate_control;
mod relay_tunnel;
pub mod sdp;
mod sender;
mod sequence;
pub mod source_filter;
mod stats;

pub use codec::{Codec, MediaKind, StreamKind, VideoCodec};
pub use config::{Direction, IcePolicy, PeerConfig};
pub use error::{PeerError, SendError};
pub use event::{ConnectionState, PeerEvent, ReceivedRtp};
pub use negotiated::SendCodec;
pub use peer::Peer;
pub use sender::{OutgoingRtp, RtpSender, SendOutcome};
pub use stats::{PathStats, PeerStats, RelayTransport, StreamStats};
