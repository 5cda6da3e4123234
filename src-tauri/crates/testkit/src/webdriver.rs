//! A window driven by WebDriver (W3C WebDriver 2).
//!
//! Debian's `WebKitWebDriver` starts the application itself and needs no help: the capability
//! `webkitgtk:browserOptions` names the program, and Tauri opens its first webview to automation
//! when `TAURI_WEBVIEW_AUTOMATION` is set. `tauri-driver` only translates its own capability into
//! this one, so it is not used. One driver holds one session: each window has its own. [`DrivenBrowser`] does the same
//! with Chromium and Firefox.
//!
//! There is no screenshot here: WebKit's driver (2.50) never answers that command without a GPU, and
//! [`crate::display_rig`] shows what a person would see.

#[cfg(target_os = "linux")]
mod browser;
mod element;
pub mod keys;
mod wire;

#[cfg(target_os = "linux")]
pub use browser::{DrivenBrowser, chromium_trusts};
pub use element::Element;

use crate::{port, process, process::Process};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const START_TIMEOUT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

/// An open window. Dropping it closes the window and ends the application.
#[derive(Debug)]
pub struct WebDriver {
    wire: wire::Wire,
    driver: Process,
}

impl WebDriver {
    /// Starts a Tauri (or any WebKitGTK) application and takes hold of its window.
    pub fn open_application(
        program: &Path,
        arguments: &[&str],
        environment: &[(String, String)],
    ) -> Result<Self> {
        let port = port::free_port()?;
        let mut command = Command::new("WebKitWebDriver");
        command
            .arg(format!("--port={port}"))
            .arg("--host=127.0.0.1")
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .envs(environment.iter().map(|(name, value)| (name, value)));
        let options = json!({ "binary": program, "args": arguments });
        let capabilities = json!({ "webkitgtk:browserOptions": options });
        Self::start(command, port, &capabilities)
    }

    /// Starts a WebDriver server and a session in it.
    fn start(mut command: Command, port: u16, capabilities: &Value) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let driver = Process::spawn("the WebDriver server", command.stdin(Stdio::null()))?;
        process::eventually("the WebDriver server answers", START_TIMEOUT, || {
            wire::request(address, "GET", "/status", None).is_ok()
        })?;
        let body = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let opened = wire::request(address, "POST", "/session", Some(&body));
        let opened = opened.with_context(|| driver.lines().join("\n"))?;
        let session = opened["sessionId"].as_str().context("no session id")?;
        Ok(Self {
            wire: wire::Wire::Http {
                address,
                session: session.to_owned(),
            },
            driver,
        })
    }

    /// The application's windows, as this driver names them.
    pub fn windows(&self) -> Result<Vec<String>> {
        let handles = self.get("window/handles")?;
        Ok(serde_json::from_value(handles)?)
    }

    /// Looks at another of the application's windows from here on.
    pub fn switch_to(&self, window: &str) -> Result<()> {
        let body = json!({ "handle": window });
        self.post("window", &body).map(drop)
    }

    /// The first element that a CSS selector finds now.
    pub fn find(&self, css: &str) -> Result<Element<'_>> {
        let found = self.post("element", &selector(css))?;
        Element::new(self, &found).with_context(|| css.to_owned())
    }

    /// All elements that a CSS selector finds now.
    pub fn find_all(&self, css: &str) -> Result<Vec<Element<'_>>> {
        let found = self.post("elements", &selector(css))?;
        let found = found.as_array().context("no list of elements")?;
        found.iter().map(|one| Element::new(self, one)).collect()
    }

    /// Waits until a CSS selector finds an element that is shown.
    pub fn wait_for(&self, css: &str, timeout: Duration) -> Result<Element<'_>> {
        let deadline = Instant::now() + timeout;
        loop {
            let found = self.find(css);
            if let Ok(element) = found
                && element.is_displayed().unwrap_or(false)
            {
                return Ok(element);
            }
            if Instant::now() >= deadline {
                let page = self.page_text().unwrap_or_default();
                bail!("{css} is not shown after {timeout:?}; the page says:\n{page}");
            }
            std::thread::sleep(POLL);
        }
    }

    /// Waits until the page's visible text contains `text`.
    pub fn wait_for_text(&self, text: &str, timeout: Duration) -> Result<()> {
        let deadline = Instant::now() + timeout;
        loop {
            let page = self.page_text().unwrap_or_default();
            if page.contains(text) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                bail!("no {text:?} on the page after {timeout:?}; it says:\n{page}");
            }
            std::thread::sleep(POLL);
        }
    }

    /// Waits until a CSS selector finds nothing that is shown.
    pub fn wait_until_gone(&self, css: &str, timeout: Duration) -> Result<()> {
        process::eventually(&format!("{css} is gone"), timeout, || {
            !self
                .find(css)
                .is_ok_and(|found| found.is_displayed().unwrap_or(false))
        })
    }

    /// The page's visible text.
    pub fn page_text(&self) -> Result<String> {
        let text = self.execute("return document.body.innerText", &[])?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Runs the body of a function in the page; `arguments` are its `arguments`.
    pub fn execute(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        let body = json!({ "script": script, "args": arguments });
        self.post("execute/sync", &body)
    }

    /// Runs a script that ends by calling its last argument with the result.
    pub fn execute_async(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        let body = json!({ "script": script, "args": arguments });
        self.post("execute/async", &body)
    }

    /// Presses and releases each character with the keyboard alone, wherever the focus is. See
    /// [`keys`] for those that are no letters.
    pub fn press(&self, characters: &str) -> Result<()> {
        let strokes = characters.chars().flat_map(|key| {
            ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
        });
        self.act(strokes.collect())
    }

    /// Presses a key while another is held, such as Shift and Tab.
    pub fn press_with(&self, held: char, key: char) -> Result<()> {
        let [held, key] = [held, key].map(|key| key.to_string());
        self.act(vec![
            json!({ "type": "keyDown", "value": held }),
            json!({ "type": "keyDown", "value": key }),
            json!({ "type": "keyUp", "value": key }),
            json!({ "type": "keyUp", "value": held }),
        ])
    }

    /// Moves the pointer to a place in the page, in CSS pixels from its left upper corner.
    pub fn move_pointer(&self, x: u32, y: u32) -> Result<()> {
        let pointer = json!({
            "type": "pointer",
            "id": "mouse",
            "parameters": { "pointerType": "mouse" },
            "actions": [{ "type": "pointerMove", "duration": 0, "x": x, "y": y }],
        });
        self.post("actions", &json!({ "actions": [pointer] }))
            .map(drop)
    }

    /// Sets the window's size in pixels.
    pub fn resize(&self, width: u32, height: u32) -> Result<()> {
        let rectangle = json!({ "width": width, "height": height });
        self.post("window/rect", &rectangle).map(drop)
    }

    /// What the driver and the application have printed.
    pub fn log(&self) -> Vec<String> {
        self.driver.lines()
    }

    /// The process id of the driver, whose child the application is.
    pub fn pid(&self) -> u32 {
        self.driver.pid()
    }

    fn act(&self, actions: Vec<Value>) -> Result<()> {
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.post("actions", &json!({ "actions": [keyboard] }))
            .map(drop)
    }

    pub(crate) fn get(&self, command: &str) -> Result<Value> {
        self.wire.command("GET", command, None)
    }

    pub(crate) fn post(&self, command: &str, body: &Value) -> Result<Value> {
        self.wire.command("POST", command, Some(body))
    }
}

impl Drop for WebDriver {
    fn drop(&mut self) {
        let _ = self.wire.command("DELETE", "", None);
    }
}

fn selector(css: &str) -> Value {
    json!({ "using": "css selector", "value": css })
}
