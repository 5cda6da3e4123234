//! Screens and windows of X11.
//!
//! One connection for each screen that is open. XDamage tells what changed, so only that is fetched; the
//! pointer comes by XFixes and is painted in; windows are read through Composite, so what lies over them
//! is not in the picture.

mod grabber;
mod list;
mod pointer;

use x11rb::connection::Connection as _;
use x11rb::rust_connection::{ConnectError, ReplyError, RustConnection};

pub(super) use grabber::open;
pub(super) use list::list;

use super::ScreenError;

/// A connection, and its root window.
struct Display {
    connection: RustConnection,
    root: u32,
}

impl Display {
    /// Connects to the display named, or to that of the session.
    fn connect(name: Option<&str>) -> Result<Self, ScreenError> {
        if name.is_none() && is_wayland() {
            return Err(ScreenError::Wayland);
        }
        let (connection, screen) = x11rb::connect(name).map_err(|error| no_display(&error))?;
        let root = connection.setup().roots[screen].root;
        Ok(Self { connection, root })
    }
}

/// Whether the session's own screens are Wayland's.
pub(super) fn is_wayland() -> bool {
    std::env::var_os("WAYLAND_DISPLAY").is_some_and(|name| !name.is_empty())
}

/// An id may name another display than that of the session: `0@:7`.
fn split_display(id: &str) -> (&str, Option<&str>) {
    match id.split_once('@') {
        Some((id, display)) => (id, Some(display)),
        None => (id, None),
    }
}

fn no_display(error: &ConnectError) -> ScreenError {
    ScreenError::NoDisplay(error.to_string())
}

/// What an error of a request means: the drawable is no more, or something else.
fn failed(error: ReplyError) -> ScreenError {
    match error {
        ReplyError::X11Error(error)
            if matches!(
                error.error_kind,
                x11rb::protocol::ErrorKind::Window
                    | x11rb::protocol::ErrorKind::Drawable
                    | x11rb::protocol::ErrorKind::Match
            ) =>
        {
            ScreenError::Gone
        }
        ReplyError::X11Error(error) => ScreenError::Failed(format!("{:?}", error.error_kind)),
        ReplyError::ConnectionError(error) => ScreenError::Failed(error.to_string()),
    }
}

/// The same for a request that could not be sent.
fn broken(error: x11rb::errors::ConnectionError) -> ScreenError {
    ScreenError::Failed(error.to_string())
}
