//! Devices, capture, codecs, jitter buffers, playout and the pipelines that join them.
//!
//! Knows no network: packets come in and go out as [`rtp`] values.

pub mod clock;
pub mod frame;
pub mod rtp;
