//! The VP8 payload descriptor (RFC 7741, section 4.2).
//!
//! We always send a 15-bit picture id: with it a receiver can tell a lost frame from lost padding.

use bytes::{BufMut, Bytes, BytesMut};

use super::{MAX_PAYLOAD, even_pieces};

/// Bytes of the descriptor we write: X with I, M and a 15-bit picture id.
const DESCRIPTOR_LEN: usize = 4;
/// Picture ids count modulo this.
pub const PICTURE_IDS: u16 = 1 << 15;

/// Cuts VP8 frames into payloads and numbers the pictures.
#[derive(Debug, Default)]
pub struct Packetizer {
    picture_id: u16,
}

impl Packetizer {
    pub(super) fn packetize(&mut self, frame: &Bytes) -> Vec<Bytes> {
        let picture_id = self.picture_id;
        self.picture_id = (picture_id + 1) % PICTURE_IDS;
        let mut rest = frame.clone();
        even_pieces(frame.len(), MAX_PAYLOAD - DESCRIPTOR_LEN)
            .enumerate()
            .map(|(index, length)| {
                let start_of_partition = if index == 0 { 0x10 } else { 0 };
                let mut payload = BytesMut::with_capacity(DESCRIPTOR_LEN + length);
                payload.put_u8(0x80 | start_of_partition);
                payload.put_u8(0x80);
                payload.put_u16(0x8000 | picture_id);
                payload.put(rest.split_to(length));
                payload.freeze()
            })
            .collect()
    }
}

/// What the descriptor of a received payload says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor {
    /// First packet of a frame: S set, partition 0.
    pub starts_frame: bool,
    /// Picture id modulo 2^15, or modulo 2^7 where `long_picture_id` is false.
    pub picture_id: Option<u16>,
    /// The id has 15 bits.
    pub long_picture_id: bool,
    /// Bytes of the descriptor: the coded data begins here.
    pub len: usize,
}

impl Descriptor {
    /// Reads a descriptor. `None` if the payload is too short to hold it and one byte of data.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let mut descriptor = Self {
            starts_frame: first & 0x10 != 0 && first & 0x07 == 0,
            picture_id: None,
            long_picture_id: false,
            len: 1,
        };
        if first & 0x80 != 0 {
            let extension = *payload.get(1)?;
            descriptor.len = 2;
            if extension & 0x80 != 0 {
                descriptor.read_picture_id(payload)?;
            }
            // One byte of TL0PICIDX; one for TID, Y and KEYIDX together.
            descriptor.len += usize::from(extension & 0x40 != 0);
            descriptor.len += usize::from(extension & 0x30 != 0);
        }
        (descriptor.len < payload.len()).then_some(descriptor)
    }

    /// Whether this is the picture right after `previous`.
    pub fn follows(&self, previous: u16) -> bool {
        let modulus = if self.long_picture_id {
            PICTURE_IDS
        } else {
            1 << 7
        };
        self.picture_id
            .is_some_and(|id| id == (previous % modulus + 1) % modulus)
    }

    fn read_picture_id(&mut self, payload: &[u8]) -> Option<()> {
        let high = *payload.get(2)?;
        if high & 0x80 == 0 {
            self.picture_id = Some(high.into());
            self.len = 3;
        } else {
            let low = *payload.get(3)?;
            self.picture_id = Some(u16::from_be_bytes([high & 0x7f, low]));
            self.long_picture_id = true;
            self.len = 4;
        }
        Some(())
    }
}

/// Whether the coded data that follows the first descriptor of a frame is a key frame's
/// (RFC 6386, section 9.1: the first bit is 0).
pub fn is_key_frame(data: &[u8]) -> bool {
    data.first().is_some_and(|byte| byte & 1 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_it_reads_and_wraps_the_picture_id() {
        let mut packetizer = Packetizer {
            picture_id: PICTURE_IDS - 1,
        };
        let frame = Bytes::from(vec![7_u8; 5_000]);
        let last = packetizer.packetize(&frame);
        let first = packetizer.packetize(&frame);
        let parse = |payload: &Bytes| Descriptor::parse(payload).expect("our own descriptor");
        assert!(last.iter().all(|payload| payload.len() <= MAX_PAYLOAD));
        assert!(parse(&last[0]).starts_frame && !parse(&last[1]).starts_frame);
        assert!(parse(&first[0]).follows(PICTURE_IDS - 1));
        let data: Vec<u8> = last
            .iter()
            .flat_map(|p| p[parse(p).len..].to_vec())
            .collect();
        assert_eq!(data, frame);
    }

    #[test]
    fn reads_every_optional_field_and_refuses_short_payloads() {
        let full = [0x90, 0xf0, 0x81, 0x02, 0x33, 0x44, 0xaa];
        let descriptor = Descriptor::parse(&full).expect("complete");
        assert_eq!(descriptor.picture_id, Some(0x102));
        assert_eq!(descriptor.len, 6);
        for length in 0..full.len() {
            assert_eq!(Descriptor::parse(&full[..length]), None, "{length} bytes");
        }
        let short = Descriptor::parse(&[0x80, 0x80, 0x7f, 1]).expect("7-bit id");
        assert_eq!((short.picture_id, short.len), (Some(127), 3));
        let next = Descriptor::parse(&[0x80, 0x80, 0x00, 1]).expect("7-bit id");
        assert!(next.follows(127));
    }
}
