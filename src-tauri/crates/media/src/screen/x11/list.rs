//! Which screens and windows there are.

use x11rb::protocol::randr::ConnectionExt as _;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, MapState, Window};

use super::{Display, broken, failed};
use crate::screen::{ScreenError, ScreenSource, ScreenTarget};

/// Windows that are asked about; nobody has more.
const MAX_WINDOWS: u32 = 1024;
/// Units of four bytes of a title that are read.
const MAX_TITLE: u32 = 256;

/// A part of the root window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: i16,
    pub(super) y: i16,
    pub(super) width: u16,
    pub(super) height: u16,
}

pub(crate) fn list() -> Result<Vec<ScreenSource>, ScreenError> {
    let display = Display::connect(None)?;
    let mut sources: Vec<ScreenSource> = screens(&display)?
        .into_iter()
        .map(|(name, area)| ScreenSource {
            target: ScreenTarget::Screen(name.clone()),
            title: name,
            app: String::new(),
            width: area.width.into(),
            height: area.height.into(),
        })
        .collect();
    sources.extend(windows(&display)?);
    Ok(sources)
}

/// The screens that are on, the primary one first.
pub(super) fn screens(display: &Display) -> Result<Vec<(String, Area)>, ScreenError> {
    let (connection, root) = (&display.connection, display.root);
    let monitors = connection.randr_get_monitors(root, true).map_err(broken)?;
    let mut monitors = monitors.reply().map_err(failed)?.monitors;
    monitors.sort_by_key(|monitor| !monitor.primary);
    let mut screens = Vec::new();
    for monitor in monitors {
        let name = connection.get_atom_name(monitor.name).map_err(broken)?;
        let name = name.reply().map_err(failed)?.name;
        let area = Area {
            x: monitor.x,
            y: monitor.y,
            width: monitor.width,
            height: monitor.height,
        };
        screens.push((String::from_utf8_lossy(&name).into_owned(), area));
    }
    Ok(screens)
}

fn windows(display: &Display) -> Result<Vec<ScreenSource>, ScreenError> {
    let atom = |name: &str| atom(display, name);
    let (list, name, utf8, pid) = (
        atom("_NET_CLIENT_LIST")?,
        atom("_NET_WM_NAME")?,
        atom("UTF8_STRING")?,
        atom("_NET_WM_PID")?,
    );
    let connection = &display.connection;
    let cookie = connection
        .get_property(false, display.root, list, AtomEnum::WINDOW, 0, MAX_WINDOWS)
        .map_err(broken)?;
    let reply = cookie.reply().map_err(failed)?;
    let ids: Vec<Window> = reply.value32().into_iter().flatten().collect();
    let mut windows = Vec::new();
    for id in ids {
        let text = |property: u32, kind: u32| text(display, id, property, kind);
        let owner = connection
            .get_property(false, id, pid, AtomEnum::CARDINAL, 0, 1)
            .map_err(broken)?
            .reply();
        // A window that closes meanwhile is none.
        let Ok(owner) = owner else { continue };
        let is_ours = owner.value32().and_then(|mut pids| pids.next()) == Some(std::process::id());
        if is_ours || !is_seen(display, id) {
            continue;
        }
        let geometry = connection.get_geometry(id).map_err(broken)?.reply();
        let Ok(geometry) = geometry else { continue };
        let title = text(name, utf8)
            .or_else(|| text(AtomEnum::WM_NAME.into(), AtomEnum::STRING.into()))
            .unwrap_or_default();
        // Two names, each ended by a zero; the second is the program's.
        let class = text(AtomEnum::WM_CLASS.into(), AtomEnum::STRING.into()).unwrap_or_default();
        let app = class.split('\0').rfind(|part| !part.is_empty());
        windows.push(ScreenSource {
            target: ScreenTarget::Window(id.to_string()),
            title,
            app: app.unwrap_or_default().to_owned(),
            width: geometry.width.into(),
            height: geometry.height.into(),
        });
    }
    Ok(windows)
}

/// A minimised window has no picture.
fn is_seen(display: &Display, window: Window) -> bool {
    let attributes = display.connection.get_window_attributes(window);
    let reply = attributes.ok().and_then(|cookie| cookie.reply().ok());
    reply.is_some_and(|attributes| attributes.map_state == MapState::VIEWABLE)
}

fn atom(display: &Display, name: &str) -> Result<u32, ScreenError> {
    let cookie = display.connection.intern_atom(false, name.as_bytes());
    Ok(cookie.map_err(broken)?.reply().map_err(failed)?.atom)
}

fn text(display: &Display, window: Window, property: u32, kind: u32) -> Option<String> {
    let cookie = display
        .connection
        .get_property(false, window, property, kind, 0, MAX_TITLE);
    let value = cookie.ok()?.reply().ok()?.value;
    let text = String::from_utf8_lossy(&value).into_owned();
    (!text.trim_matches('\0').is_empty()).then_some(text)
}
