//! Screens and windows of Windows and macOS, by xcap.
//!
//! It gives whole pictures and tells nothing of changes, so two are compared.

use xcap::{Monitor, Window, XCapError};

use super::{Grabber, Picture, PixelOrder, ScreenError, ScreenSource, ScreenTarget};

pub(super) fn list() -> Result<Vec<ScreenSource>, ScreenError> {
    let mut sources = Vec::new();
    for monitor in Monitor::all().map_err(failed)? {
        sources.push(ScreenSource {
            target: ScreenTarget::Screen(monitor.id().map_err(failed)?.to_string()),
            title: monitor
                .friendly_name()
                .or_else(|_| monitor.name())
                .unwrap_or_default(),
            app: String::new(),
            width: monitor.width().map_err(failed)?,
            height: monitor.height().map_err(failed)?,
        });
    }
    let own = std::process::id();
    for window in Window::all().map_err(failed)? {
        let is_ours = window.pid().is_ok_and(|pid| pid == own);
        let is_seen = window.is_minimized().is_ok_and(|minimised| !minimised);
        let title = window.title().unwrap_or_default();
        if is_ours || !is_seen || title.is_empty() {
            continue;
        }
        sources.push(ScreenSource {
            target: ScreenTarget::Window(window.id().map_err(failed)?.to_string()),
            title,
            app: window.app_name().unwrap_or_default(),
            width: window.width().map_err(failed)?,
            height: window.height().map_err(failed)?,
        });
    }
    Ok(sources)
}

pub(super) fn open(target: &ScreenTarget) -> Result<Box<dyn Grabber>, ScreenError> {
    let grabber = Desktop {
        target: target.clone(),
        is_open: false,
    };
    grabber.find()?;
    Ok(Box::new(grabber))
}

/// Handles of the system may belong to one thread, so the subject is looked up for every picture.
struct Desktop {
    target: ScreenTarget,
    is_open: bool,
}

enum Subject {
    Screen(Monitor),
    Window(Window),
}

impl Desktop {
    fn find(&self) -> Result<Subject, ScreenError> {
        let missing = if self.is_open {
            ScreenError::Gone
        } else {
            ScreenError::NotFound
        };
        match &self.target {
            ScreenTarget::Screen(id) => {
                let mut monitors = Monitor::all().map_err(failed)?;
                let has_id =
                    |monitor: &Monitor| monitor.id().is_ok_and(|found| found.to_string() == *id);
                let by_id = monitors.iter().position(has_id);
                let index = by_id.or_else(|| id.parse().ok());
                match index.filter(|index| *index < monitors.len()) {
                    Some(index) => Ok(Subject::Screen(monitors.swap_remove(index))),
                    None => Err(missing),
                }
            }
            ScreenTarget::Window(id) => {
                let has_id =
                    |window: &Window| window.id().is_ok_and(|found| found.to_string() == *id);
                let windows = Window::all().map_err(failed)?;
                let window = windows.into_iter().find(has_id);
                window.map(Subject::Window).ok_or(missing)
            }
        }
    }
}

impl Grabber for Desktop {
    fn grab(&mut self, picture: &mut Picture) -> Result<bool, ScreenError> {
        let image = match self.find()? {
            Subject::Screen(monitor) => monitor.capture_image(),
            Subject::Window(window) => window.capture_image(),
        };
        let image = image.map_err(failed)?;
        self.is_open = true;
        let (width, height) = image.dimensions();
        let pixels = image.into_raw();
        let is_same =
            (picture.width, picture.height) == (width, height) && picture.pixels == pixels;
        *picture = Picture {
            width,
            height,
            order: PixelOrder::Rgbx,
            pixels,
        };
        Ok(!is_same)
    }
}

fn failed(error: XCapError) -> ScreenError {
    ScreenError::Failed(error.to_string())
}
