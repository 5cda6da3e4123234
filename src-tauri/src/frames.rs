//! Video frames into the webview: one WebSocket on a random loopback port.
//!
//! A binary message is a 16-byte header and the pixels of one picture. The page returns a credit
//! when it has drawn; at most two pictures of a stream are in flight, and a newer picture replaces
//! one that still waits, so a slow page costs frames, never memory. Measured against
//! `tauri::ipc::Channel` this takes less than half the time and CPU; `emit` was rejected because it
//! serialises to JSON and leaks.
//!
//! The first message of a connection is a single-use token, and only the application's own origin
//! is let in: any web page in any browser of the machine could try this port.
//!
//! Each stream has one OS thread that scales and converts; the sockets live on the async runtime.

mod connection;
pub mod message;
mod stream;
mod tokens;

use std::sync::Arc;

use duet_media::frame::VideoFrame;
use tokio::net::TcpListener;

use stream::FrameStream;
pub use stream::StreamFigures;
use tokens::Tokens;

/// Which picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamId {
    /// Our own camera.
    Local,
    /// The other person: their camera, or their screen in its place.
    Remote,
    /// The other's camera beside their screen.
    RemoteTile,
}

/// How pixels travel; each renderer takes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelFormat {
    /// Four bytes a pixel, for the 2D renderer.
    Rgba,
    /// Three planes, for the WebGL renderer.
    I420,
}

/// The socket and the streams behind it.
#[derive(Debug)]
pub struct FrameServer {
    port: u16,
    tokens: Tokens,
    local: FrameStream,
    remote: FrameStream,
    remote_tile: FrameStream,
}

impl FrameServer {
    /// Binds a random loopback port and serves until the runtime ends.
    ///
    /// # Errors
    /// When no loopback port can be bound or no thread started.
    pub async fn start() -> std::io::Result<Arc<Self>> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let server = Arc::new(Self {
            port: listener.local_addr()?.port(),
            tokens: Tokens::default(),
            local: FrameStream::start(0, "frames-local")?,
            remote: FrameStream::start(1, "frames-remote")?,
            remote_tile: FrameStream::start(2, "frames-tile")?,
        });
        tokio::spawn(connection::accept(listener, Arc::clone(&server)));
        Ok(server)
    }

    /// Where the page connects.
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// A token that opens one connection within half a minute.
    pub fn issue_token(&self) -> Result<String, getrandom::Error> {
        self.tokens.issue(std::time::Instant::now())
    }

    /// Offers a picture; it replaces one that still waits.
    pub fn publish(&self, stream: StreamId, frame: VideoFrame) {
        self.stream(stream).publish(frame);
    }

    /// What a stream showed is over, and is not shown to a page that comes back to it.
    pub fn forget(&self, stream: StreamId) {
        self.stream(stream).forget();
    }

    /// How pixels are to be sent from now on.
    pub fn set_format(&self, format: PixelFormat) {
        self.local.set_format(format);
        self.remote.set_format(format);
        self.remote_tile.set_format(format);
    }

    /// Frames sent and the time from hand-over to drawn, since the last call.
    pub fn take_figures(&self, stream: StreamId) -> StreamFigures {
        self.stream(stream).take_figures()
    }

    fn stream(&self, stream: StreamId) -> &FrameStream {
        match stream {
            StreamId::Local => &self.local,
            StreamId::Remote => &self.remote,
            StreamId::RemoteTile => &self.remote_tile,
        }
    }

    fn stream_by_number(&self, number: u8) -> Option<&FrameStream> {
        match number {
            0 => Some(&self.local),
            1 => Some(&self.remote),
            2 => Some(&self.remote_tile),
            _ => None,
        }
    }
}
