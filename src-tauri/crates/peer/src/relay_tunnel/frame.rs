//! TURN messages on a stream (RFC 8656, section 3.3; RFC 8489, section 6.2.2): back to back, their own
//! lengths telling them apart, ChannelData padded to four bytes.
//!
//! Sans-IO. The decoder holds one message at most. A longer one than the library takes is skipped and
//! not an error: the other person can send any datagram to our relay, and must not end it so.

/// The library reads datagrams into buffers of this size.
pub(super) const MAX_MESSAGE_BYTES: usize = 2_000;
pub(super) const STUN_HEADER_BYTES: usize = 20;
const CHANNEL_HEADER_BYTES: usize = 4;
pub(super) const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// The cookie of a STUN message is in the bytes before this (RFC 8489, section 5).
const COOKIE_END: usize = 8;

pub(super) type TransactionId = [u8; 12];

/// What a TURN client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    /// A request for a relay.
    Allocate(TransactionId),
    /// Refresh, CreatePermission, ChannelBind.
    Request(TransactionId),
    /// A packet for the other side.
    Data,
}

impl Message {
    /// `None` is nothing that a TURN client sends, a connectivity check for instance.
    pub(super) fn of(datagram: &[u8]) -> Option<Self> {
        match datagram {
            [0x40..=0x4f, _, _, _, ..] => Some(Self::Data),
            [0, kind, _, _, rest @ ..] if rest.len() >= 16 && rest[..4] == COOKIE => {
                let mut id = TransactionId::default();
                id.copy_from_slice(&rest[4..16]);
                match kind {
                    0x03 => Some(Self::Allocate(id)),
                    0x04 | 0x08 | 0x09 => Some(Self::Request(id)),
                    0x16 => Some(Self::Data),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// Appends a message to what goes into the stream.
pub(super) fn encode(datagram: &[u8], stream: &mut Vec<u8>) {
    stream.extend_from_slice(datagram);
    let padding = datagram.len().next_multiple_of(4) - datagram.len();
    stream.extend_from_slice(&[0; 3][..padding]);
}

/// What came is no TURN; where the next message would begin is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it does not speak TURN")]
pub(super) struct NotTurn;

/// Takes a stream apart.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    held: Vec<u8>,
    /// Bytes that belong to nobody.
    skip: usize,
}

impl Decoder {
    /// Takes what was read and hands on the messages that are complete.
    pub(super) fn feed(
        &mut self,
        mut read: &[u8],
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), NotTurn> {
        loop {
            let skipped = self.skip.min(read.len());
            read = &read[skipped..];
            self.skip -= skipped;
            if read.is_empty() {
                return Ok(());
            }
            self.hold(&mut read, CHANNEL_HEADER_BYTES);
            if self.held.len() < CHANNEL_HEADER_BYTES {
                return Ok(());
            }
            let length = message_length(&self.held)?;
            // Text of another protocol promises any length: the cookie is looked at before it is believed.
            let proof = length.min(COOKIE_END);
            self.hold(&mut read, proof);
            if self.held.len() < proof {
                return Ok(());
            }
            check_cookie(&self.held)?;
            if length > MAX_MESSAGE_BYTES {
                self.skip = length.next_multiple_of(4) - self.held.len();
                self.held.clear();
                continue;
            }
            self.hold(&mut read, length);
            if self.held.len() == length {
                take(&self.held);
                self.held.clear();
                self.skip = length.next_multiple_of(4) - length;
            }
        }
    }

    /// Fills up to `wanted` bytes.
    fn hold(&mut self, read: &mut &[u8], wanted: usize) {
        let missing = wanted.saturating_sub(self.held.len()).min(read.len());
        self.held.extend_from_slice(&read[..missing]);
        *read = &read[missing..];
    }
}

/// From its first four bytes, header included.
fn message_length(start: &[u8]) -> Result<usize, NotTurn> {
    let length = usize::from(u16::from_be_bytes([start[2], start[3]]));
    match start[0] {
        0x00..=0x3f if length % 4 == 0 => Ok(STUN_HEADER_BYTES + length),
        0x40..=0x4f => Ok(CHANNEL_HEADER_BYTES + length),
        _ => Err(NotTurn),
    }
}

fn check_cookie(message: &[u8]) -> Result<(), NotTurn> {
    let is_channel = (0x40..=0x4f).contains(&message[0]);
    if is_channel || message[4..8] == COOKIE {
        Ok(())
    } else {
        Err(NotTurn)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::answer::no_relay;
    use super::*;

    fn channel(payload: &[u8]) -> Vec<u8> {
        let mut data = vec![0x40, 0x01];
        data.extend_from_slice(&u16::try_from(payload.len()).unwrap().to_be_bytes());
        data.extend_from_slice(payload);
        data
    }

    /// Without a user name.
    pub(in super::super) fn request(kind: u8, id: u8) -> Vec<u8> {
        let mut request = vec![0, kind, 0, 8];
        request.extend(COOKIE);
        request.extend([id; 12]);
        request.extend([0, 0x19, 0, 4, 17, 0, 0, 0]);
        request
    }

    fn decode(stream: &[u8], step: usize) -> Result<Vec<Vec<u8>>, NotTurn> {
        let (mut decoder, mut taken) = (Decoder::default(), Vec::new());
        for part in stream.chunks(step) {
            decoder.feed(part, |message| taken.push(message.to_vec()))?;
            assert!(decoder.held.len() <= MAX_MESSAGE_BYTES);
        }
        Ok(taken)
    }

    #[test]
    fn messages_come_out_as_they_went_in_however_the_stream_is_cut() {
        let sent = [
            channel(b""),
            channel(b"1"),
            request(0x03, 7),
            channel(&[9; 1_200]),
            channel(b"1234"),
        ];
        let mut stream = Vec::new();
        for message in &sent {
            encode(message, &mut stream);
            assert_eq!(stream.len() % 4, 0);
        }
        for step in [1, 2, 3, 5, 64, 1_203, 10_000] {
            assert_eq!(decode(&stream, step).unwrap(), sent, "{step}");
        }
    }

    #[test]
    fn what_is_too_long_is_skipped_and_the_next_is_not() {
        let mut stream = Vec::new();
        encode(&channel(&[1; 65_535]), &mut stream);
        encode(&channel(&[2; MAX_MESSAGE_BYTES - 3]), &mut stream);
        encode(&channel(b"after"), &mut stream);
        for step in [1, 7, 100_000] {
            assert_eq!(decode(&stream, step).unwrap(), [channel(b"after")]);
        }
    }

    #[test]
    fn what_is_no_turn_is_an_error_at_once() {
        let wrong_length = [0, 1, 0, 3, 0x21];
        let no_cookie = [0; 20];
        // (An answer in HTTP begins like ChannelData, of channel 0x4854: nobody waits for what it
        // carries, and the request for a relay goes unanswered.)
        for garbage in [
            &b"220 mail"[..],
            b"\x80\0\0\0",
            b"SSH-2.0",
            &wrong_length,
            &no_cookie,
        ] {
            assert_eq!(decode(garbage, 1), Err(NotTurn), "{garbage:?}");
        }
    }

    #[test]
    fn any_bytes_are_survived() {
        let mut seed = 1_u64;
        for _ in 0..20_000 {
            let mut noise = [0_u8; 64];
            for byte in &mut noise {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *byte = (seed >> 56) as u8;
            }
            noise[0] &= 0x4f;
            let _ = decode(&noise, 11);
            let _ = Message::of(&noise);
        }
    }

    #[test]
    fn only_what_turn_clients_send_is_known() {
        let answer = no_relay(&request(0x03, 3)).expect("a request for a relay");
        assert_eq!(Message::of(&answer), None);
        assert_eq!(no_relay(&request(0x04, 3)), None);
        for (kind, message) in [
            (0x01, None),
            (0x03, Some(Message::Allocate([3; 12]))),
            (0x04, Some(Message::Request([3; 12]))),
            (0x16, Some(Message::Data)),
        ] {
            assert_eq!(Message::of(&request(kind, 3)), message);
        }
        assert_eq!(Message::of(&channel(b"x")), Some(Message::Data));
    }
}
