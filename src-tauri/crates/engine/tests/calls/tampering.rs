//! A stand-in for the network before the server: it changes the fingerprints in what the server
//! sends, as a server that wants to listen in would.
//!
//! What a server sends is not masked (RFC 6455, section 5.3), so a byte can be changed in place.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What stands before a fingerprint (RFC 8122, section 5).
const BEFORE: &[u8] = b"fingerprint:sha-256 ";

/// Forwards connections to the server, with wrong fingerprints on the way back; gives its URL. Ends
/// with the runtime.
pub(crate) async fn tampering_proxy(server: SocketAddr) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let upstream = TcpStream::connect(server).await.expect("the server");
            tokio::spawn(forward(client, upstream));
        }
    });
    format!("ws://{address}/ws")
}

async fn forward(client: TcpStream, server: TcpStream) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = async move { tokio::io::copy(&mut from_client, &mut to_server).await };
    let down = async move {
        let mut chunk = [0; 4096];
        let mut matched = 0;
        while let Ok(length @ 1..) = from_server.read(&mut chunk).await {
            tamper(&mut chunk[..length], &mut matched);
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

/// Changes the first digit of each fingerprint; `matched` carries what was seen across chunks.
fn tamper(bytes: &mut [u8], matched: &mut usize) {
    for byte in bytes {
        if *matched == BEFORE.len() {
            *byte = if *byte == b'0' { b'1' } else { b'0' };
            *matched = 0;
        }
        *matched = match *byte {
            same if same == BEFORE[*matched] => *matched + 1,
            first if first == BEFORE[0] => 1,
            _ => 0,
        };
    }
}
