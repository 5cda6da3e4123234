//! A screen or a window of a Wayland session, as its portal shows it.
//!
//! Under Wayland a program sees no screen but the one that a person chose for it in a dialog of the
//! system: `org.freedesktop.portal.ScreenCast` on the session bus, version 1 or later. Its answer is a
//! connection to PipeWire and a node there, whose pictures [`Cast`] takes in shared memory.
//!
//! Two threads belong to a cast: one keeps the session on the bus (the system ends the cast with it),
//! one runs PipeWire's loop. Between them and the caller is one place for the newest picture, so a slow
//! reader misses pictures and never delays them.
//!
//! The crate is empty on other systems, and without the feature `wayland-portal`.
#![cfg(all(target_os = "linux", feature = "wayland-portal"))]

mod cast;
mod newest;
mod offers;
mod picture;
mod pods;
mod session;
mod stream;

use std::sync::Arc;

pub use cast::Cast;
pub use offers::{Offer, Offers};

/// A picture: blue, green, red and a byte without meaning for each pixel, rows without padding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// `width * height * 4` bytes.
    pub pixels: Vec<u8>,
}

/// A picture and its number in the cast, from 1; a number that is not the last one seen is a new picture.
#[derive(Debug, Clone)]
pub struct Numbered {
    /// Counts the pictures that came, those that nobody read too.
    pub number: u64,
    /// What came.
    pub frame: Arc<Frame>,
}

/// The session bus to ask on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bus {
    /// That of the session (`DBUS_SESSION_BUS_ADDRESS`).
    Session,
    /// One at an address of D-Bus's form (`unix:path=…`).
    At(String),
}

/// Why there is no cast, or none any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CastError {
    /// The person closed the portal's dialog without a choice. Nothing is wrong.
    #[error("nothing was chosen in the system's dialog")]
    Cancelled,
    /// No session bus, no portal on it, or one without screens.
    #[error(
        "this session has no portal for screens ({0}); install xdg-desktop-portal and the part of it for your desktop"
    )]
    NoPortal(String),
    /// The portal said no without asking the person, or gave up.
    #[error("the system's portal refused to show a screen: {0}")]
    Refused(String),
    /// It went well, and is over: the window was closed, or the person stopped it.
    #[error("what was shown is gone, or the system stopped showing it")]
    Ended,
    /// PipeWire could not be reached, or gives no pictures that we can read.
    #[error("PipeWire: {0}")]
    PipeWire(String),
}
