//! A small HTTP/1.1 client and server on loopback, for WebDriver and for pages that report results.
//!
//! One request per connection, bodies with a length, everything bounded: enough for programs that
//! the tests start themselves, and no dependency on the stack that is under test.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Component, Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

/// A screenshot in base64 is the largest body.
const MAX_BODY: usize = 64 * 1024 * 1024;
const MAX_HEADER_LINES: usize = 100;
/// Results that wait for the test; later ones are dropped.
const MAX_RESULTS: usize = 256;
const SERVER_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends one request and returns the status and the body.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: Option<&str>,
    timeout: Duration,
) -> Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    let body = body.unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes())?;
    let mut reader = BufReader::new(stream);
    let head = read_head(&mut reader)?;
    let status = head.first_line.split(' ').nth(1).unwrap_or_default();
    let status = status.parse().context("no HTTP status")?;
    Ok((status, read_body(&mut reader, head.content_len)?))
}

/// Serves the files of a folder, and collects what its pages post to `/result`.
#[derive(Debug)]
pub struct PageServer {
    address: SocketAddr,
    results: Receiver<Value>,
    stopping: Arc<AtomicBool>,
}

impl PageServer {
    /// Serves `folder` on a free port of loopback until it is dropped.
    pub fn serve(folder: &Path) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (sender, results) = sync_channel(MAX_RESULTS);
        let stopping = Arc::<AtomicBool>::default();
        let folder = folder
            .canonicalize()
            .with_context(|| folder.display().to_string())?;
        let stop = stopping.clone();
        thread::spawn(move || accept(&listener, &folder, &sender, &stop));
        Ok(Self {
            address,
            results,
            stopping,
        })
    }

    /// The address of a page of the folder: `path` without a leading slash, with its query.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// The next JSON value that a page posted to `/result`.
    pub fn result(&self, timeout: Duration) -> Result<Value> {
        self.results
            .recv_timeout(timeout)
            .with_context(|| format!("no page posted a result in {timeout:?}"))
    }
}

impl Drop for PageServer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, which then ends.
        let _ = TcpStream::connect(self.address);
    }
}

struct Head {
    first_line: String,
    content_len: Option<usize>,
}

fn accept(
    listener: &TcpListener,
    folder: &Path,
    results: &SyncSender<Value>,
    stopping: &AtomicBool,
) {
    for stream in listener.incoming().flatten() {
        if stopping.load(Ordering::Relaxed) {
            return;
        }
        let (folder, results) = (folder.to_owned(), results.clone());
        // A browser that goes away in the middle is no concern of the test's.
        thread::spawn(move || answer(stream, &folder, &results).ok());
    }
}

fn answer(stream: TcpStream, folder: &Path, results: &SyncSender<Value>) -> Result<()> {
    stream.set_read_timeout(Some(SERVER_TIMEOUT))?;
    stream.set_write_timeout(Some(SERVER_TIMEOUT))?;
    let mut reader = BufReader::new(stream);
    let head = read_head(&mut reader)?;
    let mut words = head.first_line.split(' ');
    let method = words.next().unwrap_or_default();
    let target = words.next().unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    let (status, kind, body) = match method {
        "POST" if path == "/result" => {
            let body = read_body(&mut reader, Some(head.content_len.unwrap_or(0)))?;
            let _ = results.try_send(serde_json::from_slice(&body)?);
            ("204 No Content", "text/plain", Vec::new())
        }
        "GET" => match file_of(folder, path) {
            Some(file) => ("200 OK", kind_of(&file), fs::read(file)?),
            None => ("404 Not Found", "text/plain", Vec::new()),
        },
        _ => ("405 Method Not Allowed", "text/plain", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let stream = reader.get_mut();
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)?;
    Ok(())
}

/// The file that a path names, if it lies in the folder.
fn file_of(folder: &Path, path: &str) -> Option<PathBuf> {
    let path = path.trim_start_matches('/');
    let relative = Path::new(if path.is_empty() { "index.html" } else { path });
    let is_plain = relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let file = folder.join(relative);
    (is_plain && file.is_file()).then_some(file)
}

fn kind_of(file: &Path) -> &'static str {
    let extension = file.extension().unwrap_or_default().to_string_lossy();
    match extension.as_ref() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

fn read_head(reader: &mut impl BufRead) -> Result<Head> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.by_ref().take(64 * 1024).read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        ensure!(lines.len() < MAX_HEADER_LINES, "too many header lines");
        lines.push(line.to_owned());
    }
    let Some(first_line) = lines.first().cloned() else {
        bail!("the connection closed without a word");
    };
    let content_len = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse().ok()).flatten()
    });
    Ok(Head {
        first_line,
        content_len,
    })
}

/// Without a length, the body ends with the connection.
fn read_body(reader: &mut impl Read, content_len: Option<usize>) -> Result<Vec<u8>> {
    let wanted = content_len.unwrap_or(MAX_BODY);
    ensure!(wanted <= MAX_BODY, "a body of {wanted} bytes");
    let mut body = Vec::new();
    reader.take(wanted as u64).read_to_end(&mut body)?;
    let whole = content_len.is_none_or(|wanted| body.len() == wanted);
    ensure!(whole, "a body cut short");
    Ok(body)
}
