//! The window of an incoming call: small, above the others, with a page and permissions of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindowBuilder};
use tokio::sync::mpsc;

use crate::controller::WindowEvent;

/// The capability of `incoming-*` is for these labels alone.
const PREFIX: &str = "incoming-";
/// Logical pixels, with text of the usual size.
const SIZE: (f64, f64) = (360.0, 460.0);

/// Opens and closes it. A label is used once: a window that is still going away holds its own.
#[derive(Debug, Clone)]
pub(crate) struct IncomingWindow {
    app: AppHandle,
    events: mpsc::Sender<WindowEvent>,
    opened: Arc<AtomicU32>,
}

impl IncomingWindow {
    /// None is open yet.
    pub(crate) fn new(app: AppHandle, events: mpsc::Sender<WindowEvent>) -> Self {
        Self {
            app,
            events,
            opened: Arc::default(),
        }
    }

    /// Shows the window; it asks the controller what to show. What cannot be shown is logged: the
    /// notification and the ring tone are left.
    pub(crate) fn open(&self, focused: bool, text_percent: u16) {
        self.close();
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        let label = format!("{PREFIX}{number}");
        let scale = f64::from(text_percent.clamp(100, 140)) / 100.0;
        let (width, height) = (SIZE.0 * scale, SIZE.1 * scale);
        let page = WebviewUrl::App("incoming.html".into());
        let window = WebviewWindowBuilder::new(&self.app, label, page)
            .title("Duet")
            .inner_size(width, height)
            .min_inner_size(width, height)
            .resizable(false)
            .maximizable(false)
            .minimizable(false)
            .always_on_top(true)
            .visible_on_all_workspaces(true)
            .center()
            .focused(focused)
            .on_navigation(crate::window::is_own_page)
            .build();
        let window = match window {
            Ok(window) => window,
            Err(error) => {
                tracing::warn!(%error, "the window of an incoming call did not open");
                return;
            }
        };
        let events = self.events.clone();
        window.on_window_event(move |event| {
            // A window that the application takes away is destroyed and asks nobody.
            if let tauri::WindowEvent::CloseRequested { .. } = event {
                // A full channel is that of a controller that ends.
                let _ = events.try_send(WindowEvent::RingWindowClosed);
            }
        });
    }

    /// Takes the window away, if there is one.
    pub(crate) fn close(&self) {
        for (label, window) in self.app.webview_windows() {
            if label.starts_with(PREFIX)
                && let Err(error) = window.destroy()
            {
                tracing::warn!(%error, "the window of an incoming call did not close");
            }
        }
    }
}
