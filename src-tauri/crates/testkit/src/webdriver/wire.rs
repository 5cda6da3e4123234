//! How commands reach a driver: WebDriver over HTTP, or Firefox's own Marionette, which is the same commands by other names
//! on a plain socket. Debian has no geckodriver, and it would only translate the one into the other.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::http;

const TIMEOUT: Duration = Duration::from_secs(60);
/// A screenshot in base64 is the largest.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A way to a driver with one session.
#[derive(Debug)]
pub(super) enum Wire {
    /// W3C WebDriver.
    Http {
        address: SocketAddr,
        session: String,
    },
    /// Marionette, protocol 3.
    Marionette(Mutex<Marionette>),
}

impl Wire {
    /// Carries out a command of the session; `command` is what stands behind `/session/ID/` in WebDriver.
    pub(super) fn command(
        &self,
        method: &str,
        command: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        match self {
            Self::Http { address, session } => {
                let path = match command {
                    "" => format!("/session/{session}"),
                    _ => format!("/session/{session}/{command}"),
                };
                request(*address, method, &path, body)
            }
            Self::Marionette(socket) => {
                let (name, parameters) = translated(method, command, body)?;
                socket.lock().command(name, &parameters)
            }
        }
    }
}

/// One request to a WebDriver server; its `value`.
pub(super) fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<Value> {
    let text = body.map(Value::to_string);
    let (status, answer) = http::request(address, method, path, text.as_deref(), TIMEOUT)?;
    let answer: Value = serde_json::from_slice(&answer).context("no JSON from the driver")?;
    let value = &answer["value"];
    if status != 200 {
        bail!("{method} {path}: {}: {}", value["error"], value["message"]);
    }
    Ok(value.clone())
}

/// A WebDriver command in Marionette's words.
fn translated(method: &str, command: &str, body: Option<&Value>) -> Result<(&'static str, Value)> {
    let body = body.cloned().unwrap_or_else(|| json!({}));
    let parts: Vec<&str> = command.split('/').collect();
    let of_element = |id: &str, more: Value| {
        let mut all = more;
        all["id"] = json!(id);
        all
    };
    Ok(match (method, parts.as_slice()) {
        ("POST", ["url"]) => ("WebDriver:Navigate", body),
        ("POST", ["refresh"]) => ("WebDriver:Refresh", body),
        ("POST", ["element"]) => ("WebDriver:FindElement", body),
        ("POST", ["elements"]) => ("WebDriver:FindElements", body),
        ("POST", ["execute", "sync"]) => ("WebDriver:ExecuteScript", body),
        ("POST", ["execute", "async"]) => ("WebDriver:ExecuteAsyncScript", body),
        ("POST", ["actions"]) => ("WebDriver:PerformActions", body),
        ("POST", ["window", "rect"]) => ("WebDriver:SetWindowRect", body),
        ("GET", ["screenshot"]) => ("WebDriver:TakeScreenshot", json!({ "full": false })),
        ("POST", ["moz", "context"]) => ("Marionette:SetContext", body),
        ("DELETE", [""]) => ("WebDriver:DeleteSession", body),
        ("POST", ["element", id, "click"]) => ("WebDriver:ElementClick", of_element(id, body)),
        ("POST", ["element", id, "clear"]) => ("WebDriver:ElementClear", of_element(id, body)),
        ("POST", ["element", id, "value"]) => ("WebDriver:ElementSendKeys", of_element(id, body)),
        ("GET", ["element", id, "text"]) => ("WebDriver:GetElementText", of_element(id, body)),
        ("GET", ["element", id, "displayed"]) => {
            ("WebDriver:IsElementDisplayed", of_element(id, body))
        }
        ("GET", ["element", id, "rect"]) => ("WebDriver:GetElementRect", of_element(id, body)),
        ("GET", ["element", id, "attribute", name]) => (
            "WebDriver:GetElementAttribute",
            of_element(id, json!({ "name": name })),
        ),
        ("GET", ["element", id, "property", name]) => (
            "WebDriver:GetElementProperty",
            of_element(id, json!({ "name": name })),
        ),
        _ => bail!("Marionette has no word for {method} {command}"),
    })
}

/// A connection to a Firefox: `LENGTH:JSON` both ways, `[0, id, name, parameters]` there and
/// `[1, id, error, result]` back.
#[derive(Debug)]
pub(super) struct Marionette {
    reader: BufReader<TcpStream>,
    last_id: u64,
}

impl Marionette {
    /// Connects, reads the greeting, begins a session.
    pub(super) fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        let mut marionette = Self {
            reader: BufReader::new(stream),
            last_id: 0,
        };
        marionette.read()?;
        marionette.command("WebDriver:NewSession", &json!({}))?;
        Ok(marionette)
    }

    fn command(&mut self, name: &str, parameters: &Value) -> Result<Value> {
        self.last_id += 1;
        let text = json!([0, self.last_id, name, parameters]).to_string();
        let stream = self.reader.get_mut();
        stream.write_all(format!("{}:{text}", text.len()).as_bytes())?;
        let answer = self.read()?;
        let error = &answer[2];
        if !error.is_null() {
            bail!("{name}: {}: {}", error["error"], error["message"]);
        }
        let result = &answer[3];
        Ok(result.get("value").unwrap_or(result).clone())
    }

    fn read(&mut self) -> Result<Value> {
        let mut length = Vec::new();
        self.reader
            .by_ref()
            .take(20)
            .read_until(b':', &mut length)?;
        let digits = String::from_utf8_lossy(&length);
        let length: usize = digits.trim_end_matches(':').parse().context("no length")?;
        anyhow::ensure!(length <= MAX_ANSWER_BYTES, "an answer of {length} bytes");
        let mut text = vec![0; length];
        self.reader.read_exact(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }
}
