//! The protocol's behaviour, one file for each.

mod cast_parsing;
mod directory_parsing;
mod invites;
mod parsing;
mod room_entry;
mod round_trips;
mod snapshots;
