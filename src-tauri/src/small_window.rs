//! Small windows above all others, each with a page and permissions of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tauri::{AppHandle, CloseRequestApi, Manager, WebviewUrl, WebviewWindowBuilder, Wry};

/// A window before it opens.
pub(crate) type Draft<'a> = WebviewWindowBuilder<'a, Wry, AppHandle>;

/// Opens and closes one kind of them. A label is used once: a window that is still going away holds its own.
#[derive(Debug, Clone)]
pub(crate) struct SmallWindow {
    app: AppHandle,
    kind: Kind,
    opened: Arc<AtomicU32>,
}

/// What all windows of a kind have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// The capability is for labels that begin so, and for them alone.
    pub(crate) prefix: &'static str,
    /// The page.
    pub(crate) page: &'static str,
    /// Logical pixels, with text of the usual size.
    pub(crate) size: (f64, f64),
}

impl SmallWindow {
    /// None is open yet.
    pub(crate) fn new(app: AppHandle, kind: Kind) -> Self {
        Self {
            app,
            kind,
            opened: Arc::default(),
        }
    }

    /// The application.
    pub(crate) fn app(&self) -> &AppHandle {
        &self.app
    }

    /// Its size with text of this size, in logical pixels.
    pub(crate) fn size(&self, text_percent: u16) -> (f64, f64) {
        let scale = f64::from(text_percent.clamp(100, 140)) / 100.0;
        (self.kind.size.0 * scale, self.kind.size.1 * scale)
    }

    /// Shows the window in place of the one before; `shape` gives it what its kind alone has, and `closing`
    /// hears that the person wants it closed. What cannot be shown is logged.
    pub(crate) fn open(
        &self,
        text_percent: u16,
        shape: impl for<'a> FnOnce(Draft<'a>) -> Draft<'a>,
        closing: impl Fn(&CloseRequestApi) + Send + 'static,
    ) {
        self.close();
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        let label = format!("{}{number}", self.kind.prefix);
        let (width, height) = self.size(text_percent);
        let page = WebviewUrl::App(self.kind.page.into());
        let draft = WebviewWindowBuilder::new(&self.app, label, page)
            .title("Duet")
            .inner_size(width, height)
            .min_inner_size(width, height)
            .resizable(false)
            .maximizable(false)
            .minimizable(false)
            .always_on_top(true)
            .visible_on_all_workspaces(true)
            .on_navigation(crate::window::is_own_page);
        match shape(draft).build() {
            Ok(window) => window.on_window_event(move |event| {
                // A window that the application takes away is destroyed and asks nobody.
                if let tauri::WindowEvent::CloseRequested { api, .. } = event {
                    closing(api);
                }
            }),
            Err(error) => tracing::warn!(%error, kind = self.kind.page, "a window did not open"),
        }
    }

    /// Takes the window away, if there is one.
    pub(crate) fn close(&self) {
        for (label, window) in self.app.webview_windows() {
            if label.starts_with(self.kind.prefix)
                && let Err(error) = window.destroy()
            {
                tracing::warn!(%error, kind = self.kind.page, "a window did not close");
            }
        }
    }
}
