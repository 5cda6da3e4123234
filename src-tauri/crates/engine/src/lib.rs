//! One endpoint of a call: the call machine, the signaling client, the peer connection and the
//! media pipelines joined. The desktop shell and the headless peer use it alike.
//!
//! One asynchronous task (the driver) owns the call machine and decides nothing itself: it carries
//! inputs to the machine and outputs from it. Each peer connection has a task of its own, so that a
//! slow negotiation never holds the call up; media runs on the OS threads of `duet-media`.

mod config;
mod driver;
mod endpoint;
mod event;
mod figures;
mod local_media;
mod logs;
mod media_session;
mod network_watch;
mod peer_task;

pub use config::{
    AudioTap, DeviceConfig, DirectoryConfig, EndpointConfig, PathConfig, ServerConfig, Taps,
    VideoTap,
};
pub use duet_call as call;
pub use duet_peer::IcePolicy;
pub use duet_protocol::AccessToken;
pub use endpoint::{Endpoint, EndpointClosed};
pub use event::{
    DeviceChange, DeviceKind, DeviceNotice, EndpointEvent, ShareEvent, SignalingStatus,
};
pub use figures::{
    AudioFigures, ConnectionFigures, Figures, LatencyFigures, PathFigures, VideoFigures,
};
pub use logs::{QUIET_LOGS, log_filter};
