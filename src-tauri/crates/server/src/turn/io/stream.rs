//! Clients over TCP and TLS (RFC 8656 section 2.1): the same relays, for networks that let no UDP out.
//!
//! One port takes both: a stream that begins as a TLS handshake does is one, as no STUN message begins
//! so. A stream is a flow like a client's UDP address, and its relay ends with it. Whoever has no
//! relay yet, or sends half a message, has ten seconds; whoever does not read is cut after as many.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use super::super::Now;
use super::super::relay::Flow;
use super::Shared;
use super::batch::single;
use super::frame::{self, Frame, OutOfStep};
use super::outgoing::Outgoing;

/// For the handshake, for a relay, for the rest of a message, and for reading what we wrote.
const PATIENCE: Duration = Duration::from_secs(10);
/// After accepting failed, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What the system may hold for a client that does not read; it doubles this.
const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// Messages of a stream that has no relay: far more than it takes to get one.
const MAX_QUESTIONS: u32 = 32;
/// Read at once.
const READ_BYTES: usize = 2 * 1024;
/// The first byte of a TLS handshake (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// Where streams come in.
#[derive(Debug)]
pub(super) struct StreamListener {
    pub(super) listener: TcpListener,
    /// As flows name it.
    pub(super) index: u16,
}

/// Makes TLS of a stream. Has no `Debug` of its own.
pub(super) struct Acceptor(pub(super) TlsAcceptor);

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acceptor")
    }
}

/// An open stream; dropping it ends its relay.
struct Stream {
    shared: Arc<Shared>,
    flow: Flow,
    outgoing: Arc<Outgoing>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.streams.close(self.flow);
        let mut state = self.shared.state.lock();
        state.relay.flow_closed(self.flow);
        state.close_ended();
    }
}

/// Why a stream was cut.
#[derive(Debug, thiserror::Error)]
enum Cut {
    #[error("the socket failed: {0}")]
    Socket(#[from] io::Error),
    #[error("{0}")]
    OutOfStep(#[from] OutOfStep),
    #[error("too slow")]
    TooSlow,
    #[error("too many questions without a relay")]
    TooMany,
    #[error("TLS is not spoken here")]
    NoTls,
}

impl Shared {
    /// Accepts for as long as the relay runs.
    pub(super) async fn serve_streams(self: Arc<Self>, index: usize) {
        let Some(StreamListener { listener, index }) = self.stream_listeners.get(index) else {
            return;
        };
        let mut is_failing = false;
        loop {
            match listener.accept().await {
                Ok((socket, client)) => {
                    is_failing = false;
                    let flow = Flow {
                        listener: *index,
                        client,
                        is_stream: true,
                    };
                    self.admit(socket, flow);
                }
                Err(error) => {
                    // Once for each time of trouble, or a client could fill the disk with these.
                    if !std::mem::replace(&mut is_failing, true) {
                        warn!(%error, "the relay cannot accept connections");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn admit(self: &Arc<Self>, socket: TcpStream, flow: Flow) {
        let Some(outgoing) = self.streams.open(Instant::now().into_std(), flow) else {
            debug!("a stream was dropped: too many, or too fast");
            return;
        };
        let stream = Stream {
            shared: Arc::clone(self),
            flow,
            outgoing,
        };
        self.spawn(async move {
            if let Err(cut) = stream.run(socket).await {
                debug!(%cut, "a stream was cut");
            }
        });
    }
}

impl Stream {
    async fn run(&self, socket: TcpStream) -> Result<(), Cut> {
        socket.set_nodelay(true)?;
        SockRef::from(&socket).set_send_buffer_size(SEND_BUFFER_BYTES)?;
        let since = Instant::now();
        let mut first = [0];
        let peeked = timeout(PATIENCE, socket.peek(&mut first)).await;
        peeked.map_err(|_| Cut::TooSlow)??;
        if first != [TLS_HANDSHAKE] {
            return self.serve(socket, since, <[u8]>::len).await;
        }
        let Acceptor(acceptor) = self.shared.tls.as_ref().ok_or(Cut::NoTls)?;
        let handshake = Box::pin(timeout_at(since + PATIENCE, acceptor.accept(socket)));
        let socket = handshake.await.map_err(|_| Cut::TooSlow)??;
        self.serve(socket, since, frame::first_length).await
    }

    /// `piece` says how much of what waits is written at once.
    async fn serve(
        &self,
        socket: impl AsyncRead + AsyncWrite,
        since: Instant,
        piece: fn(&[u8]) -> usize,
    ) -> Result<(), Cut> {
        let (reader, writer) = tokio::io::split(socket);
        tokio::select! {
            ended = self.read(Box::pin(reader), since) => ended,
            ended = self.write(Box::pin(writer), piece) => ended,
        }
    }

    async fn write(
        &self,
        mut writer: impl AsyncWrite + Unpin,
        piece: fn(&[u8]) -> usize,
    ) -> Result<(), Cut> {
        let mut bytes = Vec::new();
        loop {
            self.outgoing.take(&mut bytes).await;
            let written = async {
                let mut left = &bytes[..];
                while !left.is_empty() {
                    let (first, others) = left.split_at(piece(left));
                    writer.write_all(first).await?;
                    left = others;
                }
                writer.flush().await
            };
            timeout(PATIENCE, written)
                .await
                .map_err(|_| Cut::TooSlow)??;
        }
    }

    async fn read(&self, mut reader: impl AsyncRead + Unpin, since: Instant) -> Result<(), Cut> {
        let mut bytes = Vec::new();
        let mut has_relay = false;
        let mut questions = 0;
        // From when on it owes us a relay, and the rest of a message.
        let (mut without_relay, mut partial) = (Some(since), None::<Instant>);
        loop {
            let owed = [without_relay, partial].into_iter().flatten().min();
            let until = owed.unwrap_or_else(Instant::now) + PATIENCE;
            bytes.reserve(READ_BYTES);
            match timeout_at(until, reader.read_buf(&mut bytes)).await {
                Ok(Err(error)) => return Err(error.into()),
                Ok(Ok(0)) => return Ok(()),
                Ok(Ok(_)) => {
                    let mut taken = 0;
                    while let Frame::Whole {
                        length,
                        taken: whole,
                    } = frame::next(&bytes[taken..], has_relay)?
                    {
                        has_relay = self.take(&bytes[taken..taken + length]);
                        questions = if has_relay { 0 } else { questions + 1 };
                        if questions > MAX_QUESTIONS {
                            return Err(Cut::TooMany);
                        }
                        taken += whole;
                        partial = None;
                    }
                    bytes.drain(..taken);
                }
                // Time is over for what it owes; with nothing owed only its relay may have ended.
                Err(_) if owed.is_some() => return Err(Cut::TooSlow),
                Err(_) => has_relay = self.has_relay(),
            }
            let now = Instant::now();
            partial = (!bytes.is_empty()).then(|| partial.unwrap_or(now));
            without_relay = (!has_relay).then(|| without_relay.unwrap_or(now));
            if bytes.is_empty() {
                bytes.shrink_to(READ_BYTES);
            }
        }
    }

    /// Deals with a message; says whether there is a relay now.
    fn take(&self, message: &[u8]) -> bool {
        let listener = self.flow.listener;
        single(self.flow.client, message, |now, batch| {
            self.shared.from_clients(now, listener, batch);
        });
        self.has_relay()
    }

    fn has_relay(&self) -> bool {
        let state = self.shared.state.lock();
        state.relay.has_relay(Now::from_clocks().instant, self.flow)
    }
}
