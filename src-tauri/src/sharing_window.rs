//! The marker above all windows while a screen is shown: what is shown, and the way to stop it, also while
//! Duet's own window is covered or minimised.
//!
//! It stands at the top of the screen in the middle, takes no focus, and can be dragged elsewhere. Nobody
//! closes it but the end of the sharing. Where the system can leave windows out of pictures of the screen,
//! it is left out.

use tauri::{AppHandle, Manager};

use crate::small_window::{Kind, SmallWindow};

const KIND: Kind = Kind {
    prefix: "sharing-",
    page: "sharing.html",
    size: (420.0, 48.0),
};

/// Opens and closes it.
#[derive(Debug, Clone)]
pub(crate) struct SharingWindow {
    window: SmallWindow,
}

impl SharingWindow {
    /// None is open yet.
    pub(crate) fn new(app: AppHandle) -> Self {
        Self {
            window: SmallWindow::new(app, KIND),
        }
    }

    /// Shows the marker; it asks the controller what to show. Where it does not open, the one in Duet's own
    /// window and its title are left.
    pub(crate) fn open(&self, text_percent: u16) {
        let place = self.place(text_percent);
        let (width, height) = self.window.size(text_percent);
        self.window.open(
            text_percent,
            |draft| {
                // GTK makes a window that cannot be resized 200 pixels high; one with an only size stays low.
                let draft = draft
                    .resizable(true)
                    .max_inner_size(width, height)
                    .decorations(false)
                    .skip_taskbar(true)
                    .focused(false)
                    .content_protected(true);
                match place {
                    Some((x, y)) => draft.position(x, y),
                    None => draft,
                }
            },
            |api| api.prevent_close(),
        );
    }

    /// Takes the marker away, if there is one.
    pub(crate) fn close(&self) {
        self.window.close();
    }

    /// In the middle of the upper edge of the screen that Duet is on, in logical pixels.
    fn place(&self, text_percent: u16) -> Option<(f64, f64)> {
        let main = self.window.app().get_webview_window(crate::window::LABEL)?;
        let monitor = main.current_monitor().ok()??;
        let scale = monitor.scale_factor();
        let corner = monitor.position().to_logical::<f64>(scale);
        let size = monitor.size().to_logical::<f64>(scale);
        let (width, _) = self.window.size(text_percent);
        Some((corner.x + (size.width - width).max(0.0) / 2.0, corner.y))
    }
}
