//! One enum for each direction; `cmd` names the variant on the wire.

mod client;
mod directory;
mod server;
mod values;

pub use client::{ClientMessage, Text};
pub use directory::{CallMedia, LoginAnswer, LoginRefusal, Person, Presence, User};
pub use server::ServerMessage;
pub use values::{AudioState, CastRole, ErrorCode, Forward, IceServer, LeaveReason, VideoState};
