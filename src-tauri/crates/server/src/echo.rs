//! An echo server on the connection code of the real one, with its limits raised: for the conformance
//! suite of Autobahn, which sends binary messages and sixteen megabytes. No server uses it.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

use crate::address::AddressKey;
use crate::config::ServerConfig;
use crate::connection::{Ending, Limits, Socket, close, ending_for, open};
use crate::deadline::Deadline;
use crate::door::Slot;
use crate::http::{self, Entry};
use crate::shared::Shared;
use crate::stream::Stream;
use crate::turn::IceList;

/// What the suite's largest messages need, and their frames' heads.
const LIMITS: Limits = Limits {
    message_bytes: 64 * 1024 * 1024,
    outgoing_bytes: 128 * 1024 * 1024,
};

/// Sends back what comes, on every connection, for as long as the future lives.
pub async fn run(listener: TcpListener) {
    let config = ServerConfig {
        max_connections_per_address: None,
        ..ServerConfig::loopback()
    };
    let shared = Shared::new(config, None, &Arc::new(IceList::none()));
    while let Ok((stream, remote)) = listener.accept().await {
        tokio::spawn(serve(stream, remote, Arc::clone(&shared)));
    }
}

async fn serve(stream: TcpStream, remote: SocketAddr, shared: Arc<Shared>) {
    let slot = Slot::take(&shared, AddressKey::from(remote.ip()));
    let deadline = Arc::new(Deadline::new(shared.config.timing.handshake_timeout));
    let entry = Entry::new(shared, deadline, remote.ip(), remote.ip(), slot);
    let Ok(Some((upgraded, _slot))) = http::serve(Stream::Plain(stream), entry).await else {
        return;
    };
    let mut socket = open(upgraded, &LIMITS);
    let ending = echo(&mut socket).await;
    close::run(socket, ending).await;
}

async fn echo(socket: &mut Socket) -> Ending {
    loop {
        match socket.next() {
            Ok(Some(Message::Text(text))) => socket.queue_text(text.to_string()),
            Ok(Some(Message::Binary(payload))) => socket.queue_binary(payload),
            Ok(Some(Message::Close(_))) => return Ending::ClosedByClient,
            Ok(Some(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Ok(None) => {
                if poll_fn(|context| socket.poll_read(context)).await.is_err() {
                    return Ending::Gone;
                }
            }
            Err(error) => return ending_for(&error),
        }
        if poll_fn(|context| socket.poll_write(context)).await.is_err() {
            return Ending::Gone;
        }
    }
}
