//! One screen or window that is open: what changed is fetched, the rest is kept.

use std::time::{Duration, Instant};

use x11rb::connection::Connection as _;
use x11rb::protocol::composite::{ConnectionExt as _, Redirect};
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat, MapState};

use super::list::{Area, screens};
use super::pointer::{Covered, Pointer};
use super::{Display, broken, failed, split_display};
use crate::screen::{Grabber, Picture, PixelOrder, ScreenError, ScreenTarget};

/// How often it is asked whether a screen is still where it was.
const LAYOUT_INTERVAL: Duration = Duration::from_secs(1);

pub(crate) fn open(target: &ScreenTarget) -> Result<Box<dyn Grabber>, ScreenError> {
    let (ScreenTarget::Screen(id) | ScreenTarget::Window(id)) = target;
    let (id, display) = split_display(id);
    let display = Display::connect(display)?;
    start_extensions(&display)?;
    let subject = match target {
        ScreenTarget::Screen(_) => Subject::Screen {
            id: id.to_owned(),
            looked_at: Instant::now(),
        },
        ScreenTarget::Window(_) => {
            let window = id.parse().map_err(|_| ScreenError::NotFound)?;
            redirect(&display, window)?;
            Subject::Window {
                window,
                pixmap: None,
            }
        }
    };
    let drawable = match &subject {
        Subject::Screen { .. } => display.root,
        Subject::Window { window, .. } => *window,
    };
    let grabber = X11Grabber {
        damage: Damage::watch(&display, drawable)?,
        display,
        subject,
        area: None,
        pointer: None,
        covered: Covered::default(),
    };
    Ok(Box::new(grabber))
}

/// What is looked at.
enum Subject {
    /// A part of the root window.
    Screen { id: String, looked_at: Instant },
    /// A window, through the pixmap that Composite keeps of it; a new one for every size.
    Window { window: u32, pixmap: Option<u32> },
}

struct X11Grabber {
    display: Display,
    subject: Subject,
    damage: Damage,
    /// Where the picture is, in the drawable; none before the first.
    area: Option<Area>,
    pointer: Option<Pointer>,
    covered: Covered,
}

impl Grabber for X11Grabber {
    fn grab(&mut self, picture: &mut Picture) -> Result<bool, ScreenError> {
        let area = self.locate()?;
        let damaged = self.damage.take(&self.display)?;
        let origin = self.origin(area)?;
        let pointer = Pointer::now(&self.display, origin)?;
        let is_new = self.area != Some(area);
        let moved = !self
            .pointer
            .as_ref()
            .is_some_and(|old| old.is_like(&pointer));
        if !is_new && !moved && damaged.is_none() {
            return Ok(false);
        }
        self.covered.uncover(picture);
        if is_new {
            self.start(area, picture)?;
            self.fetch(area, area, picture)?;
        } else if let Some(part) = damaged.and_then(|damaged| overlap(damaged, area)) {
            self.fetch(part, area, picture)?;
        }
        self.covered = pointer.paint(picture);
        self.pointer = Some(pointer);
        Ok(true)
    }
}

impl X11Grabber {
    /// Where the subject is now, in the drawable that is read.
    fn locate(&mut self) -> Result<Area, ScreenError> {
        match &mut self.subject {
            Subject::Screen { id, looked_at } => {
                if let Some(area) = self.area
                    && looked_at.elapsed() < LAYOUT_INTERVAL
                {
                    return Ok(area);
                }
                *looked_at = Instant::now();
                let gone = match self.area {
                    Some(_) => ScreenError::Gone,
                    None => ScreenError::NotFound,
                };
                find_screen(&self.display, id)?.ok_or(gone)
            }
            Subject::Window { window, .. } => {
                let cookie = self.display.connection.get_geometry(*window);
                let geometry = cookie.map_err(broken)?.reply().map_err(failed)?;
                Ok(Area {
                    x: 0,
                    y: 0,
                    width: geometry.width,
                    height: geometry.height,
                })
            }
        }
    }

    /// The corner of the picture in the root window.
    fn origin(&self, area: Area) -> Result<(i32, i32), ScreenError> {
        match &self.subject {
            Subject::Screen { .. } => Ok((area.x.into(), area.y.into())),
            Subject::Window { window, .. } => {
                let root = self.display.root;
                let cookie = self
                    .display
                    .connection
                    .translate_coordinates(*window, root, 0, 0);
                let place = cookie.map_err(broken)?.reply().map_err(failed)?;
                Ok((place.dst_x.into(), place.dst_y.into()))
            }
        }
    }

    /// The subject has another size or place, or is seen for the first time.
    fn start(&mut self, area: Area, picture: &mut Picture) -> Result<(), ScreenError> {
        if let Subject::Window { window, pixmap } = &mut self.subject {
            let connection = &self.display.connection;
            if let Some(old) = pixmap.take() {
                connection.free_pixmap(old).map_err(broken)?;
            }
            let fresh = connection.generate_id().map_err(|_| ScreenError::Gone)?;
            let named = connection.composite_name_window_pixmap(*window, fresh);
            named.map_err(broken)?.check().map_err(failed)?;
            *pixmap = Some(fresh);
        }
        picture.width = area.width.into();
        picture.height = area.height.into();
        picture.order = PixelOrder::Bgrx;
        let length = usize::from(area.width) * usize::from(area.height) * 4;
        picture.pixels.clear();
        picture.pixels.resize(length, 0);
        self.area = Some(area);
        Ok(())
    }

    /// Fetches a part of the drawable into the picture.
    fn fetch(&self, part: Area, whole: Area, picture: &mut Picture) -> Result<(), ScreenError> {
        let drawable = match &self.subject {
            Subject::Screen { .. } => self.display.root,
            Subject::Window { window, pixmap } => pixmap.unwrap_or(*window),
        };
        let Area {
            x,
            y,
            width,
            height,
        } = part;
        let cookie = self.display.connection.get_image(
            ImageFormat::Z_PIXMAP,
            drawable,
            x,
            y,
            width,
            height,
            u32::MAX,
        );
        let image = cookie.map_err(broken)?.reply().map_err(failed)?;
        let row = usize::from(width) * 4;
        if !matches!(image.depth, 24 | 32) || image.data.len() < row * usize::from(height) {
            let depth = image.depth;
            return Err(ScreenError::Failed(format!("a depth of {depth} bits")));
        }
        let stride = picture.width as usize * 4;
        let (left, top) = ((x - whole.x) as usize, (y - whole.y) as usize);
        let rows = picture.pixels.chunks_exact_mut(stride).skip(top);
        for (target, source) in rows.zip(image.data.chunks_exact(row)) {
            target[left * 4..][..row].copy_from_slice(source);
        }
        Ok(())
    }
}

/// What X tells of changes to a drawable.
struct Damage {
    id: u32,
    region: u32,
}

impl Damage {
    fn watch(display: &Display, drawable: u32) -> Result<Self, ScreenError> {
        let connection = &display.connection;
        let new_id = || {
            connection
                .generate_id()
                .map_err(|error| ScreenError::Failed(error.to_string()))
        };
        let (id, region) = (new_id()?, new_id()?);
        let created = connection.damage_create(id, drawable, ReportLevel::NON_EMPTY);
        created.map_err(broken)?.check().map_err(failed)?;
        let created = connection.xfixes_create_region(region, &[]);
        created.map_err(broken)?.check().map_err(failed)?;
        Ok(Self { id, region })
    }

    /// The area that holds all changes since the last time.
    fn take(&self, display: &Display) -> Result<Option<Area>, ScreenError> {
        let connection = &display.connection;
        // What it says is asked below; only its queue must not grow.
        while connection.poll_for_event().map_err(broken)?.is_some() {}
        connection
            .damage_subtract(self.id, x11rb::NONE, self.region)
            .map_err(broken)?;
        let cookie = connection.xfixes_fetch_region(self.region);
        let extents = cookie.map_err(broken)?.reply().map_err(failed)?.extents;
        let area = Area {
            x: extents.x,
            y: extents.y,
            width: extents.width,
            height: extents.height,
        };
        Ok((area.width > 0 && area.height > 0).then_some(area))
    }
}

fn start_extensions(display: &Display) -> Result<(), ScreenError> {
    let connection = &display.connection;
    let fixes = connection.xfixes_query_version(5, 0).map_err(broken)?;
    let damage = connection.damage_query_version(1, 1).map_err(broken)?;
    let composite = connection.composite_query_version(0, 4).map_err(broken)?;
    fixes.reply().map_err(failed)?;
    damage.reply().map_err(failed)?;
    composite.reply().map_err(failed)?;
    Ok(())
}

/// Lets the server keep the whole of a window, whatever lies over it.
fn redirect(display: &Display, window: u32) -> Result<(), ScreenError> {
    let connection = &display.connection;
    let attributes = connection.get_window_attributes(window).map_err(broken)?;
    let attributes = attributes.reply().map_err(|_| ScreenError::NotFound)?;
    if attributes.map_state != MapState::VIEWABLE {
        return Err(ScreenError::NotFound);
    }
    let redirected = connection.composite_redirect_window(window, Redirect::AUTOMATIC);
    redirected.map_err(broken)?.check().map_err(failed)
}

/// A screen by its name, or by its place in the list.
fn find_screen(display: &Display, id: &str) -> Result<Option<Area>, ScreenError> {
    let screens = screens(display)?;
    let named = screens.iter().find(|(name, _)| name == id);
    let found = named.or_else(|| screens.get(id.parse::<usize>().ok()?));
    Ok(found.map(|(_, area)| *area))
}

fn overlap(a: Area, b: Area) -> Option<Area> {
    let end = |start: i16, length: u16| i32::from(start) + i32::from(length);
    let (left, top) = (a.x.max(b.x), a.y.max(b.y));
    let right = end(a.x, a.width).min(end(b.x, b.width));
    let bottom = end(a.y, a.height).min(end(b.y, b.height));
    let width = u16::try_from(right - i32::from(left)).ok()?;
    let height = u16::try_from(bottom - i32::from(top)).ok()?;
    (width > 0 && height > 0).then_some(Area {
        x: left,
        y: top,
        width,
        height,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_cut_to_the_picture() {
        let area = |x, y, width, height| Area {
            x,
            y,
            width,
            height,
        };
        let screen = area(100, 0, 200, 100);
        assert_eq!(overlap(area(0, 0, 50, 50), screen), None);
        assert_eq!(
            overlap(area(0, 0, 150, 50), screen),
            Some(area(100, 0, 50, 50))
        );
        assert_eq!(overlap(area(-10, -10, 1000, 1000), screen), Some(screen));
        assert_eq!(
            overlap(area(299, 99, 5, 5), screen),
            Some(area(299, 99, 1, 1))
        );
    }
}
