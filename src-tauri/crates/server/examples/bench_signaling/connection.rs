//! One client's connection: opened without waiting, upgraded, read and written as far as the kernel takes it.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use anyhow::{Result, bail};
use memchr::memmem;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Socket, Type};

use crate::frame;

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    out: Vec<u8>,
    /// Of a frame or a response that is not all there yet.
    partial: Vec<u8>,
    is_upgraded: bool,
    pub(crate) began_at: Instant,
}

/// Why a connection is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The server closed it with a code.
    Closed(u16),
    /// Nobody listens there.
    Refused,
    /// The server answered with something else than an upgrade.
    NotUpgraded,
    /// It broke.
    Broken,
}

/// What came.
#[derive(Debug)]
pub(crate) enum Incoming<'a> {
    Upgraded,
    Text(&'a [u8]),
}

impl Connection {
    /// Begins to connect from a source address.
    pub(crate) fn open(
        server: SocketAddr,
        source: Ipv4Addr,
        registry: &Registry,
        token: Token,
    ) -> Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        socket.bind(&SocketAddr::from((source, 0)).into())?;
        match socket.connect(&server.into()) {
            Ok(()) => {}
            // The usual answer of a socket that does not wait: EINPROGRESS on Linux.
            Err(error) if error.raw_os_error() == Some(115) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        let mut stream = TcpStream::from_std(socket.into());
        let both = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut stream, token, both)?;
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        Ok(Self {
            stream,
            out: request.into_bytes(),
            partial: Vec::new(),
            is_upgraded: false,
            began_at: Instant::now(),
        })
    }

    /// Queues a text; [`Self::write`] sends it.
    pub(crate) fn say(&mut self, text: &[u8]) {
        frame::put(&mut self.out, frame::TEXT, text);
    }

    /// Whether something waits to be written.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.out.is_empty()
    }

    /// Writes what waits, as far as it goes.
    pub(crate) fn write(&mut self) -> Result<(), End> {
        while !self.out.is_empty() {
            match self.stream.write(&self.out) {
                Ok(count) => drop(self.out.drain(..count)),
                Err(error) => return ended(error.kind()),
            }
        }
        if self.out.capacity() > 16 * 1024 {
            self.out = Vec::new();
        }
        Ok(())
    }

    /// Reads what is there, answers pings, and hands over the rest; `is_ending` when the other side has closed.
    pub(crate) fn read(
        &mut self,
        scratch: &mut [u8],
        is_ending: bool,
        mut take: impl FnMut(Incoming<'_>),
    ) -> Result<(), End> {
        loop {
            let count = match self.stream.read(scratch) {
                Ok(0) => return Err(End::Broken),
                Ok(count) => count,
                Err(error) => return ended(error.kind()),
            };
            let Some(read) = scratch.get(..count) else {
                return Err(End::Broken);
            };
            // Less than there was room for: there is no more, and the kernel will say when there is.
            let is_last = count < scratch.len() && !is_ending;
            if self.partial.is_empty() {
                self.digest(read, &mut take)?;
            } else {
                let mut whole = std::mem::take(&mut self.partial);
                whole.extend_from_slice(read);
                self.digest(&whole, &mut take)?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn digest(&mut self, mut bytes: &[u8], take: &mut impl FnMut(Incoming<'_>)) -> Result<(), End> {
        if !self.is_upgraded {
            match after_response(bytes) {
                Ok(None) => {
                    self.partial = bytes.to_vec();
                    return Ok(());
                }
                Ok(Some(rest)) => bytes = rest,
                Err(_) => return Err(End::NotUpgraded),
            }
            self.is_upgraded = true;
            take(Incoming::Upgraded);
        }
        while let Some(frame) = frame::take(bytes).map_err(|_| End::Broken)? {
            match frame.opcode {
                frame::TEXT => take(Incoming::Text(frame.payload)),
                frame::PING => frame::put(&mut self.out, frame::PONG, frame.payload),
                frame::CLOSE => {
                    let code = match frame.payload {
                        [high, low, ..] => u16::from_be_bytes([*high, *low]),
                        _ => 1005,
                    };
                    return Err(End::Closed(code));
                }
                _ => {}
            }
            bytes = frame.rest;
        }
        if !bytes.is_empty() {
            self.partial = bytes.to_vec();
        }
        Ok(())
    }
}

fn ended(kind: ErrorKind) -> Result<(), End> {
    match kind {
        ErrorKind::WouldBlock | ErrorKind::NotConnected | ErrorKind::Interrupted => Ok(()),
        ErrorKind::ConnectionRefused => Err(End::Refused),
        _ => Err(End::Broken),
    }
}

/// What stands behind the head of a response that upgrades; none if the head is not all there.
fn after_response(bytes: &[u8]) -> Result<Option<&[u8]>> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    if !bytes.starts_with(b"HTTP/1.1 101 ") {
        bail!("no upgrade");
    }
    Ok(bytes.get(end + 4..))
}
