//! Devices, capture, codecs, jitter buffers, playout and the pipelines that join them.
//!
//! Knows no network: packets come in and go out as [`rtp`] values.

pub mod audio;
pub mod audio_jitter;
pub mod barcode;
pub mod camera;
pub mod clock;
pub mod codec;
pub mod convert;
pub mod device_watch;
pub mod display;
pub mod frame;
pub mod frame_slot;
pub mod lip_sync;
pub mod packetize;
pub mod pipeline;
pub mod rtp;
pub mod scale;
pub mod screen;
pub mod source;
mod stop;
mod unwrap;
pub mod video_jitter;
pub mod wav;
pub mod y4m;
