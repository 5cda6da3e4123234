//! The signaling messages of Duet, their limits, room ids and invites.
//!
//! The specification is this crate's README; a snapshot test pins every message. Nothing here does
//! I/O: the server and the client share these types and the checks on them.

mod message;

pub use message::{
    AudioState, ClientMessage, ErrorCode, Forward, IceServer, LeaveReason, ServerMessage,
    VideoState,
};
