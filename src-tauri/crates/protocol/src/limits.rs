//! Every limit of the protocol in one place; the README gives the reasons.
//!
//! Sizes are in bytes unless the name says characters (Unicode scalar values). Both sides check:
//! the server because clients are hostile, the client because servers are.

use std::time::Duration;

/// A whole WebSocket message, fragments joined. Beyond it the connection ends with 1009.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// The `msg` field of an offer, answer or candidate.
pub const MAX_SDP_BYTES: usize = 32 * 1024;
/// The `content` of a text.
pub const MAX_TEXT_BYTES: usize = 4 * 1024;
/// Objects and arrays inside each other; the message itself is the first.
pub const MAX_JSON_DEPTH: usize = 16;
/// Room ids, uids, session ids and names, after trimming.
pub const MAX_ID_CHARS: usize = 64;
/// A resume token. Ours have 32 characters.
pub const MAX_RESUME_TOKEN_BYTES: usize = 128;
/// An admission token of a closed server.
pub const MAX_ACCESS_TOKEN_BYTES: usize = 2048;
/// The secret behind the `#` of an invite.
pub const MAX_INVITE_SECRET_BYTES: usize = 256;
/// Text typed or pasted into the room field; what is longer is refused unread.
pub const MAX_ROOM_ENTRY_BYTES: usize = 8 * 1024;

/// Candidates a member may send after one description of its own; more are dropped.
pub const MAX_CANDIDATES_PER_NEGOTIATION: u32 = 128;
/// ICE servers a client takes from one message; more are ignored.
pub const MAX_ICE_SERVERS: usize = 16;
/// People in a room.
pub const ROOM_PLACES: usize = 2;

/// Where a `login` without `lobby` goes.
pub const DEFAULT_LOBBY: &str = "main";
/// People logged in to a lobby, kept ones included.
pub const LOBBY_PLACES: usize = 200;
/// How long changes in a lobby are collected before its people are told.
pub const PRESENCE_INTERVAL: Duration = Duration::from_millis(250);
/// How long a call rings.
pub const RING_TIMEOUT: Duration = Duration::from_secs(45);
/// How soon after `accept` somebody must be in the call's room.
pub const CALL_ENTRY_TIMEOUT: Duration = Duration::from_secs(15);

/// How long the code of a cast is good.
pub const CAST_CODE_LIFETIME: Duration = Duration::from_secs(120);
/// The `code` of a `cast-join`, with whatever a person typed between its characters.
pub const MAX_CAST_CODE_BYTES: usize = 64;

/// The HTTP request that opens the WebSocket: from accepting the connection to the upgrade.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// The head of that request: request line and all headers.
pub const MAX_HEADER_BYTES: usize = 8 * 1024;
/// From the first byte of a message to its last: nobody who means well says one letter by letter.
pub const MESSAGE_TIMEOUT: Duration = Duration::from_secs(5);

/// Messages a connection may send in the long run, each second.
pub const MESSAGES_PER_SECOND: u32 = 20;
/// Messages it may send at once after a pause.
pub const MESSAGE_BURST: u32 = 120;
/// How long a client may lean on the rate limit before 4002.
pub const RATE_PATIENCE: Duration = Duration::from_secs(10);

/// Malformed messages within [`FAULT_WINDOW`] that end the connection with 4001.
pub const MAX_FAULTS: usize = 10;
/// See [`MAX_FAULTS`].
pub const FAULT_WINDOW: Duration = Duration::from_secs(60);

/// How often our client sends `keepalive`.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
/// How often the server sends a WebSocket ping.
pub const PING_INTERVAL: Duration = Duration::from_secs(5);
/// A connection from which no frame at all came for this long is ended.
pub const SILENCE_TIMEOUT: Duration = Duration::from_secs(20);

/// How long the place or login of somebody who asked for resume is kept.
pub const RESUME_WINDOW: Duration = Duration::from_secs(120);

/// What the server holds for a client that does not read.
pub const MAX_OUTGOING_BYTES: usize = 256 * 1024;
/// How long such a client may read nothing while something waits for it.
pub const SLOW_READER_TIMEOUT: Duration = Duration::from_secs(5);
