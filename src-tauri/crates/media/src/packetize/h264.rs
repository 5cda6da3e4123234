//! H.264 payloads (RFC 6184, packetization mode 1): single units, STAP-A and FU-A.

use bytes::{BufMut, Bytes, BytesMut};

use super::{MAX_PAYLOAD, even_pieces};

/// Starts every unit in the streams that encoder and decoder speak (Annex B).
const START_CODE: [u8; 4] = [0, 0, 0, 1];

const TYPE_MASK: u8 = 0x1f;
const NON_TYPE_MASK: u8 = 0xe0;
const IDR: u8 = 5;
const SPS: u8 = 7;
const DELIMITER: u8 = 9;
const FILLER: u8 = 12;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
const FU_START: u8 = 0x80;
const FU_END: u8 = 0x40;

/// Payloads of one access unit with start codes. Small units (parameter sets above all) travel
/// together in a STAP-A.
pub(super) fn packetize(access_unit: &Bytes) -> Vec<Bytes> {
    let mut payloads = Vec::new();
    let mut small: Vec<Bytes> = Vec::new();
    for unit in units(access_unit) {
        if matches!(unit[0] & TYPE_MASK, DELIMITER | FILLER) {
            continue;
        }
        if 1 + aggregated_len(&small) + 2 + unit.len() > MAX_PAYLOAD {
            flush(&mut small, &mut payloads);
        }
        if 1 + 2 + unit.len() > MAX_PAYLOAD {
            fragment(&unit, &mut payloads);
        } else {
            small.push(unit);
        }
    }
    flush(&mut small, &mut payloads);
    payloads
}

/// What a received payload holds, as far as frame assembly needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contents {
    /// Holds a sequence parameter set: a decoder can start here if an IDR picture follows.
    pub has_sps: bool,
    /// Holds an IDR slice or a part of one.
    pub has_idr: bool,
}

/// Looks into a payload. `None` if it is none we understand or is cut short.
pub fn inspect(payload: &[u8]) -> Option<Contents> {
    let mut contents = Contents::default();
    let mut note = |kind: u8| {
        contents.has_sps |= kind == SPS;
        contents.has_idr |= kind == IDR;
    };
    let (&header, body) = payload.split_first()?;
    match header & TYPE_MASK {
        kind @ 1..=23 => note(kind),
        STAP_A => {
            for unit in aggregated(body) {
                note(*unit?.first()? & TYPE_MASK);
            }
        }
        FU_A => {
            let (&fragment_header, _data) = body.split_first()?;
            note(fragment_header & TYPE_MASK);
        }
        _ => return None,
    }
    Some(contents)
}

/// Puts the payloads of one frame together, with start codes. `None` if a unit is malformed or a
/// fragment is missing.
pub fn assemble<'a>(payloads: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut inside_fragments = false;
    for payload in payloads {
        let (&header, body) = payload.split_first()?;
        let kind = header & TYPE_MASK;
        if inside_fragments && kind != FU_A {
            return None;
        }
        match kind {
            1..=23 => append(&mut out, payload),
            STAP_A => {
                for unit in aggregated(body) {
                    append(&mut out, unit?);
                }
            }
            FU_A => {
                let (&fragment_header, data) = body.split_first()?;
                if inside_fragments == (fragment_header & FU_START != 0) {
                    return None;
                }
                if !inside_fragments {
                    append(
                        &mut out,
                        &[header & NON_TYPE_MASK | fragment_header & TYPE_MASK],
                    );
                }
                out.extend_from_slice(data);
                inside_fragments = fragment_header & FU_END == 0;
            }
            _ => return None,
        }
    }
    (!inside_fragments && !out.is_empty()).then_some(out)
}

fn append(out: &mut Vec<u8>, unit: &[u8]) {
    out.extend_from_slice(&START_CODE);
    out.extend_from_slice(unit);
}

/// The units of a STAP-A's body; a last `None` where it is malformed.
fn aggregated(body: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let body = rest.take()?;
        if body.is_empty() {
            return None;
        }
        let unit = body.split_first_chunk::<2>().and_then(|(length, tail)| {
            let length = usize::from(u16::from_be_bytes(*length));
            (length > 0).then_some(tail)?.split_at_checked(length)
        });
        rest = unit.map(|(_unit, tail)| tail);
        Some(unit.map(|(unit, _tail)| unit))
    })
}

fn aggregated_len(units: &[Bytes]) -> usize {
    units.iter().map(|unit| 2 + unit.len()).sum()
}

fn flush(units: &mut Vec<Bytes>, payloads: &mut Vec<Bytes>) {
    if let [single] = units.as_slice() {
        payloads.push(single.clone());
    } else if !units.is_empty() {
        let importance = units.iter().map(|unit| unit[0] & 0x60).max().unwrap_or(0);
        let mut payload = BytesMut::with_capacity(1 + aggregated_len(units));
        payload.put_u8(importance | STAP_A);
        for unit in units.iter() {
            // Fits: a unit in here is smaller than a packet.
            payload.put_u16(unit.len() as u16);
            payload.put_slice(unit);
        }
        payloads.push(payload.freeze());
    }
    units.clear();
}

fn fragment(unit: &Bytes, payloads: &mut Vec<Bytes>) {
    let header = unit[0];
    let mut rest = unit.slice(1..);
    let pieces: Vec<usize> = even_pieces(rest.len(), MAX_PAYLOAD - 2).collect();
    let last = pieces.len() - 1;
    for (index, length) in pieces.into_iter().enumerate() {
        let start = if index == 0 { FU_START } else { 0 };
        let end = if index == last { FU_END } else { 0 };
        let mut payload = BytesMut::with_capacity(2 + length);
        payload.put_u8(header & NON_TYPE_MASK | FU_A);
        payload.put_u8(start | end | header & TYPE_MASK);
        payload.put(rest.split_to(length));
        payloads.push(payload.freeze());
    }
}

/// The units of a stream with start codes of three or four bytes, without them.
fn units(stream: &Bytes) -> impl Iterator<Item = Bytes> {
    let mut next = find_start_code(stream, 0);
    std::iter::from_fn(move || {
        let (_, begin) = next?;
        next = find_start_code(stream, begin);
        let end = next.map_or(stream.len(), |(code, _)| code);
        // Zeros before a start code belong to it, not to the unit (H.264, Annex B).
        let trailing = stream[begin..end]
            .iter()
            .rev()
            .take_while(|b| **b == 0)
            .count();
        Some(stream.slice(begin..end - trailing))
    })
    .filter(|unit| !unit.is_empty())
}

/// Where the next start code begins and ends.
fn find_start_code(stream: &[u8], from: usize) -> Option<(usize, usize)> {
    let found = stream[from..].windows(3).position(|w| w == [0, 0, 1])?;
    Some((from + found, from + found + 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(units: &[&[u8]]) -> Bytes {
        let mut out = Vec::new();
        for unit in units {
            append(&mut out, unit);
        }
        out.into()
    }

    #[test]
    fn parameter_sets_travel_together_and_large_slices_in_fragments() {
        let mut slice = vec![0x65_u8];
        slice.extend((0..4_000).map(|index| (index % 251) as u8 | 1));
        let sent = stream(&[&[0x67, 1, 2, 3], &[0x68, 4, 5], &slice]);
        let payloads = packetize(&sent);
        assert!(payloads.iter().all(|payload| payload.len() <= MAX_PAYLOAD));
        assert_eq!(payloads[0][0] & TYPE_MASK, STAP_A);
        assert!(inspect(&payloads[0]).is_some_and(|contents| contents.has_sps));
        assert!(inspect(&payloads[1]).is_some_and(|contents| contents.has_idr));
        let received = assemble(payloads.iter().map(|payload| &payload[..]));
        assert_eq!(received.as_deref(), Some(&sent[..]));
    }

    #[test]
    fn a_missing_fragment_is_noticed() {
        let sent = stream(&[&vec![0x65; 4_000]]);
        let payloads = packetize(&sent);
        for missing in 0..payloads.len() {
            let rest = payloads
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != missing);
            let received = assemble(rest.map(|(_, payload)| &payload[..]));
            // A hole in the middle shows in the sequence numbers, not in here.
            let at_an_end = missing == 0 || missing == payloads.len() - 1;
            assert_eq!(received.is_none(), at_an_end, "without {missing}");
        }
    }

    #[test]
    fn a_stap_with_a_byte_too_many_is_refused() {
        assert_eq!(assemble([&[STAP_A, 0, 1, 0x67, 9][..]].into_iter()), None);
        assert_eq!(inspect(&[STAP_A, 0, 9, 0x67]), None);
        assert_eq!(inspect(&[STAP_A, 0, 0]), None);
    }
}
