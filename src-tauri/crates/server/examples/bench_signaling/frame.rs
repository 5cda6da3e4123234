//! WebSocket frames (RFC 6455, section 5.2), as far as a client needs that trusts its server.
//!
//! The masking key is zero. It is for the benefit of proxies that are not here, and costs the server the same
//! work as any other; with it the payload is written as it is.

use anyhow::{Result, bail};

pub(crate) const TEXT: u8 = 0x1;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// Appends a masked frame.
pub(crate) fn put(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.push(FINAL | opcode);
    match payload.len() {
        length @ 0..=125 => out.push(MASKED | length as u8),
        length @ 126..=0xffff => {
            out.push(MASKED | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(MASKED | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

/// A frame at the beginning of some bytes.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) opcode: u8,
    pub(crate) payload: &'a [u8],
    /// The bytes behind it.
    pub(crate) rest: &'a [u8],
}

/// None if it is not all there yet.
pub(crate) fn take(bytes: &[u8]) -> Result<Option<Frame<'_>>> {
    let [first, second, ..] = *bytes else {
        return Ok(None);
    };
    if first & FINAL == 0 || second & MASKED != 0 {
        bail!("a frame that no server of signaling sends");
    }
    let (head, length) = match second & 0x7f {
        126 => match bytes.get(2..4) {
            Some(&[a, b]) => (4, usize::from(u16::from_be_bytes([a, b]))),
            _ => return Ok(None),
        },
        127 => bail!("a frame longer than any message"),
        short => (2, usize::from(short)),
    };
    let (Some(payload), Some(rest)) = (bytes.get(head..head + length), bytes.get(head + length..))
    else {
        return Ok(None);
    };
    Ok(Some(Frame {
        opcode: first & 0x0f,
        payload,
        rest,
    }))
}
