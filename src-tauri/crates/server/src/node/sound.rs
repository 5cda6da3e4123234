//! What other nodes say keeps the bounds of what clients say.
//!
//! Whoever has the key of the cluster can speak as a node, and is trusted as one; but nothing it says makes a
//! node panic, or hold more than it holds of honest ones.

use duet_protocol::limits::{MAX_RESUME_TOKEN_BYTES, ROOM_PLACES};
use duet_protocol::{RoomId, canonical_name, check_id, check_name, recheck_client, recheck_server};

use super::wire::Body;
use crate::exchange::LoginTicket;
use crate::rooms::{MemberTicket, PlaceTicket};

impl Body {
    /// Whether an honest node can have said this. Ids and names come out trimmed.
    pub(super) fn is_sound(&mut self) -> bool {
        match self {
            Self::Handle { message, .. } | Self::Bounced { message, .. } => recheck_client(message),
            Self::Send { message, .. } => recheck_server(message),
            Self::Name { name, .. } => canonical_name(name).is_some(),
            Self::AdoptPlace { ticket, .. } | Self::Vouch { ticket, .. } => is_place(ticket),
            Self::AdoptLogin { ticket, .. } | Self::VouchLogin { ticket, .. } => is_login(ticket),
            Self::Open { .. }
            | Self::Heard { .. }
            | Self::Elsewhere { .. }
            | Self::Broken { .. }
            | Self::Arrived { .. }
            | Self::Close { .. }
            | Self::LostPlace { .. }
            | Self::LostLogin { .. }
            | Self::NoLink { .. }
            | Self::Unknown => true,
        }
    }
}

fn is_place(ticket: &PlaceTicket) -> bool {
    let is_member = |member: &MemberTicket| {
        let is_here = is_canonical(&ticket.key, &member.room_id);
        let has_name = member
            .name
            .as_deref()
            .is_none_or(|name| check_name(name).is_ok());
        is_here && has_name && check_id(&member.uid).is_ok() && is_token(&member.token)
    };
    let mut members = ticket.members.iter();
    let has_own = members.any(|member| member.uid == ticket.uid);
    has_own && ticket.members.len() <= ROOM_PLACES && ticket.members.iter().all(is_member)
}

fn is_login(ticket: &LoginTicket) -> bool {
    canonical_name(&ticket.name).is_some()
        && is_canonical(&ticket.lobby, &ticket.lobby)
        && check_id(&ticket.uid).is_ok()
        && is_token(&ticket.token)
}

/// Whether somebody wrote this canonical id so.
fn is_canonical(key: &str, written: &str) -> bool {
    RoomId::parse(written).is_ok_and(|id| id.canonical() == key)
}

fn is_token(token: &str) -> bool {
    token.len() <= MAX_RESUME_TOKEN_BYTES
}
