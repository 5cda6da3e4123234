//! The signaling messages of Duet, their limits, room ids and invites.
//!
//! The specification is this crate's README; a snapshot test pins every message. Nothing here does
//! I/O: the server and the client share these types and the checks on them.

mod cast_code;
mod check;
mod close;
mod field;
mod id;
mod invite;
pub mod limits;
mod message;
mod parse;
mod random;
mod wire;
mod words;

pub use cast_code::CastCode;
pub use close::CloseReason;
pub use field::{FieldError, canonical_name, check_id, check_name};
pub use id::RoomId;
pub use invite::{
    AccessToken, Invite, InviteError, InviteScheme, InviteSecret, RoomEntry, parse_room_entry,
};
pub use message::{
    AudioState, CallMedia, CastRole, ClientMessage, ErrorCode, Forward, IceServer, LeaveReason,
    LoginAnswer, LoginRefusal, Person, Presence, ServerMessage, Text, User, VideoState,
};
pub use parse::{
    ClientFault, ServerFault, parse_client, parse_server, recheck_client, recheck_server,
};
pub use random::{generate_token, generate_uid};
pub use words::generate_room_id;
