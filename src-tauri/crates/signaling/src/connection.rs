//! One open WebSocket: a bounded queue out, frames in, neither waiting for the other.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::task::{Context, Poll, ready};

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};

use crate::connect::Socket;
use crate::error::SignalingError;

/// Messages that may wait for a slow network; the burst the server allows, twice.
const MAX_OUTGOING: usize = 256;

/// The socket and what waits to be sent on it.
pub(crate) struct Connection {
    socket: Socket,
    outgoing: VecDeque<Message>,
    needs_flush: bool,
}

/// What came.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A message.
    Text(String),
    /// Anything else that proves that the server lives.
    Sign,
}

impl Connection {
    pub(crate) fn new(socket: Socket) -> Self {
        Self {
            socket,
            outgoing: VecDeque::new(),
            needs_flush: false,
        }
    }

    /// Appends a text frame. Fails when too much waits: dropping one message of many would leave
    /// the two ends with different ideas of the call, a new connection does not.
    pub(crate) fn send(&mut self, text: String) -> Result<(), SignalingError> {
        if self.outgoing.len() >= MAX_OUTGOING {
            return Err(SignalingError::Broken(ErrorKind::WouldBlock));
        }
        self.outgoing.push_back(Message::text(text));
        Ok(())
    }

    /// Writes what waits and reads the next frame. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Incoming, SignalingError> {
        poll_fn(|context| {
            if let Poll::Ready(Err(error)) = self.poll_write(context) {
                return Poll::Ready(Err(error));
            }
            self.poll_read(context)
        })
        .await
    }

    /// Writes what waits, then says goodbye and reads until the server has done so too.
    pub(crate) async fn finish(&mut self) {
        if poll_fn(|context| self.poll_write(context)).await.is_err() {
            return;
        }
        if self.socket.close(None).await.is_ok() {
            while let Some(Ok(_)) = self.socket.next().await {}
        }
    }

    /// One message at a time: the next starts when the one before is with the system, so the
    /// socket's own buffer never holds more than that.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SignalingError>> {
        loop {
            if self.needs_flush {
                ready!(self.socket.poll_flush_unpin(context)).map_err(broken)?;
                self.needs_flush = false;
            }
            if self.outgoing.is_empty() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.socket.poll_ready_unpin(context)).map_err(broken)?;
            if let Some(message) = self.outgoing.pop_front() {
                self.socket.start_send_unpin(message).map_err(broken)?;
                self.needs_flush = true;
            }
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Incoming, SignalingError>> {
        let incoming = match ready!(self.socket.poll_next_unpin(context)) {
            Some(Ok(Message::Text(text))) => Ok(Incoming::Text(text.as_str().to_owned())),
            Some(Ok(Message::Close(frame))) => Err(SignalingError::Closed {
                code: frame.map_or_else(|| CloseCode::Status.into(), |frame| frame.code.into()),
            }),
            Some(Ok(
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_),
            )) => Ok(Incoming::Sign),
            Some(Err(error)) => Err(broken(error)),
            None => Err(SignalingError::Broken(ErrorKind::UnexpectedEof)),
        };
        Poll::Ready(incoming)
    }
}

fn broken(error: WebSocketError) -> SignalingError {
    match error {
        WebSocketError::Io(error) => SignalingError::Broken(error.kind()),
        WebSocketError::ConnectionClosed | WebSocketError::AlreadyClosed => {
            SignalingError::Broken(ErrorKind::UnexpectedEof)
        }
        _ => SignalingError::Broken(ErrorKind::InvalidData),
    }
}
