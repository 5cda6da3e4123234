//! Where one message ends and the next begins in a stream (RFC 8489 section 6.2.2, RFC 8656 section
//! 12.5). Sans-IO.

use super::super::stun::{HEADER_BYTES, MAGIC_COOKIE, padded};

const CHANNEL_HEADER_BYTES: usize = 4;
/// More than any path between the internet's ends takes in one piece.
const MAX_FRAME_BYTES: usize = 16 * 1024;

/// What a stream begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    /// Not all of it is there yet.
    Partial,
    /// A message of so many bytes, and behind it padding up to the second number.
    Whole {
        /// Without padding.
        length: usize,
        /// With it.
        taken: usize,
    },
}

/// This is something else than TURN; there is no way back into step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no STUN message and no channel data")]
pub(super) struct OutOfStep;

/// Reads the beginning. `has_relay` says whether channels can be: an HTTP request looks like channel
/// data at first.
pub(super) fn next(bytes: &[u8], has_relay: bool) -> Result<Frame, OutOfStep> {
    let Some(&[kind, _, high, low]) = bytes.first_chunk::<4>() else {
        return match bytes.first() {
            Some(0x80..) => Err(OutOfStep),
            Some(_) | None => Ok(Frame::Partial),
        };
    };
    let stated = usize::from(u16::from_be_bytes([high, low]));
    let (length, taken) = match kind {
        0x00..=0x3F => {
            let cookie = bytes.get(4..8);
            if stated % 4 != 0 || cookie.is_some_and(|cookie| cookie != MAGIC_COOKIE.to_be_bytes())
            {
                return Err(OutOfStep);
            }
            (HEADER_BYTES + stated, HEADER_BYTES + stated)
        }
        0x40..=0x7F if has_relay => {
            let length = CHANNEL_HEADER_BYTES + stated;
            (length, padded(length))
        }
        0x40.. => return Err(OutOfStep),
    };
    if taken > MAX_FRAME_BYTES {
        return Err(OutOfStep);
    }
    match bytes.len() >= taken {
        true => Ok(Frame::Whole { length, taken }),
        false => Ok(Frame::Partial),
    }
}

/// How much of what waits is the first message. Over TLS each is written on its own and so becomes a
/// record, because some clients (coturn's among them) take a record for a message.
pub(super) fn first_length(waiting: &[u8]) -> usize {
    match next(waiting, true) {
        Ok(Frame::Whole { taken, .. }) => taken,
        // Longer than what is taken from clients: a peer's largest datagrams.
        Ok(Frame::Partial) | Err(OutOfStep) => waiting.len(),
    }
}

/// What follows a message in the stream: channel data ends at a whole word, as messages do anyway.
pub(super) fn padding(datagram: &[u8]) -> &'static [u8] {
    &[0; 3][..padded(datagram.len()) - datagram.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(attributes: usize) -> Vec<u8> {
        let mut message = vec![0, 1];
        message.extend((attributes as u16).to_be_bytes());
        message.extend(MAGIC_COOKIE.to_be_bytes());
        message.resize(20 + attributes, 7);
        message
    }

    #[test]
    fn messages_and_channel_data_are_told_apart_byte_by_byte() {
        let whole = |length, taken| Ok(Frame::Whole { length, taken });
        for (bytes, length) in [
            (binding(0), 20),
            (binding(40), 60),
            ([&[0x40, 0, 0, 5][..], b"hello\0\0\0"].concat(), 9),
            (vec![0x7F, 0xFF, 0, 0], 4),
        ] {
            for cut in 0..bytes.len() {
                assert_eq!(next(&bytes[..cut], true), Ok(Frame::Partial));
            }
            assert_eq!(next(&bytes, true), whole(length, bytes.len()));
            let two = [&bytes[..], &[0]].concat();
            assert_eq!(next(&two, true), whole(length, bytes.len()));
        }
    }

    #[test]
    fn what_is_no_turn_is_known_by_its_first_words() {
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"SSH-2.0-x",
            &[0x16, 3, 1, 2, 0, 1, 0, 1],
            &[0x80],
            &[0xFF, 0, 0, 0],
            // A length that is no multiple of four.
            &[0, 1, 0, 3],
            // Too long.
            &[0, 1, 0xFF, 0xFC],
        ] {
            assert_eq!(next(bytes, false), Err(OutOfStep), "{bytes:?}");
        }
        assert_eq!(next(&[0x40, 0, 0xFF, 0], true), Err(OutOfStep));
        assert_eq!(next(&[0x40, 0, 0, 4], false), Err(OutOfStep));
    }

    #[test]
    fn messages_that_wait_are_found_one_by_one() {
        let waiting = [&binding(8)[..], &[0x40, 0, 0, 1, 9, 0, 0, 0], &binding(0)].concat();
        assert_eq!(first_length(&waiting), 28);
        assert_eq!(first_length(&waiting[28..]), 8);
        assert_eq!(first_length(&waiting[36..]), 20);
        let large = [&[0x40, 0, 0xFF, 0xF0][..], &[5; 0xFFF0], &binding(0)].concat();
        assert_eq!(first_length(&large), large.len());
    }

    #[test]
    fn channel_data_is_padded_on_the_way_out() {
        assert_eq!(padding(&[0x40, 0, 0, 1, 9]), [0, 0, 0]);
        assert!(padding(&[0x40, 0, 0, 0]).is_empty());
        assert!(padding(&binding(8)).is_empty());
    }
}
