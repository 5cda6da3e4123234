//! Our own loss repair: asking for lost packets and answering such requests. Sans-IO.
//!
//! The library's generator asks without limit every 100 ms and its responder answers every time;
//! on a link that became narrow this fed on itself (37 s of latency, 25 retransmissions for each
//! packet). Here every loss has a number of tries, a spacing and a deadline, and every answer a
//! cooldown and a budget.
//!
//! Repairs travel as RTX (RFC 4588) with browsers and between our own endpoints alike: a repair on
//! the media's own SSRC counts as received in receiver reports, so the sender no longer sees the
//! loss its bitrate rule needs, and it lies outside SRTP's replay window when it is late.

mod gaps;
mod history;

pub use gaps::{Arrival, Gaps, GapsConfig};
pub use history::{History, HistoryConfig, SentPacket};
