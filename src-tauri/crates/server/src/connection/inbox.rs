//! From the bytes of a connection to its messages.
//!
//! tungstenite reads the frames; it keeps a buffer for each connection, though, whether anything is on its way
//! or not. So there is one only from the first byte of a message to its last, made of what the kernel handed
//! over. A connection that is silent, or says whole messages, as nearly all do, holds nothing in between.

use std::io::{self, Read, Write};
use std::time::Instant;

use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Limits;

/// tungstenite's buffer at least, when a message comes in pieces.
const BUFFER_BYTES: usize = 1024;
/// The longest head of a frame (RFC 6455, section 5.2).
const MAX_HEAD_BYTES: usize = 14;

/// What came and is not read yet.
#[derive(Debug)]
pub(super) struct Inbox {
    limits: &'static Limits,
    /// None between messages.
    reading: Option<Box<Reading>>,
}

#[derive(Debug)]
struct Reading {
    context: WebSocketContext,
    position: Position,
    begun_at: Instant,
    /// For the context to read, and how far it has.
    input: Vec<u8>,
    taken: usize,
}

impl Inbox {
    pub(super) fn new(limits: &'static Limits) -> Self {
        Self {
            limits,
            reading: None,
        }
    }

    /// Takes what was read from the connection.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        match &mut self.reading {
            Some(reading) => reading.put(bytes),
            None => self.reading = Some(Box::new(Reading::begin(bytes, self.limits))),
        }
    }

    /// When that began which is not all there, or not read.
    pub(super) fn begun_at(&self) -> Option<Instant> {
        self.reading.as_ref().map(|reading| reading.begun_at)
    }

    /// Counts its time from now.
    pub(super) fn begin_anew(&mut self, now: Instant) {
        if let Some(reading) = &mut self.reading {
            reading.begun_at = now;
        }
    }

    /// The next message, if it is all there. What the protocol wants answered, pongs and the answer to a close, is appended to
    /// `answers`.
    pub(super) fn next(&mut self, answers: &mut Vec<u8>) -> Result<Option<Message>, Error> {
        let Some(reading) = &mut self.reading else {
            return Ok(None);
        };
        match reading.next(answers) {
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                if reading.position.is_between_messages() {
                    self.reading = None;
                }
                Ok(None)
            }
            // A ping in the middle of a message is not its end.
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                reading.begun_at = Instant::now();
                Ok(Some(message))
            }
            other => other.map(Some),
        }
    }
}

impl Reading {
    fn begin(bytes: &[u8], limits: &Limits) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(limits.outgoing_bytes)
            .max_message_size(Some(limits.message_bytes))
            .max_frame_size(Some(limits.message_bytes));
        let mut part = Vec::with_capacity(bytes.len().max(BUFFER_BYTES));
        part.extend_from_slice(bytes);
        let mut position = Position::default();
        position.advance(bytes);
        Self {
            position,
            begun_at: Instant::now(),
            context: WebSocketContext::from_partially_read(part, Role::Server, Some(config)),
            input: Vec::new(),
            taken: 0,
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.position.advance(bytes);
        self.input.drain(..self.taken);
        self.taken = 0;
        self.input.extend_from_slice(bytes);
    }

    fn next(&mut self, answers: &mut Vec<u8>) -> Result<Message, Error> {
        let mut both = Both {
            input: self.input.get(self.taken..).unwrap_or_default(),
            answers,
        };
        let before = both.input.len();
        let result = self.context.read(&mut both);
        if matches!(result, Ok(Message::Ping(_) | Message::Close(_))) {
            // Says the answer now; the error is that nothing comes after a close.
            let _ = self.context.flush(&mut both);
        }
        self.taken += before - both.input.len();
        result
    }
}

/// What the context takes for a socket.
struct Both<'a> {
    input: &'a [u8],
    answers: &'a mut Vec<u8>,
}

impl Read for Both<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.input.is_empty() {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => self.input.read(buffer),
        }
    }
}

impl Write for Both<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.answers.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where in a frame, and in a message of several frames, the last byte was. It judges nothing.
#[derive(Debug, Default)]
struct Position {
    head: [u8; MAX_HEAD_BYTES],
    head_bytes: u8,
    is_within_message: bool,
    payload_left: u64,
}

impl Position {
    fn advance(&mut self, mut bytes: &[u8]) {
        loop {
            let skipped = usize::try_from(self.payload_left)
                .map_or(bytes.len(), |left| left.min(bytes.len()));
            self.payload_left -= skipped as u64;
            let Some((byte, rest)) = bytes.get(skipped..).and_then(<[u8]>::split_first) else {
                return;
            };
            bytes = rest;
            if let Some(place) = self.head.get_mut(usize::from(self.head_bytes)) {
                *place = *byte;
                self.head_bytes += 1;
            }
            self.end_head();
        }
    }

    /// Goes over to the payload if the head is all there.
    fn end_head(&mut self) {
        let [first, second, rest @ ..] = self.head;
        let (length_bytes, payload) = match second & 0x7f {
            126 => (2, u64::from(u16::from_be_bytes([rest[0], rest[1]]))),
            127 => (
                8,
                u64::from_be_bytes(std::array::from_fn(|index| rest[index])),
            ),
            short => (0, u64::from(short)),
        };
        let mask_bytes = if second & 0x80 != 0 { 4 } else { 0 };
        if self.head_bytes < 2 || self.head_bytes < 2 + length_bytes + mask_bytes {
            return;
        }
        let (is_final, is_control) = (first & 0x80 != 0, first & 0x08 != 0);
        if !is_control {
            self.is_within_message = !is_final;
        }
        self.head_bytes = 0;
        self.payload_left = payload;
    }

    fn is_between_messages(&self) -> bool {
        self.head_bytes == 0 && self.payload_left == 0 && !self.is_within_message
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

    const LIMITS: Limits = Limits {
        message_bytes: 70_000,
        outgoing_bytes: 70_000,
    };

    fn text(payload: &[u8], code: Data, is_final: bool) -> Vec<u8> {
        masked(Frame::message(
            payload.to_vec(),
            OpCode::Data(code),
            is_final,
        ))
    }

    fn masked(mut frame: Frame) -> Vec<u8> {
        frame.header_mut().mask = Some([1, 2, 3, 4]);
        let mut bytes = Vec::new();
        frame.format(&mut bytes).expect("memory takes everything");
        bytes
    }

    /// Texts in up to three fragments with a ping inside, cut anywhere.
    fn streams() -> impl Strategy<Value = (Vec<usize>, u8, usize)> {
        let lengths = prop_oneof![0usize..130, 65_530usize..65_540, 300usize..3000];
        (prop::collection::vec(lengths, 1..6), 1u8..4, 1usize..5000)
    }

    proptest! {
        #[test]
        fn messages_come_out_however_they_are_cut((lengths, pieces, cut) in streams()) {
            let mut bytes = Vec::new();
            let mut expected = Vec::new();
            for length in lengths {
                let whole = "é".repeat(length / 2) + &"x".repeat(length % 2);
                let each = whole.len() / usize::from(pieces) + 1;
                let mut chunks: Vec<&[u8]> = whole.as_bytes().chunks(each).collect();
                if chunks.is_empty() {
                    chunks.push(&[]);
                }
                let last = chunks.len() - 1;
                for (index, chunk) in chunks.into_iter().enumerate() {
                    let code = if index == 0 { Data::Text } else { Data::Continue };
                    bytes.extend(text(chunk, code, index == last));
                    bytes.extend(masked(Frame::ping("p")));
                }
                expected.push(whole);
            }
            let mut inbox = Inbox::new(&LIMITS);
            let (mut answers, mut texts) = (Vec::new(), Vec::new());
            for part in bytes.chunks(cut) {
                inbox.put(part);
                while let Some(message) = inbox.next(&mut answers).expect("no fault") {
                    if let Message::Text(text) = message {
                        texts.push(text.to_string());
                    }
                }
            }
            prop_assert_eq!(texts, expected);
            prop_assert_eq!(inbox.begun_at(), None);
        }

        #[test]
        fn nonsense_is_a_fault_or_waits(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 1usize..50) {
            let mut inbox = Inbox::new(&LIMITS);
            let mut answers = Vec::new();
            'all: for part in bytes.chunks(cut) {
                inbox.put(part);
                loop {
                    match inbox.next(&mut answers) {
                        Ok(Some(_)) => {}
                        Ok(None) => break,
                        Err(_) => break 'all,
                    }
                }
            }
        }
    }
}
