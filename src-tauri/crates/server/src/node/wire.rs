//! What nodes say to each other.
//!
//! A client of one node takes part in a room or lobby of another over a *link*: its home opens it, passes on
//! what the client says, and gives the client what comes back. Links are named by their home.
//!
//! Servers of two versions work side by side while an operator changes them: fields and kinds of messages may
//! be added, and who does not know them passes over them. What would be misunderstood without them is not
//! added here but under another seal (see [`crate::bus`]), which servers of before do not listen to.

use duet_protocol::{ClientMessage, LoginAnswer, ServerMessage};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use super::NodeId;
use crate::address::AddressKey;
use crate::exchange::LoginTicket;
use crate::rooms::PlaceTicket;

/// One datagram of the bus: a run of bodies in order, an acknowledgement, or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Envelope {
    /// What the sender speaks: [`Self::VERSION`], or more if it is a newer server.
    pub(crate) version: u32,
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    /// See [`super::channel`].
    pub(crate) session: u64,
    /// The number of the first body; without bodies, of the next one.
    pub(crate) first: u64,
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "known_or_not"
    )]
    pub(crate) bodies: Vec<Body>,
    /// The number of the receiver's body that the sender expects next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ack: Option<u64>,
}

impl Envelope {
    /// Raised with every field or kind that is added.
    pub(crate) const VERSION: u32 = 2;
}

/// Each keeps its number, also those that only newer servers know.
fn known_or_not<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Body>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Heard {
        Known(Body),
        Unknown(IgnoredAny),
    }
    let heard = Vec::<Heard>::deserialize(from)?.into_iter();
    let bodies = heard.map(|body| match body {
        Heard::Known(body) => body,
        Heard::Unknown(IgnoredAny) => Body::Unknown,
    });
    Ok(bodies.collect())
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
    /// Home to owner: the next text went to the client.
    Arrived { link: u64 },
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
    /// Something that only newer servers say. Never said by this one.
    #[serde(skip)]
    Unknown,
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
                | Self::Arrived { .. }
                | Self::Close { .. }
                | Self::LostPlace { .. }
                | Self::LostLogin { .. }
                | Self::NoLink { .. }
                | Self::Unknown => 0,
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
