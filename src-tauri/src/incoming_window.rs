//! The window of an incoming call.

use tauri::AppHandle;
use tokio::sync::mpsc;

use crate::controller::WindowEvent;
use crate::small_window::{Kind, SmallWindow};

const KIND: Kind = Kind {
    prefix: "incoming-",
    page: "incoming.html",
    size: (360.0, 460.0),
};

/// Opens and closes it.
#[derive(Debug, Clone)]
pub(crate) struct IncomingWindow {
    window: SmallWindow,
    events: mpsc::Sender<WindowEvent>,
}

impl IncomingWindow {
    /// None is open yet.
    pub(crate) fn new(app: AppHandle, events: mpsc::Sender<WindowEvent>) -> Self {
        Self {
            window: SmallWindow::new(app, KIND),
            events,
        }
    }

    /// Shows the window; it asks the controller what to show. Where it does not open, the notification and
    /// the ring tone are left.
    pub(crate) fn open(&self, focused: bool, text_percent: u16) {
        let events = self.events.clone();
        self.window.open(
            text_percent,
            |draft| draft.center().focused(focused),
            move |_api| {
                // A full channel is that of a controller that ends.
                let _ = events.try_send(WindowEvent::RingWindowClosed);
            },
        );
    }

    /// Takes the window away, if there is one.
    pub(crate) fn close(&self) {
        self.window.close();
    }
}
