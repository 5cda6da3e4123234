//! What nodes say to each other.
//!
//! A client of one node takes part in a room or lobby of another over a *link*: its home opens it, passes on
//! what the client says, and gives the client what comes back. Links are named by their home.

use duet_protocol::{ClientMessage, LoginAnswer, ServerMessage};
use serde::{Deserialize, Serialize};

use super::NodeId;
use crate::address::AddressKey;
use crate::exchange::LoginTicket;
use crate::rooms::PlaceTicket;

/// One datagram of the bus: a run of bodies in order, an acknowledgement, or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Envelope {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    /// See [`super::channel`].
    pub(crate) session: u64,
    /// The number of the first body; without bodies, of the next one.
    pub(crate) first: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) bodies: Vec<Body>,
    /// The number of the receiver's body that the sender expects next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ack: Option<u64>,
}

/// One message between nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Body {
    /// Home to owner: a client takes part.
    Open { link: u64, address: AddressKey },
    /// Home to owner: the client said this.
    Handle { link: u64, message: ClientMessage },
    /// Home to owner: the client said something that concerns others.
    Heard { link: u64, spends_login: bool },
    /// Home to owner: the client is in a room that the owner does not decide about, or not any more.
    Elsewhere { link: u64, is_elsewhere: bool },
    /// Home to owner: the name of the client's login.
    Name { link: u64, name: String },
    /// Home to owner: the client is gone, or takes part no longer.
    Broken { link: u64 },
    /// Home to owner: carry on this place.
    AdoptPlace { link: u64, ticket: PlaceTicket },
    /// Home to owner: carry on this login.
    AdoptLogin { link: u64, ticket: LoginTicket },
    /// Owner to home: for the client.
    Send { link: u64, message: ServerMessage },
    /// Owner to home: end the connection of the client with this code.
    Close { link: u64, code: u16 },
    /// Owner to home: what to carry the client's room on with when the owner is gone.
    Vouch { link: u64, ticket: PlaceTicket },
    /// Owner to home: the same for the client's login.
    VouchLogin { link: u64, ticket: LoginTicket },
    /// Owner to home: this is not decided here; ask again who does.
    Bounced { link: u64, message: ClientMessage },
    /// Owner to home: the place is decided here no longer.
    LostPlace { link: u64 },
    /// Owner to home: the login is decided here no longer.
    LostLogin { link: u64 },
    /// Owner to home: nothing is known of this link.
    NoLink { link: u64 },
}

impl Body {
    /// Roughly what it takes in a datagram.
    pub(crate) fn size_bytes(&self) -> usize {
        /// Names, numbers and marks.
        const OVERHEAD_BYTES: usize = 512;
        OVERHEAD_BYTES
            + match self {
                Self::Handle { message, .. } | Self::Bounced { message, .. } => said_bytes(message),
                Self::Send { message, .. } => told_bytes(message),
                Self::AdoptPlace { .. }
                | Self::Vouch { .. }
                | Self::AdoptLogin { .. }
                | Self::VouchLogin { .. } => 1024,
                Self::Open { .. }
                | Self::Heard { .. }
                | Self::Elsewhere { .. }
                | Self::Name { .. }
                | Self::Broken { .. }
                | Self::Close { .. }
                | Self::LostPlace { .. }
                | Self::LostLogin { .. }
                | Self::NoLink { .. } => 0,
            }
    }
}

/// The long fields of what a client says.
fn said_bytes(message: &ClientMessage) -> usize {
    match message {
        ClientMessage::Offer(forward)
        | ClientMessage::Answer(forward)
        | ClientMessage::Candidate(forward) => forward.msg.len(),
        ClientMessage::Message(text) => text.content.len(),
        _ => 0,
    }
}

/// The long fields of what a client is told.
fn told_bytes(message: &ServerMessage) -> usize {
    const USER_BYTES: usize = 128;
    match message {
        ServerMessage::Offer(forward)
        | ServerMessage::Answer(forward)
        | ServerMessage::Candidate(forward) => forward.msg.len(),
        ServerMessage::Message { content, .. } => content.len(),
        ServerMessage::Login(LoginAnswer::Accepted { users, .. }) => users.len() * USER_BYTES,
        ServerMessage::Presence(changes) => {
            let lists = [
                &changes.online,
                &changes.offline,
                &changes.busy,
                &changes.free,
            ];
            lists.iter().map(|list| list.len()).sum::<usize>() * USER_BYTES
        }
        _ => 0,
    }
}
