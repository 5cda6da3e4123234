//! A stand-in for the network before the server: it looks at what the server sends, and may change it, as a
//! server that wants to listen in would change the fingerprints.
//!
//! What a server sends is not masked (RFC 6455, section 5.3), so it can be read, and a byte changed in place.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What stands before a fingerprint (RFC 8122, section 5).
const BEFORE: &[u8] = b"fingerprint:sha-256 ";

/// Forwards connections to the server, with wrong fingerprints on the way back; gives its URL. Ends
/// with the runtime.
pub(crate) async fn tampering_proxy(server: SocketAddr) -> String {
    let mut fingerprint = Search::new(BEFORE);
    let mut is_next = false;
    let tamper = move |byte: &mut u8| {
        if std::mem::take(&mut is_next) {
            *byte = if *byte == b'0' { b'1' } else { b'0' };
        }
        is_next = fingerprint.ends_with(*byte);
    };
    proxy(server, tamper).await
}

/// Forwards connections to the server; `look` sees each byte on the way back, in each connection anew. Gives
/// its URL. Ends with the runtime.
pub(crate) async fn proxy(
    server: SocketAddr,
    look: impl FnMut(&mut u8) + Clone + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let upstream = TcpStream::connect(server).await.expect("the server");
            tokio::spawn(forward(client, upstream, look.clone()));
        }
    });
    format!("ws://{address}/ws")
}

async fn forward(client: TcpStream, server: TcpStream, mut look: impl FnMut(&mut u8)) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = async move { tokio::io::copy(&mut from_client, &mut to_server).await };
    let down = async move {
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = from_server.read(&mut chunk).await {
            chunk[..length].iter_mut().for_each(&mut look);
            if to_client.write_all(&chunk[..length]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        _ = up => {}
        () = down => {}
    }
}

/// Looks for words whose first letter stands in them once, byte by byte.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    words: &'static [u8],
    matched: usize,
}

impl Search {
    pub(crate) fn new(words: &'static [u8]) -> Self {
        Self { words, matched: 0 }
    }

    /// Whether the words end with this byte.
    pub(crate) fn ends_with(&mut self, byte: u8) -> bool {
        self.matched = match byte {
            same if same == self.words[self.matched] => self.matched + 1,
            first if first == self.words[0] => 1,
            _ => 0,
        };
        let is_end = self.matched == self.words.len();
        if is_end {
            self.matched = 0;
        }
        is_end
    }
}
