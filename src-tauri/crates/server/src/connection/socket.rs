//! A WebSocket without buffers of its own while nothing happens.
//!
//! Reading goes through one buffer that all connections of a thread share, writing through one that lives as
//! long as something waits in it. Everything that is due at the same time leaves in one piece.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Limits;
use super::inbox::Inbox;
use crate::stream::Stream;

/// What is read at once.
const READ_BYTES: usize = 16 * 1024;

thread_local! {
    static READ_BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

/// Reads what nobody wants: how many bytes, 0 at the end of the stream.
pub(crate) fn poll_discard(
    stream: &mut Stream,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    READ_BUFFER.with_borrow_mut(|buffer| {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    })
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: Stream,
    inbox: Inbox,
    /// None while nothing waits.
    out: Option<Box<Out>>,
}

#[derive(Debug, Default)]
struct Out {
    bytes: Vec<u8>,
    /// How much of it the kernel has.
    written: usize,
}

impl Socket {
    /// A stream behind its upgrade; `read_ahead` came with it.
    pub(crate) fn new(stream: Stream, read_ahead: &[u8], limits: &'static Limits) -> Self {
        let mut inbox = Inbox::new(limits);
        if !read_ahead.is_empty() {
            inbox.put(read_ahead);
        }
        Self {
            stream,
            inbox,
            out: None,
        }
    }

    /// The next message of what was read. The protocol's own answers are queued.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, Error> {
        let mut answers = Vec::new();
        let next = self.inbox.next(&mut answers);
        if !answers.is_empty() {
            self.out_bytes().append(&mut answers);
        }
        next
    }

    /// When the message began that is not all there yet.
    pub(crate) fn begun_at(&self) -> Option<Instant> {
        self.inbox.begun_at()
    }

    /// Counts the time of that message from now.
    pub(crate) fn begin_anew(&mut self, now: Instant) {
        self.inbox.begin_anew(now);
    }

    /// Reads once. An end of the stream is an error.
    pub(crate) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        READ_BUFFER.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            self.inbox.put(buffer.filled());
            Poll::Ready(Ok(()))
        })
    }

    /// Bytes that the kernel has not taken yet.
    pub(crate) fn waiting_bytes(&self) -> usize {
        let out = self.out.as_ref();
        out.map_or(0, |out| out.bytes.len() - out.written)
    }

    /// Queues a text.
    pub(crate) fn queue_text(&mut self, text: String) {
        self.queue(Frame::message(text, OpCode::Data(Data::Text), true));
    }

    /// Queues a binary message.
    pub(crate) fn queue_binary(&mut self, payload: Bytes) {
        self.queue(Frame::message(payload, OpCode::Data(Data::Binary), true));
    }

    /// Queues a ping.
    pub(crate) fn queue_ping(&mut self) {
        self.queue(Frame::ping(Bytes::new()));
    }

    /// Queues a close frame; nothing may follow.
    pub(crate) fn queue_close(&mut self, close: CloseFrame) {
        self.queue(Frame::close(Some(close)));
    }

    fn queue(&mut self, frame: Frame) {
        let bytes = self.out_bytes();
        bytes.reserve(frame.len());
        // Memory takes everything.
        let _ = frame.format(bytes);
    }

    fn out_bytes(&mut self) -> &mut Vec<u8> {
        &mut self.out.get_or_insert_default().bytes
    }

    /// Writes what waits; ready when the kernel has it all.
    pub(crate) fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(out) = &mut self.out {
            let rest = out.bytes.get(out.written..).unwrap_or_default();
            if rest.is_empty() {
                self.out = None;
                break;
            }
            let count = ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            out.written += count;
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// The stream, without what waits.
    pub(crate) fn into_stream(self) -> Stream {
        self.stream
    }
}
